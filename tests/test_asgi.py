"""The small server that receiver, metrics and inspector share."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent import futures

import httpx
import pytest

from otel_bridge.asgi import (
    AsgiApp,
    AsgiServer,
    Closed,
    Limits,
    Receive,
    Scope,
    Send,
    StartupError,
    Tls,
    TlsFiles,
    listen,
)
from otel_bridge.asgi.server import LIMITS
from tests.bridge import eventually
from tests.certificates import Certificates
from tests.loops import LIMIT, BackgroundLoop


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@contextlib.contextmanager
def serving(
    loop: BackgroundLoop,
    app: AsgiApp,
    tls: Tls | None = None,
    *,
    limits: Limits = LIMITS,
    closed: Callable[[Closed], None] = lambda _: None,
) -> Iterator[AsgiServer]:
    async def start() -> AsgiServer:
        files = TlsFiles(tls) if tls else None
        server = AsgiServer(app, listen("127.0.0.1:0"), tls=files, limits=limits, closed=closed)
        await server.start()
        return server

    server = loop.run(start())
    try:
        yield server
    finally:
        loop.run(server.stop(grace=1))


async def refused(address: str) -> None:
    """Return once nobody listens on *address*."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                _, writer = await asyncio.open_connection(*address.split(":"))
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                # It was in the backlog when that was closed.
                continue
            writer.close()
            await asyncio.sleep(0.01)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Slow:
    """Answers when told to, or when it is cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self.may_answer.wait()
        await hello(scope, receive, send)


def test_serves_on_the_free_port_it_was_given(loop: BackgroundLoop) -> None:
    with serving(loop, hello) as server:
        answer = httpx.get(f"http://{server.address}/", timeout=LIMIT)

    assert not server.address.endswith(":0")
    assert b"hello" == answer.content


def test_leaves_the_signals_of_the_process_alone() -> None:
    async def handlers_while_serving() -> list[object]:
        server = AsgiServer(hello, listen("127.0.0.1:0"))
        await server.start()
        handlers: list[object] = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        await server.stop(grace=1)
        return handlers

    def on_interrupt(*_: object) -> None: ...

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        handlers = asyncio.run(handlers_while_serving())
    finally:
        signal.signal(signal.SIGINT, before)

    assert [on_interrupt, signal.SIG_DFL] == handlers


def test_stop_answers_what_is_in_flight_and_accepts_nothing_new(loop: BackgroundLoop) -> None:
    slow = Slow()

    async def stop(server: AsgiServer) -> None:
        stopping = asyncio.create_task(server.stop(grace=10))
        await refused(server.address)
        slow.may_answer.set()
        await stopping

    with serving(loop, slow) as server, futures.ThreadPoolExecutor() as threads:
        answer = threads.submit(httpx.get, f"http://{server.address}/", timeout=LIMIT)
        loop.run(slow.asked.wait())
        loop.run(stop(server))

        assert b"hello" == answer.result().content


def test_stop_cuts_off_what_takes_longer_than_its_grace(loop: BackgroundLoop) -> None:
    slow = Slow()
    with futures.ThreadPoolExecutor() as threads:
        with serving(loop, slow) as server:
            answer = threads.submit(httpx.get, f"http://{server.address}/", timeout=LIMIT)
            loop.run(slow.asked.wait())

        assert b"hello" == answer.result().content


def test_a_server_that_never_started_gives_its_port_back(loop: BackgroundLoop) -> None:
    async def make_and_stop() -> str:
        server = AsgiServer(hello, listen("127.0.0.1:0"))
        await server.stop(grace=1)
        return server.address

    listen(loop.run(make_and_stop())).close()


def test_tls(loop: BackgroundLoop, certificates: Certificates) -> None:
    with serving(loop, hello, certificates.tls) as server:
        answer = httpx.get(f"https://{server.address}/", verify=certificates.context(), timeout=LIMIT)

    assert b"hello" == answer.content


def test_client_certificates(loop: BackgroundLoop, certificates: Certificates) -> None:
    with serving(loop, hello, certificates.mutual_tls) as server:
        url = f"https://{server.address}/"
        answer = httpx.get(url, verify=certificates.context(with_client_certificate=True), timeout=LIMIT)
        with pytest.raises(httpx.TransportError):
            httpx.get(url, verify=certificates.context(), timeout=LIMIT)

    assert b"hello" == answer.content


def test_tls_files_that_cannot_be_used_are_one_sentence(certificates: Certificates) -> None:
    tls = certificates.tls
    missing = Tls(cert_file=tls.cert_file.with_name("nowhere.pem"), key_file=tls.key_file)
    swapped = Tls(cert_file=tls.key_file, key_file=tls.cert_file)
    for unusable in (missing, swapped):
        with pytest.raises(StartupError, match=r"^Cannot set up TLS with .*key\.pem.*\.$"):
            TlsFiles(unusable)


def test_a_taken_port_is_one_sentence() -> None:
    with listen("127.0.0.1:0") as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartupError) as caught:
            listen(endpoint)

    assert f"Cannot listen on {endpoint}: another process has this port." == str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("203.0.113.7:0", "this machine has no such address."),
        ("no-such-host.invalid:4318", "the host name can't be resolved."),
        ("localhost", "an endpoint is host:port"),
        ("127.0.0.1:70000", "an endpoint is host:port"),
    ],
)
def test_an_endpoint_that_cannot_be_is_one_sentence(endpoint: str, why: str) -> None:
    with pytest.raises(StartupError, match=why):
        listen(endpoint)


IPV4 = [("127.0.0.1:0", socket.AF_INET, "127.0.0.1"), ("0.0.0.0:0", socket.AF_INET, "0.0.0.0")]
IPV6 = [("[::1]:0", socket.AF_INET6, "::1")]


def has_ipv6() -> bool:
    """Whether this machine's loopback does; containers often have none."""
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.parametrize(("endpoint", "family", "host"), [*IPV4, *(IPV6 if has_ipv6() else ())])
def test_listens_on_both_families(endpoint: str, family: int, host: str) -> None:
    with listen(endpoint) as sock:
        assert (family, host) == (sock.family, sock.getsockname()[0])


def test_all_addresses_are_those_of_both_families() -> None:
    with listen("[::]:0") as sock, socket.create_connection(("127.0.0.1", sock.getsockname()[1])):
        pass


GET = b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: bridge\r\n"


def connect(server: AsgiServer) -> socket.socket:
    host, port = server.address.split(":")
    return socket.create_connection((host, int(port)), timeout=LIMIT)


def received(sock: socket.socket) -> bytes:
    """All that comes until the server closes."""
    pieces = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            pieces += piece
    return pieces


def answers(sock: socket.socket) -> bool:
    """Whether `hello` does; its answer is read to the end, which may come by itself."""
    pieces = b""
    while not pieces.endswith(b"hello"):
        piece = sock.recv(65536)
        if not piece:
            return False
        pieces += piece
    return True


async def drain(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body before it answers."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await hello(scope, receive, send)


async def lengthy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers more than the buffers on the way can hold."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(256):
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class TestSlowClients:
    def test_one_that_never_sends_a_byte_is_let_go(self, loop: BackgroundLoop) -> None:
        ends: list[Closed] = []
        with (
            serving(loop, hello, limits=Limits(head=0.1), closed=ends.append) as server,
            connect(server) as silent,
        ):
            assert b"" == received(silent)
            eventually(lambda: len(server.connections) == 0, "it is forgotten")
        assert [Closed.HEAD_TIMEOUT] == ends

    def test_a_head_that_comes_byte_by_byte_is_408(self, loop: BackgroundLoop) -> None:
        ends: list[Closed] = []
        with (
            serving(loop, hello, limits=Limits(head=0.3), closed=ends.append) as server,
            connect(server) as slow,
        ):
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                for byte in POST:
                    slow.sendall(bytes([byte]))

            assert received(slow).startswith(b"HTTP/1.1 408 ")
        assert [Closed.HEAD_TIMEOUT] == ends

    def test_a_kept_connection_may_wait_longer_than_a_new_one(self, loop: BackgroundLoop) -> None:
        with serving(loop, hello, limits=Limits(head=2)) as server, connect(server) as sock:
            sock.sendall(GET)
            assert answers(sock)
            with connect(server) as new:
                assert b"" == received(new)
            sock.sendall(GET)

            assert answers(sock)

    @pytest.mark.parametrize("dribble", [b"", b"\r\n", b"GET"])
    def test_a_kept_connection_is_let_go_whatever_it_begins(
        self, loop: BackgroundLoop, dribble: bytes
    ) -> None:
        ends: list[Closed] = []
        limits = Limits(keep_alive=1)
        with serving(loop, hello, limits=limits, closed=ends.append) as server, connect(server) as sock:
            sock.sendall(GET)
            assert answers(sock)
            sock.sendall(dribble)

            assert b"" == received(sock)

    def test_one_that_reads_no_answers_is_let_go(self, loop: BackgroundLoop) -> None:
        ends: list[Closed] = []
        with (
            serving(loop, lengthy, limits=Limits(unread=0.2), closed=ends.append) as server,
            connect(server) as deaf,
        ):
            deaf.sendall(GET)
            eventually(lambda: ends == [Closed.UNREAD], "it is let go")

    def test_a_handshake_that_does_not_begin_is_given_up(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        ends: list[Closed] = []
        limits = Limits(handshake=0.2)
        with (
            serving(loop, hello, certificates.tls, limits=limits, closed=ends.append) as server,
            connect(server) as silent,
        ):
            assert b"" == received(silent)
            eventually(lambda: len(server.connections) == 0, "it is forgotten")
        assert [Closed.HANDSHAKE] == ends

    def test_plain_http_to_a_tls_port_costs_nothing(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        ends: list[Closed] = []
        with serving(loop, hello, certificates.tls, closed=ends.append) as server:
            for _ in range(3):
                with connect(server) as plain:
                    plain.sendall(GET)
                    received(plain)
            eventually(lambda: len(server.connections) == 0, "they are forgotten")

            assert httpx.get(
                f"https://{server.address}/", verify=certificates.context(), timeout=LIMIT
            ).is_success
        assert [Closed.HANDSHAKE] * 3 == ends


class TestHeads:
    @pytest.mark.parametrize(
        "start",
        [
            pytest.param(b"GET /", id="URL"),
            pytest.param(b"GET / HTTP/1.1\r\nx", id="name"),
            pytest.param(b"GET / HTTP/1.1\r\nx: ", id="value"),
            pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n5;", id="chunk extension"),
            pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: ", id="trailer"),
        ],
    )
    def test_without_an_end_are_431(self, loop: BackgroundLoop, start: bytes) -> None:
        ends: list[Closed] = []
        with serving(loop, drain, closed=ends.append) as server, connect(server) as sock:
            sock.sendall(start)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                for _ in range(5000):
                    sock.sendall(b"x" * 1000)
            eventually(lambda: ends == [Closed.HEAD_SIZE], "it is refused")

            assert httpx.get(f"http://{server.address}/", timeout=LIMIT).is_success

    def test_a_body_in_chunks_of_one_byte_is_no_head(self, loop: BackgroundLoop) -> None:
        with serving(loop, drain) as server, connect(server) as sock:
            sock.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            sock.sendall(b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n")

            assert answers(sock)

    def test_many_requests_on_one_connection_are_no_head(self, loop: BackgroundLoop) -> None:
        with serving(loop, hello) as server, connect(server) as sock:
            for _ in range(200):
                sock.sendall(GET * 16)
                answers = b""
                while answers.count(b"hello") < 16:
                    answers += sock.recv(65536)

    def test_requests_that_wait_for_no_answers_are_not_all_taken(self, loop: BackgroundLoop) -> None:
        ends: list[Closed] = []
        with serving(loop, hello, closed=ends.append) as server, connect(server) as sock:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                sock.sendall(GET * 10_000)
            received(sock)
            eventually(lambda: len(server.connections) == 0, "it is forgotten")

            assert httpx.get(f"http://{server.address}/", timeout=LIMIT).is_success
        assert [Closed.PIPELINED] == ends


class TestTooManyConnections:
    def test_idle_ones_make_room_for_a_new_one_the_oldest_first(self, loop: BackgroundLoop) -> None:
        ends: list[Closed] = []
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(
                serving(loop, hello, limits=Limits(connections=3), closed=ends.append)
            )
            first, second, third = (stack.enter_context(connect(server)) for _ in range(3))
            eventually(lambda: len(server.connections) == 3, "all are there")
            first.sendall(GET)
            assert answers(first)
            newcomer = stack.enter_context(connect(server))
            newcomer.sendall(GET)

            assert answers(newcomer)
            assert b"" == received(second)
            for kept in (first, third):
                kept.sendall(GET)
                assert answers(kept)
        assert [Closed.SHED] == ends

    def test_bodies_that_do_not_come_make_room(self, loop: BackgroundLoop) -> None:
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(serving(loop, drain, limits=Limits(connections=10)))
            slow = [stack.enter_context(connect(server)) for _ in range(10)]
            for sock in slow:
                sock.sendall(POST + b"Content-Length: 100\r\n\r\nx")
            for _ in range(20):
                assert httpx.get(f"http://{server.address}/", timeout=LIMIT).is_success

    def test_handshakes_that_do_not_come_make_room(
        self, loop: BackgroundLoop, certificates: Certificates
    ) -> None:
        context = certificates.context()
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(
                serving(loop, hello, certificates.tls, limits=Limits(connections=10))
            )
            for _ in range(20):
                stack.enter_context(connect(server))

            for _ in range(3):
                assert httpx.get(f"https://{server.address}/", verify=context, timeout=LIMIT).is_success

    def test_requests_at_work_are_not_cut_and_a_newcomer_is_told_to_come_back(
        self, loop: BackgroundLoop
    ) -> None:
        ends: list[Closed] = []
        slow = Slow()
        with (
            serving(loop, slow, limits=Limits(connections=1), closed=ends.append) as server,
            connect(server) as at_work,
        ):
            at_work.sendall(GET)
            loop.run(slow.asked.wait())
            with connect(server) as another:
                refused = received(another)
            loop.run(_set(slow.may_answer))

            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 1\r\n" in refused
            assert answers(at_work)
        assert Closed.FULL in ends


async def _set(event: asyncio.Event) -> None:
    event.set()
