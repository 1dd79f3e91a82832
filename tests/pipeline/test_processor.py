"""The batch span processor in an application that uses the OpenTelemetry SDK, before a real collector."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import Attributes

from otel_bridge.delivery import Batch
from otel_bridge.exporters.galileo import GalileoSpanExporter
from otel_bridge.mapping import Api, HttpExchange
from otel_bridge.pipeline.processor import INBOX, BatchExporter, BatchSpanProcessor
from tests.bridge import eventually
from tests.loops import LIMIT
from tests.vendor_server import Received, Reply, VendorServer, script

LONG = 3600.0
ROOT = Path(__file__).parents[2]

Application = Callable[..., "App"]


class App:
    """A process's tracing: one provider, one processor."""

    def __init__(self, processor: BatchSpanProcessor, sampler: Sampler | None = None) -> None:
        self.processor = processor
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(processor)
        self._tracer = self.provider.get_tracer("tests")

    def serve(self, route: str, count: int = 1, *, tag: str = "") -> None:
        """Answer *count* requests of *route*, with a span inside each."""
        for number in range(count):
            attributes: dict[str, str | int] = {
                "http.request.method": "GET",
                "url.path": f"{route}/{tag}{number}",
                "http.route": route,
                "http.response.status_code": 200,
            }
            with (
                self._tracer.start_as_current_span(route, kind=SpanKind.SERVER, attributes=attributes),
                self._tracer.start_as_current_span("inside"),
            ):
                pass


@pytest.fixture
def collector() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


@pytest.fixture
def application(collector: VendorServer) -> Iterator[Application]:
    apps: list[App] = []

    def start(*, sampler: Sampler | None = None, exporter: Any = GalileoSpanExporter, **settings: Any) -> App:
        galileo = exporter(service_token="token", host=collector.host, port=collector.port, https=False)
        apps.append(App(BatchSpanProcessor(galileo, **settings), sampler))
        return apps[-1]

    yield start
    for app in apps:
        app.provider.shutdown()


def paths(request: Received) -> list[str]:
    return [urlsplit(entry["request"]["url"]).path for entry in request.json()["har"]["log"]["entries"]]


def all_paths(collector: VendorServer) -> Counter[str]:
    return Counter(path for request in collector.requests for path in paths(request))


def test_each_api_is_flushed_when_its_own_queue_is_full(
    application: Application, collector: VendorServer
) -> None:
    app = application(queue_size=3, flush_timeout=LONG)
    app.serve("/orders", 2)
    app.serve("/carts", 3)
    app.serve("/orders", 1, tag="last-")
    first, second = collector.wait_for(2)

    assert ["/carts/0", "/carts/1", "/carts/2"] == paths(first)
    assert ["/orders/0", "/orders/1", "/orders/last-0"] == paths(second)


def test_what_waits_is_flushed_after_a_silence(application: Application, collector: VendorServer) -> None:
    application(flush_timeout=0.05).serve("/orders", 2)

    eventually(lambda: {"/orders/0": 1, "/orders/1": 1} == all_paths(collector), "both are flushed")


def test_force_flush_returns_when_the_collector_has_everything(
    application: Application, collector: VendorServer
) -> None:
    app = application(flush_timeout=LONG)
    app.serve("/orders", 3)
    app.serve("/carts", 1)

    assert app.provider.force_flush()
    assert [3, 1] == [len(paths(request)) for request in collector.requests]


def test_force_flush_says_when_it_took_too_long(application: Application, collector: VendorServer) -> None:
    go_on = threading.Event()
    collector.answer = blocked_until(go_on)
    app = application(flush_timeout=LONG)
    app.serve("/orders")
    in_time = app.processor.force_flush(timeout_millis=50)
    go_on.set()

    assert not in_time
    assert app.processor.force_flush()


def test_shutdown_flushes_and_ends(application: Application, collector: VendorServer) -> None:
    app = application(flush_timeout=LONG)
    app.serve("/orders", 2)
    app.provider.shutdown()
    app.serve("/orders", 2, tag="late-")
    app.processor.shutdown()

    assert [["/orders/0", "/orders/1"]] == [paths(request) for request in collector.requests]
    assert app.processor.force_flush()


def test_an_application_without_spans_starts_no_thread(application: Application) -> None:
    before = set(threading.enumerate())
    app = application()

    assert app.provider.force_flush()
    assert not set(threading.enumerate()) - before


def test_a_full_inbox_drops_and_counts_and_never_blocks(
    application: Application, collector: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()
    collector.answer = blocked_until(go_on)
    app = application(queue_size=INBOX, flush_timeout=0.01)
    app.serve("/first")
    collector.wait_for(1)  # and the thread waits for its answer
    app.serve("/orders", INBOX // 2 + 10)  # each of them two spans
    dropped = app.processor.dropped
    go_on.set()
    app.provider.shutdown()

    assert 20 == dropped == app.processor.dropped
    assert INBOX // 2 + 1 == all_paths(collector).total()
    assert "spans are dropped" in caplog.text
    assert "20 spans or exchanges were dropped" in caplog.text


def test_many_buffered_bytes_are_flushed_before_their_time(
    application: Application, collector: VendorServer
) -> None:
    app = application(flush_timeout=LONG, memory=4000)
    app.serve("/orders", 30)
    app.serve("/carts", 5)
    app.provider.shutdown()
    sizes = [len(request.body) for request in collector.requests]

    assert 35 == all_paths(collector).total()
    assert len(sizes) > 3
    assert max(sizes) < 2 * 4000


def test_threads_of_an_application_lose_and_repeat_nothing(
    application: Application, collector: VendorServer
) -> None:
    app = application(queue_size=50, flush_timeout=0.01)
    threads = [
        threading.Thread(target=app.serve, args=("/orders", 100), kwargs={"tag": f"{number}-"})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.provider.shutdown()
    counted = all_paths(collector)

    assert 0 == app.processor.dropped
    assert {f"/orders/{thread}-{number}": 1 for thread in range(8) for number in range(100)} == counted


class RecordOnly(Sampler):
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        *others: Any,
        **named: Any,
    ) -> SamplingResult:
        return SamplingResult(Decision.RECORD_ONLY, attributes)

    def get_description(self) -> str:
        return "records everything, samples nothing"


def test_what_is_recorded_is_exported_sampled_or_not(
    application: Application, collector: VendorServer
) -> None:
    app = application(sampler=RecordOnly())
    app.serve("/orders")
    app.provider.force_flush()

    assert ["/orders/0"] == list(all_paths(collector))


def test_what_is_not_recorded_is_not_exported(application: Application, collector: VendorServer) -> None:
    app = application(sampler=ALWAYS_OFF)
    app.serve("/orders")
    app.provider.force_flush()

    assert [] == collector.requests


def test_a_collector_that_refuses_costs_what_it_refused_only(
    application: Application, collector: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answer = script([Reply(401)])
    app = application(queue_size=1)
    app.serve("/refused")
    collector.wait_for(1)
    app.serve("/orders")
    app.provider.force_flush()

    assert ["/refused/0", "/orders/0"] == list(all_paths(collector))
    assert "401" in caplog.text


class Faulty(GalileoSpanExporter):
    """An exporter with a defect for each of its routes."""

    def entry(self, exchange: HttpExchange) -> bytes:
        if exchange.route_template == "/no-entry":
            raise ZeroDivisionError("entry")
        return super().entry(exchange)

    def deliver(self, batch: Batch) -> None:
        if batch.api == Api("route", "/no-delivery"):
            raise ZeroDivisionError("delivery")
        super().deliver(batch)


def test_a_defect_of_an_exporter_costs_no_neighbours(
    application: Application, collector: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    app = application(exporter=Faulty, flush_timeout=LONG)
    app.serve("/no-entry")
    app.serve("/no-delivery", 2)
    app.serve("/orders")
    app.provider.force_flush()
    app.serve("/carts")
    app.provider.force_flush()

    assert ["/orders/0", "/carts/0"] == list(all_paths(collector))
    assert 3 == app.processor.dropped
    assert "1 spans or exchanges could not be exported" in caplog.text
    assert "2 spans or exchanges could not be exported" in caplog.text


def test_a_forked_child_sends_its_own_spans_and_none_of_its_parents(collector: VendorServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.forking", collector.host, str(collector.port)],
        cwd=ROOT,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode
    assert [["/child"], ["/parent", "/parent"]] == [paths(request) for request in collector.requests]


def test_an_exporter_of_exchanges_only_takes_no_spans() -> None:
    class Pipeline:
        queue_size, flush_timeout, max_payload = 1, 1.0, 1000

        def entry(self, exchange: HttpExchange) -> bytes:
            return b""

        def deliver(self, batch: Batch) -> None: ...

        def refuse(self, api: object, origin: object, reason: str) -> None: ...

    exporter: BatchExporter = Pipeline()
    app = App(BatchSpanProcessor(exporter))

    with pytest.raises(TypeError, match="takes exchanges, not spans"):
        app.serve("/orders")
    app.provider.shutdown()


def blocked_until(go_on: threading.Event) -> Callable[[Received], Reply]:
    def answer(_: Received) -> Reply:
        go_on.wait(LIMIT)
        return Reply()

    return answer
