"""Where a request goes: addresses read once, for all the requests that go there."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from otel_bridge.delivery import environment

_PORTS = {"http": 80, "https": 443}
# Left as they are in a path or a query, escapes included.
_SAFE = "/%:@!$&'()*+,;=?~"


class Stop(NamedTuple):
    """A host to connect to."""

    host: str
    """In ASCII."""
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Way:
    destination: Stop
    authority: str
    """The destination as the Host header names it."""
    target: str
    """What the request line asks for."""
    proxy: Stop | None = None
    proxy_authorization: str = field(default="", repr=False)
    """The header's value; empty where the proxy wants none."""


def find_way(url: str) -> Way:
    """The way to *url*, by the proxy that the environment names.

    Raises ValueError, whose message says which of the two is no URL.
    """
    parts, destination = _read(url, "its address")
    scheme, host, port = parts.scheme, destination.host, destination.port
    name = bracketed(host)
    authority = name if port == _PORTS[scheme] else f"{name}:{port}"
    target = quote(parts.path or "/", safe=_SAFE)
    if parts.query:
        target += f"?{quote(parts.query, safe=_SAFE)}"
    address = environment.proxy_for(scheme, host, port)
    if address is None:
        return Way(destination, authority, target)
    proxy_parts, proxy = _read(address, "the proxy that the environment names")
    # A tunnel leads to the destination itself; without one the proxy has to be told whom to ask.
    return Way(
        destination,
        authority,
        target if destination.tls else f"http://{authority}{target}",
        proxy,
        _authorization(proxy_parts),
    )


def bracketed(host: str) -> str:
    """As it stands before a port."""
    return f"[{host}]" if ":" in host else host


def _read(url: str, what: str) -> tuple[SplitResult, Stop]:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        parts, host, port = urlsplit(""), "", 0
    if not host or parts.scheme not in _PORTS:
        # Not quoted: there may be a password in it.
        raise ValueError(f"{what} is no URL with http:// or https:// and a host")
    return parts, Stop(host, port, parts.scheme == "https")


def _authorization(parts: SplitResult) -> str:
    if not parts.username:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"
