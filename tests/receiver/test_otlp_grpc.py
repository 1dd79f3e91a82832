"""OTLP/gRPC with real clients: every answer, and what senders do to it."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otel_bridge.asgi import StartupError, listen
from otel_bridge.journal.errors import JournalFull, JournalUnwritable
from otel_bridge.receiver.signals import METHODS, Signal
from otel_bridge.redaction import Redacted
from otel_bridge.telemetry.instruments import ACCEPTED_SPANS, DUPLICATE_REQUESTS
from tests.bridge import eventually
from tests.certificates import Certificates
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import LIMIT_SIZE, Receivers, fresh_request

TRACES, METRICS, LOGS = (
    next(method for method, known in METHODS.items() if known is signal)
    for signal in (Signal.TRACES, Signal.METRICS, Signal.LOGS)
)


class Client:
    """Calls on raw bytes; returns the answer's bytes or raises grpc.RpcError."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        options = [("grpc.max_send_message_length", -1)]
        self._channel = (
            grpc.secure_channel(address, credentials, options)
            if credentials
            else grpc.insecure_channel(address, options)
        )

    def send(
        self,
        message: bytes,
        *,
        method: str = TRACES,
        metadata: tuple[tuple[str, str], ...] = (),
        compression: grpc.Compression = grpc.Compression.NoCompression,
        timeout: float = LIMIT,
    ) -> bytes:
        answer: bytes = self._channel.unary_unary(method)(
            message, metadata=metadata, compression=compression, timeout=timeout
        )
        return answer

    def refused(self, message: bytes, **call: object) -> tuple[grpc.StatusCode, Status]:
        """The code of a refusal and the status in its trailing metadata."""
        with pytest.raises(grpc.RpcError) as caught:
            self.send(message, **call)  # type: ignore[arg-type]
        trailing = dict(caught.value.trailing_metadata())
        return caught.value.code(), Status.FromString(trailing.get("grpc-status-details-bin", b""))

    def close(self) -> None:
        self._channel.close()


@pytest.fixture(scope="module")
def shared_client(shared: Receivers) -> Iterator[Client]:
    client = Client(shared.grpc_address)
    yield client
    client.close()


@pytest.fixture
def client(receivers: Receivers, shared_client: Client) -> Client:
    """A client of `receivers`, whose journal is empty."""
    return shared_client


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


class TestSuccess:
    @pytest.mark.parametrize(
        "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]
    )
    def test_is_an_empty_response_after_the_commit(
        self, receivers: Receivers, client: Client, compression: grpc.Compression
    ) -> None:
        accepted = receivers.metrics.value(ACCEPTED_SPANS, "grpc")
        body = fresh_request(filler=5000)

        assert b"" == client.send(body, compression=compression)
        assert [body] == receivers.journal.records
        assert accepted + 1 == receivers.metrics.value(ACCEPTED_SPANS, "grpc")

    @pytest.mark.parametrize("method", [TRACES, METRICS, LOGS])
    def test_of_an_empty_request_is_not_journaled(
        self, receivers: Receivers, client: Client, method: str
    ) -> None:
        assert b"" == client.send(b"", method=method)
        assert [] == receivers.journal.records

    def test_waits_for_the_commit(self, receivers: Receivers, client: Client) -> None:
        receivers.journal.may_commit.clear()
        with futures.ThreadPoolExecutor() as threads:
            answer = threads.submit(client.send, fresh_request())
            assert receivers.journal.waiting.acquire(timeout=LIMIT)
            with pytest.raises(TimeoutError):
                answer.result(0.1)
            receivers.journal.may_commit.set()

            assert b"" == answer.result(LIMIT)

    def test_the_same_bytes_by_http_are_known(self, receivers: Receivers, client: Client) -> None:
        duplicates = receivers.metrics.value(DUPLICATE_REQUESTS, "http")
        body = fresh_request()
        client.send(body)

        assert 200 == receivers.post(body).status_code
        assert [body] == receivers.journal.records
        assert duplicates + 1 == receivers.metrics.value(DUPLICATE_REQUESTS, "http")

    def test_many_at_once(self, receivers: Receivers, client: Client) -> None:
        bodies = [fresh_request(filler=10_000) for _ in range(100)]
        with futures.ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(client.send, bodies))

        assert [b""] * 100 == answers
        assert sorted(bodies) == sorted(receivers.journal.records)
        assert 0 == receivers.admission.in_flight


class TestRefusal:
    @pytest.mark.parametrize("method", [TRACES, METRICS, LOGS])
    def test_of_what_is_no_otlp(self, receivers: Receivers, client: Client, method: str) -> None:
        counted = receivers.refused("undecodable", "grpc")
        code, status = client.refused(b"\xff\xff no OTLP", method=method)

        assert (grpc.StatusCode.INVALID_ARGUMENT, code.value[0]) == (code, status.code)
        assert status.message
        assert counted + 1 == receivers.refused("undecodable", "grpc")

    def test_of_a_method_that_is_none(self, client: Client) -> None:
        code, _ = client.refused(b"", method="/opentelemetry.proto.collector.profiles.v1.Profiles/Export")

        assert grpc.StatusCode.UNIMPLEMENTED == code

    @pytest.mark.parametrize(
        "failure", [JournalFull("2 GiB are used"), JournalUnwritable("no space left on device")]
    )
    def test_by_a_journal_that_takes_nothing_says_when_to_come_back(
        self, receivers: Receivers, client: Client, failure: Exception
    ) -> None:
        body = fresh_request()
        receivers.journal.failure = failure
        code, status = client.refused(body)
        receivers.journal.failure = None
        info = RetryInfo()

        assert grpc.StatusCode.UNAVAILABLE == code
        assert status.details[0].Unpack(info)
        assert 5 == info.retry_delay.seconds
        assert b"" == client.send(body)
        assert [body] == receivers.journal.records

    def test_of_too_much_in_flight(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, max_in_flight=1000) as receivers:
            client = Client(receivers.grpc_address)
            code, status = client.refused(fresh_request(filler=1000))
            client.close()

            assert grpc.StatusCode.UNAVAILABLE == code
            assert 1 == len(status.details)
            assert 0 == receivers.admission.in_flight

    @pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
    def test_of_what_is_too_large_is_final(
        self, receivers: Receivers, client: Client, compression: grpc.Compression
    ) -> None:
        code, status = client.refused(bytes(LIMIT_SIZE + 1), compression=compression)

        assert len(gzip.compress(bytes(LIMIT_SIZE + 1))) < LIMIT_SIZE
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == code
        assert not status.details
        assert b"" == client.send(fresh_request())

    def test_by_surprise(self, loop: BackgroundLoop) -> None:
        class Surprise:
            def suspects(self, record: bytes) -> bool:
                return True

            def redact(self, record: bytes) -> Redacted:
                raise ZeroDivisionError

            redact_logs = redact

        with Receivers(loop, redactor=Surprise()) as receivers:
            client = Client(receivers.grpc_address)
            code, _ = client.refused(fresh_request())
            client.close()

            assert grpc.StatusCode.INTERNAL == code
            assert 1 == receivers.refused("internal", "grpc")

    def test_without_a_token(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, tokens=("one-token", "other-token")) as receivers:
            client = Client(receivers.grpc_address)
            for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "one-token"),)):
                code, status = client.refused(fresh_request(), metadata=metadata)

                assert (grpc.StatusCode.UNAUTHENTICATED, code.value[0]) == (code, status.code)
            for token in ("one-token", "other-token"):
                answer = client.send(fresh_request(), metadata=(("authorization", f"Bearer {token}"),))

                assert b"" == answer
            client.close()
            assert 3 == receivers.refused("unauthenticated", "grpc")


class TestConnections:
    def test_a_sender_whose_deadline_passes_may_send_again_without_a_double(
        self, receivers: Receivers, client: Client
    ) -> None:
        body = fresh_request()
        receivers.journal.may_commit.clear()
        code, _ = client.refused(body, timeout=0.2)
        receivers.journal.may_commit.set()

        assert grpc.StatusCode.DEADLINE_EXCEEDED == code
        assert b"" == client.send(body)
        assert [body] == receivers.journal.records
        eventually(lambda: receivers.admission.in_flight == 0, "the first one is over too")

    def test_a_stop_answers_what_is_in_flight(self, loop: BackgroundLoop) -> None:
        with Receivers(loop) as receivers, futures.ThreadPoolExecutor() as threads:
            client = Client(receivers.grpc_address)
            receivers.journal.may_commit.clear()
            answer = threads.submit(client.send, fresh_request())
            assert receivers.journal.waiting.acquire(timeout=LIMIT)
            threading.Timer(0.1, receivers.journal.may_commit.set).start()
            loop.run(receivers.stop(grace=LIMIT))

            assert b"" == answer.result(LIMIT)
            client.close()

    def test_a_taken_port_is_one_sentence(self, loop: BackgroundLoop) -> None:
        with listen("127.0.0.1:0") as taken:
            endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(
                StartupError, match=re.escape(f"Cannot listen on {endpoint}: another process")
            ):
                Receivers(loop, grpc_endpoint=endpoint).__enter__()

    def test_a_second_bridge_does_not_share_the_port(
        self, loop: BackgroundLoop, receivers: Receivers
    ) -> None:
        with pytest.raises(StartupError, match="another process has this port"):
            Receivers(loop, grpc_endpoint=receivers.grpc_address).__enter__()


class TestTls:
    def test_encrypts(self, loop: BackgroundLoop, certificates: Certificates) -> None:
        with Receivers(loop, tls=certificates.tls) as receivers:
            trusting = grpc.ssl_channel_credentials(certificates.ca_file.read_bytes())
            client = Client(receivers.grpc_address, trusting)

            assert b"" == client.send(fresh_request())
            client.close()

    def test_client_certificates(self, loop: BackgroundLoop, certificates: Certificates) -> None:
        authority = certificates.ca_file.read_bytes()
        with Receivers(loop, tls=certificates.mutual_tls) as receivers:
            stranger = Client(receivers.grpc_address, grpc.ssl_channel_credentials(authority))
            known = Client(
                receivers.grpc_address,
                grpc.ssl_channel_credentials(
                    authority,
                    certificates.client_key_file.read_bytes(),
                    certificates.client_cert_file.read_bytes(),
                ),
            )
            code, _ = stranger.refused(fresh_request())

            assert grpc.StatusCode.UNAVAILABLE == code
            assert b"" == known.send(fresh_request())
            stranger.close()
            known.close()

    def test_unusable_files_are_one_sentence(self, loop: BackgroundLoop, tmp_path: Path) -> None:
        certificates = Certificates(tmp_path)
        certificates.tls.key_file.write_text("no key")
        with pytest.raises(StartupError, match=r"^Cannot set up TLS with"):
            Receivers(loop, tls=certificates.tls).__enter__()
