"""Connections that are kept, lost and stuck, in the event loops that they have to live in."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme

from otel_bridge.delivery import Answer, Unreachable
from otel_bridge.delivery.connection import MAX_BODY, MAX_HEAD
from tests.bridge import eventually
from tests.delivery.sending import TOKEN, post, sending
from tests.vendor_server import PATIENCE, Reply, VendorServer, script

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The SDK's exporters run in the one, the bridge's pipelines in the other."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(params=["http", "https"])
def either(request: pytest.FixtureRequest) -> Iterator[VendorServer]:
    context = None
    if request.param == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with VendorServer(tls=context) as server:
        yield server


async def test_a_connection_that_was_closed_meanwhile_is_not_used(either: VendorServer) -> None:
    # An answer that allows another request, and then the end after all.
    either.answer = lambda _: Reply(raw=OK)
    async with sending() as sender:
        for _ in range(5):
            assert 200 == (await sender.send(post(either.url))).status
            # Nothing else runs in this loop until it is over, as where a pipeline has much to read.
            eventually(lambda: either.connections == 0, "the destination closes its connection")

    assert [1, 2, 3, 4, 5] == [request.connection for request in either.requests]


async def test_an_answer_to_a_silence_is_none_to_the_next_request(either: VendorServer) -> None:
    timeout = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    either.answer = script([Reply(raw=OK + timeout)])
    async with sending() as sender:
        answers = [await sender.send(post(either.url)) for _ in range(2)]

    assert [200, 200] == [answer.status for answer in answers]
    assert [1, 2] == [request.connection for request in either.requests]


async def test_a_destination_that_reads_no_further_ends_at_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        async with sending(timeout=0.5, total_timeout=PATIENCE) as sender:
            with pytest.raises(Unreachable, match=r"silence for 0\.5 s") as caught:
                await sender.send(post(f"http://127.0.0.1:{deaf.getsockname()[1]}", b"x" * 20_000_000))

    assert Unreachable is caught.type


async def test_a_slow_reader_has_more_time_than_the_timeout(either: VendorServer) -> None:
    content = b"x" * 20_000_000
    async with sending() as sender:
        answer = await sender.send(post(either.url, content))

    assert 200 == answer.status
    assert content == either.requests[0].body


async def test_long_headers_are_read(either: VendorServer) -> None:
    policy = "x" * (MAX_HEAD - 1000)
    either.answer = lambda _: Reply(503, headers={"Content-Security-Policy": policy, "Retry-After": "7"})
    async with sending() as sender:
        assert Answer(503, 7.0, b"{}") == await sender.send(post(either.url))


CHUNKED = b"HTTP/1.1 503 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "read"),
    [(b"3\r\nabc\r\n", b"abc"), (b"3\r\nabc\r\nzz\r\n", b"abc"), (b"zz\r\n", b""), (b"", b"")],
    ids=["cut", "then garbage", "garbage", "nothing"],
)
async def test_the_status_counts_whatever_the_chunks(either: VendorServer, body: bytes, read: bytes) -> None:
    either.answer = lambda _: Reply(raw=CHUNKED + body)
    async with sending() as sender:
        answer = await sender.send(post(either.url))

    assert Answer(503, None, read) == answer


async def test_endless_chunks_are_cut(either: VendorServer) -> None:
    either.answer = lambda _: Reply(raw=CHUNKED + b"10000\r\n%b\r\n" % (b"x" * 65536) * 100)
    async with sending() as sender:
        answer = await sender.send(post(either.url))

    assert Answer(503, None, b"x" * MAX_BODY) == answer


async def test_what_is_no_http_and_quotes_the_token_is_masked(either: VendorServer) -> None:
    either.answer = lambda _: Reply(raw=f"no such token: {TOKEN}\r\n\r\n".encode())
    async with sending() as sender:
        with pytest.raises(Unreachable) as caught:
            await sender.send(post(either.url))

    assert "REDACTED" in str(caught.value)
    assert not [error for error in (caught.value, caught.value.__cause__) if TOKEN in repr(error)]


async def test_a_name_with_several_addresses_is_reached(server: VendorServer) -> None:
    """Where the loopback has two, the server listens on the second one alone."""
    async with sending() as sender:
        assert 200 == (await sender.send(post(f"http://localhost:{server.port}"))).status


async def test_connections_are_closed_once_they_were_idle_long_enough(either: VendorServer) -> None:
    async with sending(keepalive=0.1) as sender:
        await asyncio.gather(*(sender.send(post(either.url)) for _ in range(5)))
        await asyncio.to_thread(eventually, lambda: either.connections == 0, "they are closed")

        assert 200 == (await sender.send(post(either.url))).status


async def test_closing_leaves_nothing_open(either: VendorServer) -> None:
    async with sending() as sender:
        await asyncio.gather(*(sender.send(post(either.url)) for _ in range(5)))
    await asyncio.to_thread(eventually, lambda: either.connections == 0, "they are closed")

    assert 5 == len(either.requests)


async def test_an_early_answer_ends_the_request() -> None:
    with VendorServer(script([Reply(413)]), early=True) as server:
        async with sending() as sender:
            answers = [await sender.send(post(server.url, b"x" * 20_000_000)) for _ in range(2)]

    assert [413, 200] == [answer.status for answer in answers]
    assert [1, 2] == [request.connection for request in server.requests]
