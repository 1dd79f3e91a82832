"""The URL a client asked for, out of the pieces that a gateway recorded.

A whole URL is taken as it is but for its port: Kong's `http.url` has lost it, and only the captured
Host header still knows it. A Host header without a port means the scheme's own. The port that the
gateway listens on (`server.port`) is not what the client asked for, wherever a port is mapped; it gets
into a URL only where nothing better is known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

DEFAULT_PORTS = {"http": 80, "https": 443}
# ALF and HAR want absolute URLs even of a sender that tells no host.
UNKNOWN_HOST = "unknown"

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_BLANK = re.compile(r"[\s\x00-\x20\x7f\ufeff]")
_PORT = re.compile(r"[0-9]{1,5}")


class Origin(NamedTuple):
    """The part of a URL before its path; `text` is all of it, as a URL shows it."""

    text: str
    scheme: str
    host: str
    port: int | None


def place(
    url: str, scheme: str, host: str, port: int | None, path: str, query: str, host_header: str
) -> tuple[Origin, str]:
    """Origin and target that the client asked for; what is not known is "", as *host_header* where it was
    not captured. *url* may be a target alone."""
    whole = _ORIGIN.match(url)
    if whole:
        target = url[whole.end() :]
        origin = _origin_of_url(whole[0], host_header)
    else:
        target = url or _path_and_query(path, query)
        origin = _origin_of_pieces(scheme, host, port, host_header)
    if "#" in target or " " in target or not target.isprintable():
        target = _legal(target)
    if not target.startswith("/") and target != "*":
        target = f"/{target}"
    return origin, target


def split_authority(authority: str) -> tuple[str, int | None]:
    """Host and port of `host`, `host:port`, `[v6]:port` or a bare IPv6 address, which gets brackets."""
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        return host + bracket, _port(rest.removeprefix(":"))
    if authority.count(":") > 1:
        return f"[{authority}]", None
    host, _, port = authority.partition(":")
    return host, _port(port)


def _path_and_query(path: str, query: str) -> str:
    query = query.removeprefix("?")
    return f"{path}?{query}" if query else path


def _legal(target: str) -> str:
    """*target* without its fragment, blanks and control characters escaped: no URL can hold those."""
    return _BLANK.sub(lambda found: quote(found[0]), target.partition("#")[0])


@lru_cache(256)
def _origin_of_url(text: str, host_header: str) -> Origin:
    scheme, _, authority = text.partition("://")
    user, at, authority = authority.rpartition("@")
    host, port = split_authority(authority)
    if port is None:
        # With an absolute-form target the Host header may name another host; its port says nothing then.
        asked, asked_port = split_authority(host_header)
        port = asked_port if asked.lower() == host.lower() else None
    return _origin(scheme.lower(), user + at, host, port)


@lru_cache(256)
def _origin_of_pieces(scheme: str, host: str, port: int | None, host_header: str) -> Origin:
    name, own_port = split_authority(host_header or host)
    if own_port is None and not host_header:
        own_port = port
    scheme = scheme.lower() or ("https" if own_port == DEFAULT_PORTS["https"] else "http")
    return _origin(scheme, "", name or UNKNOWN_HOST, own_port)


def _origin(scheme: str, user: str, host: str, port: int | None) -> Origin:
    shown = "" if port in (None, DEFAULT_PORTS.get(scheme)) else f":{port}"
    return Origin(f"{scheme}://{user}{host}{shown}", scheme, host, port)


def _port(text: str) -> int | None:
    port = int(text) if _PORT.fullmatch(text) else 0
    return port if 0 < port < 65536 else None
