"""What a POST comes to: who is connected to, how an answer is read, and what is never said."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from email.utils import formatdate

import pytest
import trustme

from otel_bridge.inspector.alerts.channels.http import MOST_ANSWER, MOST_DETAIL, Poster
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.notification import Outcome, Result
from tests.inspector.alerts.channels.notifications import NOW, a_network, resolving
from tests.vendor_server import Manner, Reply, VendorServer, closed_port

pytestmark = pytest.mark.anyio

SECRET = "T0AAAAAA/B0BBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC"


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


@contextlib.asynccontextmanager
async def posting(
    url: str, network: Network | None = None, *, allow_link_local: bool = False
) -> AsyncIterator[Poster]:
    poster = Poster(
        url,
        network=network or a_network(),
        allow_link_local=allow_link_local,
        secrets=["routing-key-0123"],
        check="the url of slack",
    )
    try:
        yield poster
    finally:
        await poster.close()


async def outcome(url: str, network: Network | None = None) -> Outcome:
    async with posting(url, network) as poster:
        return await poster.post(b"{}", {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("status", "result"),
    [
        *((status, Result.DELIVERED) for status in (200, 202, 204, 299)),
        *(
            (status, Result.REFUSED)
            for status in (301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 413, 422)
        ),
        *((status, Result.RETRY) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    ],
)
async def test_a_status_says_what_becomes_of_it(server: VendorServer, status: int, result: Result) -> None:
    server.answer = lambda _: Reply(status, b"because")

    told = await outcome(server.url)

    assert result == told.result
    assert str(status) in told.detail
    assert ("because" in told.detail) == (status >= 400)
    assert ("check the url of slack" in told.detail) == (result is Result.REFUSED)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("86400", 3600.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        ("soon", None),
        (None, None),
    ],
)
async def test_how_long_to_wait_is_taken_from_the_answer(
    server: VendorServer, header: str | None, after: float | None
) -> None:
    server.answer = lambda _: Reply(429, headers={} if header is None else {"Retry-After": header})

    assert after == (await outcome(server.url)).after


async def test_a_redirect_is_not_followed(server: VendorServer) -> None:
    with VendorServer() as other:
        server.answer = lambda _: Reply(301, headers={"Location": f"{other.url}/{SECRET}"})

        told = await outcome(server.url)

        assert Outcome(Result.REFUSED, told.detail) == told
        assert "redirect" in told.detail
        assert SECRET not in told.detail
        assert 1 == len(server.requests)
        assert [] == other.requests


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"])
async def test_a_forbidden_address_in_the_url_is_refused(host: str) -> None:
    told = await outcome(f"http://{host}/latest/meta-data")

    assert Result.REFUSED == told.result
    assert "inspector.alerts.allow_link_local" in told.detail


async def test_a_name_that_leads_to_the_metadata_service_is_refused(server: VendorServer) -> None:
    network = a_network(resolving(["127.0.0.1", "169.254.169.254"]))

    told = await outcome(f"http://metadata.example.com:{server.port}/", network)

    assert Result.REFUSED == told.result
    assert "169.254.169.254 is link-local" in told.detail
    assert [] == server.requests


async def test_a_name_that_changes_after_the_check_is_not_followed(server: VendorServer) -> None:
    network = a_network(resolving(["127.0.0.1"], ["169.254.169.254"]))
    async with posting(f"http://rebinding.example.com:{server.port}/x", network) as poster:
        first = await poster.post(b"{}", {})
        second = await poster.post(b"{}", {})

    assert [Result.DELIVERED, Result.REFUSED] == [first.result, second.result]
    assert [f"rebinding.example.com:{server.port}"] == [each.headers["host"] for each in server.requests]


async def test_the_setting_lets_a_link_local_address_be_tried() -> None:
    network = a_network(resolving(["127.0.0.1"]))
    async with posting(f"http://x.example.com:{closed_port()}/", network, allow_link_local=True) as poster:
        told = await poster.post(b"{}", {})

    assert Result.RETRY == told.result


async def test_the_next_address_is_tried_where_one_refuses(server: VendorServer) -> None:
    network = a_network(resolving(["::1", "127.0.0.1"]))

    assert Result.DELIVERED == (await outcome(f"http://two.example.com:{server.port}/", network)).result


async def test_nobody_there_is_tried_again() -> None:
    told = await outcome(f"http://127.0.0.1:{closed_port()}/")

    assert Outcome(Result.RETRY, "connection refused") == told


@pytest.mark.parametrize("name", ["a..b", f"{'x' * 64}.example.com"])
async def test_a_name_that_nobody_can_have_is_tried_again(name: str) -> None:
    told = await outcome(f"http://{name}/")

    assert Result.RETRY == told.result
    assert "can't be resolved" in told.detail


async def test_a_name_that_nobody_knows_is_tried_again() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    told = await outcome("http://hooks.example.com/", a_network(unknown))

    assert Result.RETRY == told.result
    assert "can't be resolved" in told.detail


@pytest.mark.parametrize("manner", [Manner.CLOSE, Manner.RESET])
async def test_a_connection_that_ends_without_an_answer_is_tried_again(
    server: VendorServer, manner: Manner
) -> None:
    server.answer = lambda _: Reply(manner=manner)

    assert Result.RETRY == (await outcome(server.url)).result


@pytest.mark.parametrize("manner", [Manner.HANG, Manner.DRIP])
async def test_a_slow_answer_ends_with_the_patience(server: VendorServer, manner: Manner) -> None:
    server.answer = lambda _: Reply(manner=manner, headers={"X": "y" * 10_000}, interval=0.1)

    async with asyncio.timeout(30):
        told = await outcome(server.url, a_network(patience=0.5))

    assert Outcome(Result.RETRY, "no answer within 0.5 s") == told


async def test_a_body_that_drips_for_ever_changes_nothing_of_the_status(server: VendorServer) -> None:
    server.answer = lambda _: Reply(202, b"x" * 10_000, manner=Manner.DRIP_BODY, interval=0.1)

    assert Result.DELIVERED == (await outcome(server.url, a_network(patience=3.0))).result


async def test_of_a_huge_answer_a_little_is_read_and_less_is_told(server: VendorServer) -> None:
    server.answer = lambda _: Reply(500, b"y" * 2 * MOST_ANSWER, headers={"Content-Length": "1000000000"})

    # The rest never comes, so who waits for it waits for ever.
    async with asyncio.timeout(30):
        told = await outcome(server.url, a_network(patience=3600))

    assert Result.RETRY == told.result
    assert MOST_DETAIL == len(told.detail)


@pytest.mark.parametrize(
    "echo",
    [
        f"no such hook {SECRET}".encode(),
        b"key routing-key-0123 is unknown",
        f"/services/{SECRET.replace('/', '%2F')}".encode(),
        b" " * 1970 + SECRET.encode() * 10,
        b"routing-key-0123" * (MOST_ANSWER // 16) + b"routing-key-0123",
    ],
)
@pytest.mark.parametrize("status", [404, 500])
async def test_what_an_answer_repeats_of_a_secret_is_masked(
    server: VendorServer, echo: bytes, status: int
) -> None:
    server.answer = lambda _: Reply(status, echo)

    told = await outcome(f"{server.url}/services/{SECRET}?key=0123456789abcdef")

    for part in ("CCCCCCCCCC", "routing-key", "0123456789abcdef"):
        assert part not in told.detail


async def test_control_characters_of_an_answer_are_not_told(server: VendorServer) -> None:
    server.answer = lambda _: Reply(400, b"\x1b[31mred\x07\r\nline")

    assert (await outcome(server.url)).detail.isprintable()


async def test_a_header_that_http_does_not_know_is_refused_without_its_value(server: VendorServer) -> None:
    async with posting(server.url) as poster:
        told = await poster.post(b"{}", {"Authorization": "Bearer a-secret\r\nX: y"})

    assert Result.REFUSED == told.result
    assert "a-secret" not in told.detail


def test_no_secret_is_in_a_repr() -> None:
    assert SECRET not in repr(
        Poster(f"https://x/{SECRET}", network=a_network(), allow_link_local=False, check="")
    )


class TestTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def server(self, authority: trustme.CA) -> Iterator[VendorServer]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("hooks.example.com").configure_cert(context)
        with VendorServer(tls=context) as server:
            yield server

    def network(self, authority: trustme.CA | None) -> Network:
        trust = ssl.create_default_context()
        if authority is not None:
            authority.configure_trust(trust)
        return Network(resolving(["127.0.0.1"]), lambda: NOW, lambda: trust)

    async def test_the_certificate_is_that_of_the_name_not_of_the_address(
        self, server: VendorServer, authority: trustme.CA
    ) -> None:
        told = await outcome(f"https://hooks.example.com:{server.port}/", self.network(authority))

        assert Result.DELIVERED == told.result

    async def test_a_certificate_of_another_name_is_named_as_the_reason(
        self, server: VendorServer, authority: trustme.CA
    ) -> None:
        told = await outcome(f"https://other.example.com:{server.port}/", self.network(authority))

        assert Result.RETRY == told.result
        assert "its certificate is not trusted: Hostname mismatch" in told.detail
        assert [] == server.requests

    async def test_a_certificate_of_a_stranger_is_named_as_the_reason(self, server: VendorServer) -> None:
        told = await outcome(f"https://hooks.example.com:{server.port}/", self.network(None))

        assert Result.RETRY == told.result
        assert "its certificate is not trusted" in told.detail


class TestBehindAProxy:
    @pytest.fixture
    def proxy(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorServer]:
        with VendorServer() as proxy:
            for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("http_proxy", f"http://user:pass@{proxy.host}:{proxy.port}")
            yield proxy

    async def test_a_proxy_of_the_environment_connects(self, proxy: VendorServer) -> None:
        told = await outcome("http://hooks.example.com/x")

        assert Result.DELIVERED == told.result
        (request,) = proxy.requests
        assert "http://hooks.example.com/x" == request.path
        assert request.headers["proxy-authorization"].startswith("Basic ")

    async def test_an_address_in_the_url_is_refused_all_the_same(self, proxy: VendorServer) -> None:
        assert Result.REFUSED == (await outcome("http://169.254.169.254/")).result
        assert [] == proxy.requests

    async def test_loopback_is_never_asked_of_a_proxy(
        self, proxy: VendorServer, server: VendorServer
    ) -> None:
        await outcome(server.url)

        assert [] == proxy.requests
        assert 1 == len(server.requests)

    async def test_hosts_that_are_excepted_are_asked_directly(
        self, proxy: VendorServer, server: VendorServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("no_proxy", "example.com")

        await outcome(f"http://hooks.example.com:{server.port}/", a_network(resolving(["127.0.0.1"])))

        assert [] == proxy.requests
        assert 1 == len(server.requests)
