"""Which addresses channels may connect to.

A name in the configuration can point anywhere, and who controls the name need not be who wrote the
configuration. So addresses are checked and not names: every one that a name resolves to, once, and the
connection goes to one of those that were checked, whatever the name says a moment later.

Refused are the places that no notification belongs to and that hand out credentials or reach strangers:
link-local addresses, the metadata services of clouds, multicast, broadcast, and the unspecified address.
Loopback and private networks are where people run their own Alertmanager, so they are allowed.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a name, the best first; raises OSError where it has none."""

MOST_ADDRESSES = 4
"""Of a name, that are tried."""

# As the vendors' pages name them; the others of theirs are link-local.
_METADATA = tuple(
    map(
        ip_network,
        (
            "fd00:ec2::/32",  # Amazon
            "fd20:ce::254/128",  # Google
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure's WireServer
        ),
    )
)
_BROADCAST = IPv4Address("255.255.255.255")
# RFC 6052 and RFC 8215: an IPv4 address stands in the last 32 bits.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
# RFC 4291, deprecated: `::169.254.169.254`.
_IPV4_COMPATIBLE = ip_network("::/96")


class ForbiddenAddressError(Exception):
    """The message names the address and the setting."""


class Guard:
    """*allowed* lets everything pass."""

    def __init__(self, resolve: Resolve, *, allowed: bool = False) -> None:
        self._resolve = resolve
        self._allowed = allowed

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Those to connect to, at most `MOST_ADDRESSES`. Raises ForbiddenAddressError, OSError."""
        found = await self._resolve(host, port)
        if not self._allowed:
            for address in found:
                check(address)
        return found[:MOST_ADDRESSES]

    def check_literal(self, host: str) -> None:
        """Where *host* is an address and not a name. Raises ForbiddenAddressError."""
        if not self._allowed and _is_address(host):
            check(host)


def check(address: str) -> None:
    """Raises ForbiddenAddressError where no notification may go to *address*."""
    kind = next(filter(None, map(_forbidden, _readings(ip_address(address)))), None)
    if kind:
        raise ForbiddenAddressError(
            f"its address {address} is {kind}, where no notification is sent"
            " unless inspector.alerts.allow_link_local is true"
        )


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """As the operating system does. Raises OSError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no host can have such a name") from None
    return list(dict.fromkeys(str(sockaddr[0]) for _, _, _, _, sockaddr in found))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _readings(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """*address*, and every IPv4 address that something on the way may make of it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))
    plain = IPv6Address(int(address))  # without a scope
    if any(plain in network for network in _NAT64) or (plain in _IPV4_COMPATIBLE and int(plain) > 1):
        yield IPv4Address(int(plain) & 0xFFFFFFFF)


def _forbidden(address: IPv4Address | IPv6Address) -> str | None:
    if any(address.version == network.version and address in network for network in _METADATA):
        return "a cloud's metadata service"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_unspecified:
        return "unspecified"
    return "broadcast" if address == _BROADCAST else None
