"""OTLP/HTTP over real sockets: every answer, and what senders do to it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent import futures

import httpx
import pytest
import zstandard
from google.protobuf import json_format
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otel_bridge.journal.errors import JournalFull, JournalUnwritable
from otel_bridge.redaction import Redacted
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import JSON, LIMIT_SIZE, PROTOBUF, Receivers, fresh_json, fresh_request

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "none": bytes,
    "GZip": gzip.compress,
}


def status_of(answer: httpx.Response) -> Status:
    """The Status message of an answer, read by its Content-Type."""
    if answer.headers["content-type"] == JSON:
        return json_format.Parse(answer.content, Status())
    assert answer.headers["content-type"] == PROTOBUF
    return Status.FromString(answer.content)


@contextlib.contextmanager
def connection(receivers: Receivers) -> Iterator[socket.socket]:
    host, port = receivers.http.address.split(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT) as sock:
        yield sock


def head(*lines: str, path: str = "/v1/traces", media_type: str = PROTOBUF) -> bytes:
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", "Host: bridge", f"Content-Type: {media_type}", *lines, "", ""]
    ).encode()


def read_answer(sock: socket.socket) -> bytes:
    """The head of one answer, and its body if it has one that fits a packet."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(65536)
        if not piece:
            break
        received += piece
    return received


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


class TestSuccess:
    @pytest.mark.parametrize("coding", CODINGS)
    def test_protobuf_in_every_coding(self, receivers: Receivers, coding: str) -> None:
        answer = receivers.post(CODINGS[coding](fresh_request()), content_encoding=coding)

        assert (200, PROTOBUF, b"") == (answer.status_code, answer.headers["content-type"], answer.content)
        assert 1 == len(receivers.journal.requests()[0].resource_spans)

    @pytest.mark.parametrize("coding", CODINGS)
    def test_json_in_every_coding(self, receivers: Receivers, coding: str) -> None:
        answer = receivers.post(CODINGS[coding](fresh_json()), content_type=JSON, content_encoding=coding)

        assert (200, JSON, b"{}") == (answer.status_code, answer.headers["content-type"], answer.content)
        assert 1 == len(receivers.journal.requests()[0].resource_spans)

    @pytest.mark.parametrize(
        ("given", "answered"),
        [
            ("Application/X-Protobuf", PROTOBUF),
            ("application/x-protobuf; proto=trace", PROTOBUF),
            ("application/json;charset=UTF-8", JSON),
        ],
    )
    def test_parameters_and_case_of_the_media_type_do_not_matter(
        self, receivers: Receivers, given: str, answered: str
    ) -> None:
        body = fresh_json() if answered == JSON else fresh_request()
        answer = receivers.post(body, content_type=given)

        assert (200, answered) == (answer.status_code, answer.headers["content-type"])

    def test_a_chunked_body(self, receivers: Receivers) -> None:
        body = fresh_request(filler=200_000)
        pieces = (body[at : at + 1000] for at in range(0, len(body), 1000))
        answer = httpx.post(
            f"{receivers.url}/v1/traces", content=pieces, headers={"content-type": PROTOBUF}, timeout=LIMIT
        )

        assert 200 == answer.status_code
        assert [body] == receivers.journal.records

    def test_a_body_that_comes_byte_by_byte(self, receivers: Receivers) -> None:
        body = fresh_request()
        with connection(receivers) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in head(f"Content-Length: {len(body)}") + body:
                sock.sendall(bytes([byte]))
            answer = read_answer(sock)

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    @pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
    @pytest.mark.parametrize(("media_type", "body"), [(PROTOBUF, b""), (JSON, b"{}")])
    def test_an_empty_request_is_success_and_not_journaled(
        self, receivers: Receivers, path: str, media_type: str, body: bytes
    ) -> None:
        answer = receivers.post(body, path=path, content_type=media_type)

        assert 200 == answer.status_code
        assert [] == receivers.journal.records

    def test_pipelined_requests_are_answered_in_order(self, receivers: Receivers) -> None:
        body = fresh_request()
        with connection(receivers) as sock:
            sock.sendall((head(f"Content-Length: {len(body)}") + body) * 2 + head(path="/nowhere"))
            received = b""
            while received.count(b"HTTP/1.1") < 3:
                received += sock.recv(65536)

        assert [b"200", b"200", b"404"] == [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]

    def test_a_client_that_offers_http_2(self, receivers: Receivers) -> None:
        body = fresh_request()
        offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
        with connection(receivers) as sock:
            for _ in range(2):
                sock.sendall(head(*offer, f"Content-Length: {len(body)}") + body)
                assert read_answer(sock).startswith(b"HTTP/1.1 200 OK\r\n")


REFUSALS = {
    "unknown path": (404, code_pb2.UNIMPLEMENTED, "path", {"path": "/v1/profiles"}),
    "path below": (404, code_pb2.UNIMPLEMENTED, "path", {"path": "/v1/traces/"}),
    "no media type": (415, code_pb2.INVALID_ARGUMENT, "media_type", {"content_type": ""}),
    "form": (415, code_pb2.INVALID_ARGUMENT, "media_type", {"content_type": "text/plain"}),
    "unknown coding": (415, code_pb2.INVALID_ARGUMENT, "content_encoding", {"content_encoding": "br"}),
    "two codings": (415, code_pb2.INVALID_ARGUMENT, "content_encoding", {"content_encoding": "gzip, zstd"}),
    "not gzip": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {"content_encoding": "gzip"}),
    "not zstd": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {"content_encoding": "zstd"}),
    "not JSON": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {"content_type": JSON}),
    "not protobuf": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {}),
    "not protobuf logs": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {"path": "/v1/logs"}),
    "not protobuf metrics": (400, code_pb2.INVALID_ARGUMENT, "undecodable", {"path": "/v1/metrics"}),
}


class TestRefusal:
    @pytest.mark.parametrize("case", REFUSALS)
    def test_is_a_status_in_the_encoding_of_the_request(self, receivers: Receivers, case: str) -> None:
        http_status, code, reason, request = REFUSALS[case]
        counted = receivers.refused(reason)
        answer = receivers.post(b"\xff\xff no OTLP", **request)

        assert http_status == answer.status_code
        assert (JSON if request.get("content_type") == JSON else PROTOBUF) == answer.headers["content-type"]
        assert code == status_of(answer).code
        assert status_of(answer).message
        assert counted + 1 == receivers.refused(reason)
        assert [] == receivers.journal.records

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
    def test_only_post(self, receivers: Receivers, method: str) -> None:
        answer = httpx.request(method, f"{receivers.url}/v1/traces", timeout=LIMIT)

        assert (405, "POST") == (answer.status_code, answer.headers["allow"])

    def test_an_unknown_coding_is_told_the_known_ones(self, receivers: Receivers) -> None:
        answer = receivers.post(b"", content_encoding="br")

        assert "gzip, deflate, zstd" == answer.headers["accept-encoding"]

    def test_garbage_instead_of_http_hurts_nobody_else(self, receivers: Receivers) -> None:
        with connection(receivers) as sock:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00 no HTTP at all\r\n\r\n")

            assert read_answer(sock).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert 200 == receivers.post(fresh_request()).status_code

    def test_a_broken_chunk_hurts_nobody_else(self, receivers: Receivers) -> None:
        with connection(receivers) as sock:
            sock.sendall(head("Transfer-Encoding: chunked") + b"5\r\nhello\r\nnot a size\r\n")

            assert read_answer(sock).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert 200 == receivers.post(fresh_request()).status_code
        eventually(lambda: receivers.admission.in_flight == 0)


class TestSizes:
    def test_too_large_by_its_head_is_answered_before_it_is_sent(self, receivers: Receivers) -> None:
        with connection(receivers) as sock:
            sock.sendall(head(f"Content-Length: {LIMIT_SIZE + 1}", "Expect: 100-continue"))
            answer = read_answer(sock)

        assert answer.startswith(b"HTTP/1.1 413 ")

    def test_too_large_without_saying_so(self, receivers: Receivers) -> None:
        with connection(receivers) as sock:
            sock.sendall(head("Transfer-Encoding: chunked"))
            chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
            for _ in range(LIMIT_SIZE // 0x10000 + 1):
                sock.sendall(chunk)
            answer = read_answer(sock)

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert 0 == receivers.admission.in_flight

    def test_a_sender_that_reads_late_gets_its_413_and_keeps_its_connection(
        self, receivers: Receivers
    ) -> None:
        small = fresh_request()
        with connection(receivers) as sock:
            sock.sendall(head(f"Content-Length: {2 * LIMIT_SIZE}") + bytes(2 * LIMIT_SIZE))
            first = read_answer(sock)
            sock.sendall(head(f"Content-Length: {len(small)}") + small)
            second = read_answer(sock)

        assert first.startswith(b"HTTP/1.1 413 ")
        assert second.startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
    def test_bombs(self, receivers: Receivers, coding: str) -> None:
        answer = receivers.post(CODINGS[coding](bytes(LIMIT_SIZE + 1)), content_encoding=coding)

        assert (413, code_pb2.RESOURCE_EXHAUSTED) == (answer.status_code, status_of(answer).code)
        assert not status_of(answer).details
        assert 0 == receivers.admission.in_flight

    @pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "identity"])
    def test_exactly_the_limit_is_accepted(self, receivers: Receivers, coding: str) -> None:
        body = fresh_request(filler=LIMIT_SIZE - 200)
        body = fresh_request(filler=LIMIT_SIZE - 200 + LIMIT_SIZE - len(body))
        assert LIMIT_SIZE == len(body)
        answer = receivers.post(CODINGS[coding](body), content_encoding=coding)

        assert 200 == answer.status_code
        assert [body] == receivers.journal.records


class TestAcknowledgement:
    def test_comes_after_the_commit(self, receivers: Receivers) -> None:
        receivers.journal.may_commit.clear()
        with futures.ThreadPoolExecutor() as threads:
            answer = threads.submit(receivers.post, fresh_request())
            assert receivers.journal.waiting.acquire(timeout=LIMIT)
            with pytest.raises(TimeoutError):
                answer.result(0.1)
            receivers.journal.may_commit.set()

            assert 200 == answer.result(LIMIT).status_code
        assert 1 == len(receivers.journal.records)

    @pytest.mark.parametrize(
        ("failure", "reason"),
        [
            (JournalFull("2 GiB are used"), "journal_full"),
            (JournalUnwritable("/state: no space left on device"), "journal_unwritable"),
        ],
    )
    def test_a_journal_that_takes_nothing_is_503_and_recovers(
        self, receivers: Receivers, failure: Exception, reason: str
    ) -> None:
        body = fresh_request()
        receivers.journal.failure = failure
        counted = receivers.refused(reason)
        refused = receivers.post(body)
        receivers.journal.failure = None
        accepted = receivers.post(body)

        assert (503, "5") == (refused.status_code, refused.headers["retry-after"])
        assert counted + 1 == receivers.refused(reason)
        status = status_of(refused)
        assert code_pb2.UNAVAILABLE == status.code
        info = RetryInfo()
        assert status.details[0].Unpack(info)
        assert 5 == info.retry_delay.seconds
        assert "/state" not in status.message
        assert 200 == accepted.status_code
        assert [body] == receivers.journal.records

    def test_503_in_json_has_the_details_too(self, receivers: Receivers) -> None:
        receivers.journal.failure = JournalFull("2 GiB are used")
        answer = receivers.post(fresh_json(), content_type=JSON)

        assert (503, JSON) == (answer.status_code, answer.headers["content-type"])
        assert "5s" == answer.json()["details"][0]["retryDelay"]

    def test_too_much_in_flight_is_503(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, max_in_flight=1000) as receivers:
            answer = receivers.post(fresh_request(filler=1000))

            assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
            assert 1 == receivers.refused("busy")
            assert 200 == receivers.post(fresh_request()).status_code

    def test_a_surprise_is_500_and_stays_alone(
        self, loop: BackgroundLoop, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Surprise:
            def suspects(self, record: bytes) -> bool:
                return True

            def redact(self, record: bytes) -> Redacted:
                if len(record) > 1000:
                    raise ZeroDivisionError
                return Redacted(record, 0)

            redact_logs = redact

        with Receivers(loop, redactor=Surprise()) as receivers:
            answer = receivers.post(fresh_request(filler=1000))

            assert (500, code_pb2.INTERNAL) == (answer.status_code, status_of(answer).code)
            assert 1 == receivers.refused("internal")
            assert [] == receivers.journal.records
            assert 200 == receivers.post(fresh_request()).status_code


class TestConnections:
    def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(self, receivers: Receivers) -> None:
        counted = receivers.refused("disconnected")
        with connection(receivers) as sock:
            sock.sendall(head("Content-Length: 300000") + bytes(200_000))
            eventually(lambda: receivers.admission.in_flight == 200_000)
        eventually(lambda: receivers.admission.in_flight == 0)

        eventually(lambda: counted + 1 == receivers.refused("disconnected"))

        assert [] == receivers.journal.records

    def test_a_sender_that_goes_away_before_its_answer_is_journaled(self, receivers: Receivers) -> None:
        body = fresh_request()
        receivers.journal.may_commit.clear()
        with connection(receivers) as sock:
            sock.sendall(head(f"Content-Length: {len(body)}") + body)
            assert receivers.journal.waiting.acquire(timeout=LIMIT)
        receivers.journal.may_commit.set()
        eventually(lambda: receivers.journal.records == [body])

        assert 200 == receivers.post(body).status_code
        assert [body] == receivers.journal.records

    def test_a_sender_that_stalls_is_let_go(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, stall_timeout=0.1) as receivers, connection(receivers) as sock:
            sock.sendall(head("Content-Length: 300000") + bytes(100_000))
            answer = read_answer(sock)

            assert answer.startswith(b"HTTP/1.1 408 ")
            assert 0 == receivers.admission.in_flight
            assert 1 == receivers.refused("timeout")

    def test_a_sender_that_sends_a_byte_at_a_time_is_let_go(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, stall_timeout=0.5) as receivers, connection(receivers) as sock:
            sock.sendall(head("Content-Length: 300000"))
            sock.settimeout(0.01)
            answer = b""
            deadline = time.monotonic() + LIMIT
            while not answer and time.monotonic() < deadline:
                sock.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    answer = sock.recv(65536)

            assert answer.startswith(b"HTTP/1.1 408 ")

    def test_a_sender_that_never_begins_its_body_is_let_go(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, stall_timeout=0.1) as receivers, connection(receivers) as sock:
            sock.sendall(head("Content-Length: 300000"))

            assert read_answer(sock).startswith(b"HTTP/1.1 408 ")

    def test_slow_senders_make_room_for_others(self, loop: BackgroundLoop) -> None:
        with Receivers(loop, max_in_flight=150_000) as receivers, connection(receivers) as slow:
            slow.sendall(head("Content-Length: 300000") + bytes(100_000))
            eventually(lambda: receivers.admission.in_flight == 100_000)
            body = fresh_request(filler=100_000)
            eventually(lambda: receivers.post(body).status_code == 200)

            answer = read_answer(slow)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in answer
            assert 1 == receivers.refused("slow")

    def test_a_stop_tells_unfinished_senders_to_come_back(self, loop: BackgroundLoop) -> None:
        with Receivers(loop) as receivers, connection(receivers) as sock:
            sock.sendall(head("Content-Length: 300000") + bytes(100_000))
            eventually(lambda: receivers.admission.in_flight == 100_000)
            loop.run(receivers.stop(grace=1))
            answer = read_answer(sock)

            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in answer

    def test_the_connection_is_kept(self, receivers: Receivers) -> None:
        with httpx.Client(timeout=LIMIT) as client:
            for _ in range(3):
                answer = client.post(
                    f"{receivers.url}/v1/traces", content=fresh_request(), headers={"content-type": PROTOBUF}
                )

                assert 200 == answer.status_code
                assert "connection" not in answer.headers


@pytest.fixture(scope="module")
def guarded(loop: BackgroundLoop) -> Iterator[Receivers]:
    with Receivers(loop, tokens=("one-token", "other-token")) as receivers:
        yield receivers


class TestTokens:
    @pytest.mark.parametrize("token", ["one-token", "other-token"])
    def test_any_token_opens(self, guarded: Receivers, token: str) -> None:
        assert 200 == guarded.post(fresh_request(), authorization=f"Bearer {token}").status_code

    @pytest.mark.parametrize(
        "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "one-token"}]
    )
    def test_others_are_turned_away_before_their_body(
        self, guarded: Receivers, headers: dict[str, str]
    ) -> None:
        answer = guarded.post(fresh_request(), **headers)

        assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
        assert code_pb2.UNAUTHENTICATED == status_of(answer).code


@pytest.fixture(scope="module")
def open_to_app(loop: BackgroundLoop) -> Iterator[Receivers]:
    with Receivers(loop, allowed_origins=("https://app.example.com",)) as receivers:
        yield receivers


class TestBrowsers:
    def test_an_allowed_page_may_send(self, open_to_app: Receivers) -> None:
        asked = httpx.options(
            f"{open_to_app.url}/v1/traces",
            headers={
                "origin": "https://app.example.com",
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-type,authorization",
            },
        )
        sent = open_to_app.post(fresh_json(), content_type=JSON, origin="https://app.example.com")

        assert (200, "https://app.example.com") == (
            asked.status_code,
            asked.headers["access-control-allow-origin"],
        )
        assert (200, "https://app.example.com") == (
            sent.status_code,
            sent.headers["access-control-allow-origin"],
        )

    def test_tokens_are_asked_of_what_is_sent_and_not_of_the_question(self, loop: BackgroundLoop) -> None:
        origin = "https://app.example.com"
        with Receivers(loop, tokens=("a-token",), allowed_origins=(origin,)) as receivers:
            asked = httpx.options(
                f"{receivers.url}/v1/traces",
                headers={"origin": origin, "access-control-request-method": "POST"},
            )
            strange = receivers.post(fresh_request(), origin=origin)
            known = receivers.post(fresh_request(), origin=origin, authorization="Bearer a-token")

        assert [200, 401, 200] == [asked.status_code, strange.status_code, known.status_code]
        assert origin == strange.headers["access-control-allow-origin"]

    def test_without_allowed_origins_a_question_has_no_answer(self, receivers: Receivers) -> None:
        asked = httpx.options(
            f"{receivers.url}/v1/traces",
            headers={"origin": "https://app.example.com", "access-control-request-method": "POST"},
        )

        assert 405 == asked.status_code
        assert "access-control-allow-origin" not in asked.headers

    def test_what_is_said_to_one_page_is_not_said_to_the_next_sender(self, open_to_app: Receivers) -> None:
        for _ in range(2):
            sent = open_to_app.post(fresh_request(), origin="https://app.example.com")

            assert "Origin" == sent.headers["vary"]
        assert "access-control-allow-origin" not in open_to_app.post(fresh_request()).headers

    def test_another_may_not(self, open_to_app: Receivers) -> None:
        asked = httpx.options(
            f"{open_to_app.url}/v1/traces",
            headers={"origin": "https://evil.example.com", "access-control-request-method": "POST"},
        )

        assert 400 == asked.status_code
        assert "access-control-allow-origin" not in asked.headers

    def test_without_allowed_origins_nothing_is_said_of_them(self, receivers: Receivers) -> None:
        answer = receivers.post(fresh_request(), origin="https://app.example.com")

        assert "access-control-allow-origin" not in answer.headers
