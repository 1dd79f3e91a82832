"""Both receivers as `serve` puts them together, before a journal in memory."""

from __future__ import annotations

import itertools
import threading
from concurrent import futures
from types import TracebackType
from typing import Any

import httpx
import orjson

from otel_bridge.asgi import AsgiServer, Tls, TlsFiles, listen
from otel_bridge.journal.record import Signal as JournalSignal
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.receiver.admission import Admission
from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.intake import AppendsRecords, Intake, Redacts
from otel_bridge.receiver.otlp_grpc import GrpcReceiver
from otel_bridge.receiver.otlp_http import HttpReceiver, http_app
from otel_bridge.redaction import DEFAULTS, Redactor
from otel_bridge.telemetry.instruments import REFUSED_REQUESTS
from otel_bridge.telemetry.metrics import Metrics
from tests.loops import LIMIT, BackgroundLoop

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
LIMIT_SIZE = 2 << 20

_numbers = itertools.count(1)


class MemoryJournal:
    """Commits in a thread of its own, as the journal does; can be made to wait and to fail."""

    def __init__(self) -> None:
        self.may_commit = threading.Event()
        self.forget()
        self._writer = futures.ThreadPoolExecutor(1, thread_name_prefix="journal")

    def forget(self) -> None:
        self.records: list[bytes] = []
        self.failure: Exception | None = None
        self.waiting = threading.Semaphore(0)
        self.may_commit.set()

    def append(self, signal: JournalSignal, body: bytes) -> futures.Future[int]:
        assert signal is JournalSignal.TRACES
        return self._writer.submit(self._commit, body)

    def requests(self) -> list[TraceRequest]:
        """The records as any strict reader sees them."""
        return [TraceRequest.FromString(record) for record in self.records]

    def close(self) -> None:
        self._writer.shutdown()

    def _commit(self, body: bytes) -> int:
        self.waiting.release()
        assert self.may_commit.wait(LIMIT)
        if self.failure:
            raise self.failure
        self.records.append(body)
        return len(self.records)


class Receivers:
    def __init__(
        self,
        loop: BackgroundLoop,
        *,
        tokens: tuple[str, ...] = (),
        tls: Tls | None = None,
        allowed_origins: tuple[str, ...] = (),
        max_request_body_size: int = LIMIT_SIZE,
        max_in_flight: int = 64 << 20,
        stall_timeout: float = 30.0,
        message_timeout: float = 60.0,
        redactor: Redacts | None = None,
        journal: AppendsRecords | None = None,
        grpc_endpoint: str = "127.0.0.1:0",
    ) -> None:
        self.journal = MemoryJournal()
        self.metrics = Metrics()
        self.admission = Admission(max_in_flight)
        self.loop = loop
        self._appends = journal or self.journal
        self._grpc_endpoint = grpc_endpoint
        self.tls = TlsFiles(tls) if tls else None
        self._origins = allowed_origins
        self._redactor = redactor or Redactor(DEFAULTS)
        self._shared: dict[str, Any] = {
            "admission": self.admission,
            "metrics": self.metrics,
            "max_request_body_size": max_request_body_size,
            "tokens": BearerTokens(tokens),
        }
        self._stall_timeout = stall_timeout
        self._message_timeout = message_timeout

    def __enter__(self) -> Receivers:
        try:
            self.loop.run(self._start())
        except BaseException:
            self.journal.close()
            raise
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://{self.http.address}"
        self.grpc_address = self.grpc.address
        self._client = httpx.Client(timeout=LIMIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.journal.may_commit.set()
        self._client.close()
        self.loop.run(self.stop(grace=1))
        self.journal.close()

    async def stop(self, grace: float) -> None:
        await self.http.stop(grace)
        await self.grpc.stop(grace)

    def post(self, body: bytes, *, path: str = "/v1/traces", **headers: str) -> httpx.Response:
        """As Kong does, unless *headers* (with `_` for `-`) say otherwise."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(self.url + path, content=body, headers={"content-type": PROTOBUF} | names)

    def refused(self, reason: str, transport: str = "http") -> float:
        return self.metrics.value(REFUSED_REQUESTS, transport, reason)

    async def _start(self) -> None:
        self.intake = Intake(self._appends, self._redactor, self.metrics)
        self.grpc = GrpcReceiver(
            self.intake,
            endpoint=self._grpc_endpoint,
            tls=self.tls,
            message_timeout=self._message_timeout,
            **self._shared,
        )
        await self.grpc.start()
        receiver = HttpReceiver(self.intake, stall_timeout=self._stall_timeout, **self._shared)
        app = http_app(receiver, allowed_origins=self._origins)
        self.http = AsgiServer(app, listen("127.0.0.1:0"), tls=self.tls)
        await self.http.start()


def fresh_request(*, filler: int = 0) -> bytes:
    """A request like no other before it, with one span; *filler* bytes make it large."""
    request = TraceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id = next(_numbers).to_bytes(16, "big")
    span.span_id = bytes(7) + b"\x01"
    span.name = "GET /orders"
    if filler:
        attribute = span.attributes.add(key="filler")
        attribute.value.bytes_value = bytes(filler)
    return request.SerializeToString()


def fresh_json(*, filler: int = 0) -> bytes:
    """`fresh_request` as OTLP/JSON."""
    span = {"traceId": f"{next(_numbers):032x}", "spanId": f"{1:016x}", "name": "GET /orders" + "y" * filler}
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
