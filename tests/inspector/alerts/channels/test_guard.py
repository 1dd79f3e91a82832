"""No notification goes to an address that hands out credentials, whatever form it comes in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.channels.guard import (
    MOST_ADDRESSES,
    ForbiddenAddressError,
    Guard,
    check,
    resolve_by_system,
)
from tests.inspector.alerts.channels.notifications import resolving

pytestmark = pytest.mark.anyio

METADATA = int(IPv4Address("169.254.169.254"))

FORBIDDEN = {
    "169.254.169.254": "link-local",
    "169.254.0.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%lo": "link-local",
    "::ffff:169.254.169.254": "link-local",
    "::169.254.169.254": "link-local",
    "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b:1::169.254.169.254": "link-local",
    "2002:a9fe:a9fe::1": "link-local",
    "2001:0:a9fe:a9fe::1": "link-local",
    "fd00:ec2::254": "a cloud's metadata service",
    "fd00:ec2::23": "a cloud's metadata service",
    "fd20:ce::254": "a cloud's metadata service",
    "100.100.100.200": "a cloud's metadata service",
    "::ffff:100.100.100.200": "a cloud's metadata service",
    "168.63.129.16": "a cloud's metadata service",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "0.0.0.0": "unspecified",
    "::": "unspecified",
    "::ffff:0.0.0.0": "unspecified",
    "255.255.255.255": "broadcast",
    "::ffff:255.255.255.255": "broadcast",
}
ALLOWED = ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "172.16.0.9", "fd12::1", "8.8.8.8", "2606:4700::1"]


@pytest.mark.parametrize(("address", "kind"), FORBIDDEN.items())
def test_an_address_that_nothing_may_go_to_is_refused_and_named(address: str, kind: str) -> None:
    with pytest.raises(ForbiddenAddressError, match=f" {kind}, .*inspector.alerts.allow_link_local"):
        check(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_loopback_private_and_public_addresses_are_allowed(address: str) -> None:
    check(address)


@given(st.integers(0, 2**16 - 1))
def test_no_link_local_address_passes_in_any_form(low: int) -> None:
    plain = (METADATA & 0xFFFF0000) | low
    forms = [
        str(IPv4Address(plain)),
        *(str(IPv6Address((prefix << 32) | plain)) for prefix in (0, 0xFFFF, 0x0064FF9B << 64)),
        str(IPv6Address((0x2002 << 112) | (plain << 80) | low)),
    ]
    for form in forms:
        with pytest.raises(ForbiddenAddressError):
            check(form)


async def test_one_bad_address_of_a_name_spoils_it() -> None:
    guard = Guard(resolving(["8.8.8.8", "169.254.169.254"]))

    with pytest.raises(ForbiddenAddressError):
        await guard.addresses("example.com", 443)


async def test_a_name_with_very_many_addresses_is_tried_at_a_few() -> None:
    addresses = [f"10.0.0.{each}" for each in range(100)]

    assert addresses[:MOST_ADDRESSES] == await Guard(resolving(addresses)).addresses("example.com", 443)


async def test_the_setting_allows_everything() -> None:
    guard = Guard(resolving(["169.254.169.254"]), allowed=True)

    guard.check_literal("169.254.169.254")
    assert ["169.254.169.254"] == await guard.addresses("metadata.example.com", 80)


@pytest.mark.parametrize("spelling", ["2852039166", "0xA9FEA9FE", "169.254.43518", "0251.0376.0251.0376"])
async def test_the_odd_spellings_that_systems_know_are_seen_through(spelling: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        await Guard(resolve_by_system).addresses(spelling, 80)
