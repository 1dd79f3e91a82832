import asyncio
import contextlib
import gc
import ssl
import sys
from collections.abc import Iterator

import pytest
import trustme

from otel_bridge import __version__
from otel_bridge.delivery.connection import MAX_BODY
from otel_bridge.delivery.request import Answer, Request
from otel_bridge.delivery.sender import NoConnection, Unreachable
from tests.delivery.sending import TOKEN, post, sending
from tests.vendor_server import Manner, Reply, VendorServer, closed_port, script

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


async def test_the_request_arrives_as_it_was_given(server: VendorServer) -> None:
    content = b'{"serviceToken":"' + TOKEN.encode() + b'"}'
    async with sending() as sender:
        answer = await sender.send(post(server.url, content))

    (received,) = server.requests
    assert Answer(200, None, b"{}") == answer
    assert ("POST", "/1.1.0/single", content) == (received.method, received.path, received.body)
    assert "application/json" == received.headers["content-type"]
    assert f"otel-bridge/{__version__}" == received.headers["user-agent"]
    assert "identity" == received.headers["accept-encoding"]


@pytest.mark.parametrize("reply", [Reply(), Reply(503), Reply(body=b"x" * 1000, manner=Manner.CUT)])
async def test_nothing_holds_a_payload_once_it_is_answered(server: VendorServer, reply: Reply) -> None:
    server.answer = script([reply])
    content = b"x" * 100_000
    holders = sys.getrefcount(content)
    gc.disable()
    try:
        async with sending() as sender:
            await sender.send(post(server.url, content))
            left = sys.getrefcount(content)
    finally:
        gc.enable()

    assert holders == left


async def test_a_connection_serves_many_requests(server: VendorServer) -> None:
    async with sending() as sender:
        for _ in range(5):
            await sender.send(post(server.url))

    assert {1} == {request.connection for request in server.requests}


async def test_an_idle_connection_is_kept_no_longer_than_told(server: VendorServer) -> None:
    async with sending(keepalive=0.0) as sender:
        await sender.send(post(server.url))
        await sender.send(post(server.url))

    assert [1, 2] == [request.connection for request in server.requests]


async def test_redirects_are_answers(server: VendorServer) -> None:
    server.answer = lambda _: Reply(307, headers={"Location": f"https://elsewhere/?t={TOKEN}"})
    async with sending() as sender:
        answer = await sender.send(post(server.url))

    assert 307 == answer.status
    assert "https://elsewhere/?t=REDACTED" == answer.location
    assert 1 == len(server.requests)


async def test_retry_after_is_read(server: VendorServer) -> None:
    server.answer = lambda _: Reply(503, headers={"Retry-After": "7"})
    async with sending() as sender:
        assert 7.0 == (await sender.send(post(server.url))).retry_after


async def test_cookies_are_not_kept(server: VendorServer) -> None:
    server.answer = lambda _: Reply(headers={"Set-Cookie": "session=1; Path=/"})
    async with sending() as sender:
        await sender.send(post(server.url))
        await sender.send(post(server.url))

    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_a_token_in_an_answer_is_masked(server: VendorServer) -> None:
    server.answer = lambda _: Reply(401, b"no such token: " + TOKEN.encode())
    async with sending() as sender:
        answer = await sender.send(post(server.url))

    assert b"no such token: REDACTED" == answer.body


@pytest.mark.parametrize("repeated", ['a/b"c=', 'a/b\\"c=', 'a\\/b\\"c=', "a%2Fb%22c%3D", "a/b%22c%3D"])
async def test_a_token_is_masked_however_an_answer_writes_it(server: VendorServer, repeated: str) -> None:
    server.answer = lambda _: Reply(401, f"no such token: {repeated}".encode())
    request = Request(server.url, {}, b"{}", 'a/b"c=')
    async with sending() as sender:
        answer = await sender.send(request)

    assert b"no such token: REDACTED" == answer.body


async def test_an_endless_answer_is_cut(server: VendorServer) -> None:
    server.answer = lambda _: Reply(200, b"x" * (MAX_BODY * 8))
    async with sending() as sender:
        answer = await sender.send(post(server.url))

    assert MAX_BODY == len(answer.body)


async def test_a_large_request_refused_before_it_was_read() -> None:
    with VendorServer(lambda _: Reply(413), early=True) as server:
        async with sending() as sender:
            answer = await sender.send(post(server.url, b"x" * 8_000_000))

    assert 413 == answer.status


@pytest.mark.parametrize("status", [200, 503])
async def test_the_status_counts_where_the_body_breaks_off(server: VendorServer, status: int) -> None:
    server.answer = lambda _: Reply(status, b"0123456789", manner=Manner.CUT)
    async with sending() as sender:
        answer = await sender.send(post(server.url))

    assert Answer(status, None, b"01234") == answer


async def test_the_status_counts_where_the_body_drips(server: VendorServer) -> None:
    server.answer = lambda _: Reply(200, b"0123456789" * 100, manner=Manner.DRIP_BODY)
    async with sending(total_timeout=2.0) as sender:
        answer = await sender.send(post(server.url))

    assert 200 == answer.status
    assert 0 < len(answer.body) < 1000


async def test_an_answer_that_drips_ends_at_the_total_timeout(server: VendorServer) -> None:
    server.answer = lambda _: Reply(manner=Manner.DRIP, headers={"X": "y" * 1000})
    async with sending(total_timeout=1.0) as sender:
        with pytest.raises(Unreachable, match=r"no answer within 1 s"):
            await sender.send(post(server.url))


async def test_a_destination_that_hangs_ends_at_the_timeout(server: VendorServer) -> None:
    server.answer = lambda _: Reply(manner=Manner.HANG)
    async with sending(timeout=1.0) as sender:
        with pytest.raises(Unreachable, match=r"silence for 1 s"):
            await sender.send(post(server.url))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(manner=Manner.CLOSE), "closed without an answer"),
        (Reply(manner=Manner.RESET), "reset"),
        (Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), "not HTTP: Expected HTTP/"),
        (Reply(raw=b"HTTP/1.1 abc\r\n\r\n"), "not HTTP: Invalid status code"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"), "not HTTP: Invalid header"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000), "more than 131072 bytes of headers"),
    ],
)
async def test_no_http_answer_is_unreachable(server: VendorServer, reply: Reply, reason: str) -> None:
    server.answer = lambda _: reply
    async with sending() as sender:
        with pytest.raises(Unreachable, match=reason) as caught:
            await sender.send(post(server.url))

    assert caught.value.__suppress_context__


async def test_a_sender_works_on_after_every_kind_of_failure(server: VendorServer) -> None:
    bad = [Reply(manner=manner) for manner in (Manner.CLOSE, Manner.RESET, Manner.CUT, Manner.HANG)]
    server.answer = script(bad)
    async with sending(timeout=2.0) as sender:
        for _ in bad:
            with contextlib.suppress(Unreachable):
                await sender.send(post(server.url))
        answer = await sender.send(post(server.url))

    assert 200 == answer.status


@pytest.mark.parametrize("manner", [Manner.HANG, Manner.CLOSE, Manner.RESET, Manner.DRIP])
async def test_what_was_sent_and_not_answered_may_be_the_reason(server: VendorServer, manner: Manner) -> None:
    server.answer = lambda _: Reply(manner=manner, interval=2.0)
    async with sending(timeout=1.0) as sender:
        with pytest.raises(Unreachable) as caught:
            await sender.send(post(server.url))

    assert Unreachable is caught.type


async def test_a_refused_connection_says_so() -> None:
    async with sending() as sender:
        with pytest.raises(NoConnection, match="connection refused"):
            await sender.send(post(f"http://127.0.0.1:{closed_port()}"))


async def test_a_name_that_does_not_exist_says_so() -> None:
    async with sending() as sender:
        with pytest.raises(NoConnection, match="name can't be resolved"):
            await sender.send(post("http://galileo.invalid"))


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1", "nonsense", "http://a:99999", "http://[::1"])
async def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    async with sending() as sender:
        with pytest.raises(Unreachable):
            await sender.send(post(url))


@pytest.mark.parametrize("token", ["to\nken", "tøken"])
async def test_a_token_http_cannot_carry_is_not_quoted(server: VendorServer, token: str) -> None:
    request = Request(server.url, {"Authorization": f"Bearer {token}"}, b"", token)
    async with sending() as sender:
        with pytest.raises(Unreachable) as caught:
            await sender.send(request)

    assert token not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_certificates_are_verified() -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with VendorServer(tls=server_side) as server:
        async with sending(verify=True) as sender:
            with pytest.raises(NoConnection, match="certificate is not trusted"):
                await sender.send(post(server.url))
        for context in (None, trusting):
            async with sending(context=context) as sender:
                assert 200 == (await sender.send(post(server.url))).status


async def test_plain_http_where_tls_was_expected(server: VendorServer) -> None:
    async with sending(timeout=0.5) as sender:
        with pytest.raises(NoConnection, match="no connection"):
            await sender.send(post(server.url.replace("http:", "https:")))


async def test_a_proxy_from_the_environment_is_used_but_not_for_the_loopback(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with VendorServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with sending() as sender:
            await sender.send(post(server.url))
            await sender.send(post("http://galileo.invalid"))

        assert ["http://galileo.invalid/1.1.0/single"] == [each.path for each in proxy.requests]
    assert 1 == len(server.requests)


async def test_cancelling_ends_a_request_at_once(server: VendorServer) -> None:
    server.answer = lambda _: Reply(manner=Manner.HANG)
    async with sending() as sender:
        task = asyncio.ensure_future(sender.send(post(server.url)))
        await asyncio.to_thread(server.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
