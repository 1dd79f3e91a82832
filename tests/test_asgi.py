"""The small server that receiver, metrics and inspector share."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from concurrent import futures

import httpx
import pytest

from otel_bridge.asgi import (
    AsgiApp,
    AsgiServer,
    Receive,
    Scope,
    Send,
    StartupError,
    Tls,
    TlsFiles,
    listen,
)
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
def serving(loop: BackgroundLoop, app: AsgiApp, tls: Tls | None = None) -> Iterator[AsgiServer]:
    async def start() -> AsgiServer:
        server = AsgiServer(app, listen("127.0.0.1:0"), tls=TlsFiles(tls) if tls else None)
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
        answer = httpx.get(f"http://{server.address}/")

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
        answer = httpx.get(f"https://{server.address}/", verify=certificates.context())

    assert b"hello" == answer.content


def test_client_certificates(loop: BackgroundLoop, certificates: Certificates) -> None:
    with serving(loop, hello, certificates.mutual_tls) as server:
        url = f"https://{server.address}/"
        answer = httpx.get(url, verify=certificates.context(with_client_certificate=True))
        with pytest.raises(httpx.TransportError):
            httpx.get(url, verify=certificates.context())

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


@pytest.mark.parametrize(
    ("endpoint", "family", "host"),
    [
        ("127.0.0.1:0", socket.AF_INET, "127.0.0.1"),
        ("0.0.0.0:0", socket.AF_INET, "0.0.0.0"),
        ("[::1]:0", socket.AF_INET6, "::1"),
    ],
)
def test_listens_on_both_families(endpoint: str, family: int, host: str) -> None:
    with listen(endpoint) as sock:
        assert (family, host) == (sock.family, sock.getsockname()[0])


def test_all_addresses_are_those_of_both_families() -> None:
    with listen("[::]:0") as sock, socket.create_connection(("127.0.0.1", sock.getsockname()[1])):
        pass
