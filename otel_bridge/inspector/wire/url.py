"""The URL a sender told, taken apart. Whatever it is, it has parts: clients write URLs, some to do harm."""

from __future__ import annotations

import re
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LARGEST_PORT = 65535

# Scheme, authority, path, query. Some agents know no more than the target of the request line.
_URL = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?#]*)([^?#]*)(?:\?([^#]*))?",
    re.DOTALL,
)
_PORT = re.compile(r":([0-9]*)\Z", re.ASCII)


class Url(NamedTuple):
    """Fields as in `Exchange`."""

    text: str
    """All of it, without user name and password, and without a port that its scheme means anyway."""
    scheme: str
    host: str
    port: int | None
    path: str
    query: str


NO_URL = Url("", "", "", None, "", "")
_ANY = Url("*", "", "", None, "*", "")


def split(text: str) -> Url:
    """The parts of *text*; those it lacks, or that make no sense, are "" and None."""
    if text in ("", "*"):
        return _ANY if text else NO_URL
    found = _URL.match(text)
    assert found is not None
    scheme, authority, path, query = found.groups(default="")
    scheme = scheme.lower()
    host, port = _host_and_port(authority.rpartition("@")[2])
    default = _DEFAULT_PORTS.get(scheme)
    shown = f"{host}:{port}" if port not in (None, default) else host
    head = f"{scheme}://{shown}" if scheme else shown
    whole = head + text[found.end(2) :]
    return Url(whole, scheme, host.lower(), default if port is None else port, path or "/", query)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    """A port that is none belongs to the host, so that it shows."""
    found = _PORT.search(authority)
    if found is None:
        return authority, None
    host, digits = authority[: found.start()], found[1]
    if ":" in host and not host.endswith("]"):
        # An IPv6 address without its brackets, which nothing can be told from.
        return authority, None
    if not digits:
        return host, None
    port = int(digits) if len(digits) <= 5 else 0
    return (host, port) if 0 < port <= _LARGEST_PORT else (authority, None)
