import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from otel_bridge.exporters.base import MAX_PAYLOAD
from otel_bridge.exporters.environment import SettingsError
from otel_bridge.exporters.galileo import GalileoSettings, GalileoSpanExporter
from otel_bridge.exporters.runscope import RunscopeSpanExporter
from otel_bridge.pipeline.processor import BatchSpanProcessor
from tests.loops import LIMIT
from tests.vendor_server import Manner, Received, Reply, VendorServer, closed_port, script

SUCCESS, FAILURE = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
TOKEN = "token-to-keep-secret"


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


def settings(server: VendorServer, **changes: object) -> GalileoSettings:
    given: dict[str, Any] = {"service_token": TOKEN, "host": server.host, "port": server.port, **changes}
    return GalileoSettings(https=False, **given)


def exporter(server: VendorServer, *, seconds: float = LIMIT, **changes: object) -> GalileoSpanExporter:
    return GalileoSpanExporter(settings(server, **changes), export_timeout=seconds)


def spans(
    *targets: str, kind: SpanKind = SpanKind.SERVER, attributes: Mapping[str, object] | None = None
) -> list[ReadableSpan]:
    """A finished span of the SDK for each of *targets*, as a web framework's instrumentation ends them."""
    memory = InMemorySpanExporter()
    limits = SpanLimits(max_span_attributes=1000)
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), span_limits=limits)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("some.framework")
    for target in targets:
        with tracer.start_as_current_span(f"GET {target}", kind=kind) as span:
            span.set_attributes(
                {
                    "http.request.method": "GET",
                    "url.scheme": "https",
                    "server.address": "shop.example.com",
                    "url.path": target,
                    "http.response.status_code": 200,
                    **(attributes or {}),  # type: ignore[dict-item]
                }
            )
    return list(memory.get_finished_spans())


def urls(*requests: Received) -> list[str]:
    return [
        entry["request"]["url"] for request in requests for entry in request.json()["har"]["log"]["entries"]
    ]


def test_spans_arrive_as_one_alf(server: VendorServer) -> None:
    result = exporter(server, environment="test").export(spans("/a", "/b"))
    (request,) = server.requests

    assert SUCCESS == result
    assert ["https://shop.example.com/a", "https://shop.example.com/b"] == urls(request)
    assert (TOKEN, "test") == (request.json()["serviceToken"], request.json()["environment"])


def test_runscope_gets_messages(server: VendorServer) -> None:
    runscope = RunscopeSpanExporter(access_token=TOKEN, bucket_key="bucket", api_endpoint=server.url)
    result = runscope.export(spans("/a", "/b"))
    (request,) = server.requests

    assert SUCCESS == result
    assert "/buckets/bucket/messages" == request.path
    assert f"Bearer {TOKEN}" == request.headers["authorization"]
    assert 2 == len(request.json())


def test_each_api_has_its_own_payload_of_at_most_queue_size(server: VendorServer) -> None:
    shop = spans("/a", "/b", "/c")
    other = spans("/d", attributes={"server.address": "other.example.com"})

    assert SUCCESS == exporter(server, queue_size=2).export([*shop, *other])
    assert [1, 1, 2] == sorted(len(urls(request)) for request in server.requests)


def test_spans_that_are_no_exchanges_are_a_success_without_a_request(server: VendorServer) -> None:
    assert SUCCESS == exporter(server).export(spans("/a", kind=SpanKind.CLIENT))
    assert SUCCESS == exporter(server).export([])
    assert [] == server.requests


def test_redaction_applies(server: VendorServer) -> None:
    exporter(server).export(
        spans("/a", attributes={"http.request.header.authorization": ["Bearer hunter2hunter2"]})
    )

    assert b"hunter2" not in server.requests[0].body
    assert b"REDACTED" in server.requests[0].body


@pytest.mark.parametrize("log_bodies", [False, True])
def test_bodies_go_along_as_configured(server: VendorServer, log_bodies: bool) -> None:
    exporter(server, log_bodies=log_bodies).export(
        spans("/a", attributes={"http.response.body.content": "hello"})
    )
    response = server.requests[0].json()["har"]["log"]["entries"][0]["response"]

    assert log_bodies == ("content" in response)
    assert 5 == response["bodySize"]


def test_what_fails_for_now_is_tried_again_within_the_time(server: VendorServer) -> None:
    server.answer = script([Reply(503), Reply(manner=Manner.CLOSE)])

    assert SUCCESS == exporter(server, seconds=LIMIT).export(spans("/a"))
    assert 3 == len(server.requests)


@pytest.mark.parametrize(
    "reply", [Reply(503), Reply(manner=Manner.HANG), Reply(429, headers={"Retry-After": "60"})]
)
def test_a_failing_destination_is_a_failure_within_the_time(
    server: VendorServer, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    server.answer = lambda _: reply
    begin = time.monotonic()

    assert FAILURE == exporter(server, seconds=0.3).export(spans("/a", "/b"))
    assert time.monotonic() - begin < LIMIT
    assert "2 exchanges were not delivered in time and are lost" in caplog.text


def test_a_destination_that_is_not_there_is_a_failure() -> None:
    gone = GalileoSpanExporter(
        service_token=TOKEN, host="127.0.0.1", port=closed_port(), https=False, export_timeout=0.3
    )

    assert FAILURE == gone.export(spans("/a"))


def test_a_wrong_token_is_a_failure_at_once(server: VendorServer, caplog: pytest.LogCaptureFixture) -> None:
    server.answer = lambda _: Reply(401)
    begin = time.monotonic()

    assert FAILURE == exporter(server, seconds=2 * LIMIT).export(spans("/a"))
    assert time.monotonic() - begin < LIMIT
    assert "check service_token" in caplog.text
    assert TOKEN not in caplog.text


def test_a_refused_exchange_is_a_failure_but_its_neighbours_are_delivered(
    server: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    def answer(request: Received) -> Reply:
        if b"/bad" in request.body:
            return Reply(400, b"bad url")
        taken.extend(urls(request))
        return Reply()

    server.answer = answer

    assert FAILURE == exporter(server).export(spans("/a", "/b", "/bad", "/c"))
    assert ["/a", "/b", "/c"] == sorted(url[-2:] for url in taken)
    assert "1 exchanges are lost: refused with 400 (400 Bad Request: bad url)" in caplog.text


def test_an_exchange_that_no_payload_can_hold_is_a_failure(
    server: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    # Each of them is short enough to be taken into the exchange.
    headers = {
        f"http.request.header.x-{number:04d}": "x" * 30_000 for number in range(MAX_PAYLOAD // 30_000 + 1)
    }
    huge = spans("/huge", attributes=headers)

    assert FAILURE == exporter(server).export([*spans("/a"), *huge])
    assert ["https://shop.example.com/a"] == urls(*server.requests)
    assert "without its bodies" in caplog.text


def test_a_span_that_is_no_otlp_does_not_cost_its_neighbours(
    server: VendorServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert FAILURE == exporter(server).export([*spans("/a"), *spans("/\ud800"), *spans("/b")])
    assert ["https://shop.example.com/a", "https://shop.example.com/b"] == urls(*server.requests)
    assert "1 spans are lost" in caplog.text


def test_export_works_where_an_event_loop_runs(server: VendorServer) -> None:
    async def application() -> SpanExportResult:
        return exporter(server).export(spans("/a"))

    assert SUCCESS == asyncio.run(application())


def test_export_works_from_many_threads_at_once(server: VendorServer) -> None:
    server.answer = lambda _: Reply(delay=0.05)
    shared = exporter(server)
    batches = [spans(f"/{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(shared.export, batches))

    assert [SUCCESS] * 8 == results
    assert 8 == len(server.requests)


def test_nothing_that_is_sent_becomes_a_span(server: VendorServer) -> None:
    server.answer = script([Reply(503)])
    suppressed: list[object] = []

    key = context._SUPPRESS_INSTRUMENTATION_KEY
    # It speaks up where it sends.
    logger = logging.getLogger("otel_bridge.delivery.dispatcher")
    handler = logging.Handler()
    handler.emit = lambda record: suppressed.append(context.get_value(key))  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        exporter(server).export(spans("/a"))
    finally:
        logger.removeHandler(handler)

    assert suppressed
    assert {True} == set(suppressed)
    assert context.get_value(key) is None


def test_shutdown_interrupts_an_export(server: VendorServer) -> None:
    server.answer = lambda _: Reply(manner=Manner.HANG)
    hanging = exporter(server, seconds=2 * LIMIT)
    results: list[SpanExportResult] = []
    thread = threading.Thread(target=lambda: results.append(hanging.export(spans("/a"))))
    thread.start()
    server.wait_for(1)
    hanging.shutdown()
    thread.join(LIMIT)

    assert [FAILURE] == results


def test_after_shutdown_nothing_is_sent(server: VendorServer) -> None:
    closed = exporter(server)
    closed.shutdown()

    assert FAILURE == closed.export(spans("/a"))
    assert [] == server.requests


def test_there_is_nothing_to_flush(server: VendorServer) -> None:
    assert exporter(server).force_flush()


def test_settings_come_from_the_environment_and_by_keyword(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALILEO_SERVICE_TOKEN", "from environment")
    monkeypatch.setenv("GALILEO_HOST", server.host)
    monkeypatch.setenv("GALILEO_PORT", str(server.port))
    monkeypatch.setenv("GALILEO_HTTPS", "false")
    GalileoSpanExporter(service_token="by-keyword").export(spans("/a"))

    assert "by-keyword" == server.requests[0].json()["serviceToken"]


def test_keywords_change_given_settings(server: VendorServer) -> None:
    GalileoSpanExporter(settings(server), environment="other").export(spans("/a"))

    assert "other" == server.requests[0].json()["environment"]


def test_the_sdks_export_timeout_is_kept(server: VendorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "200")
    server.answer = lambda _: Reply(manner=Manner.HANG)
    begin = time.monotonic()

    assert FAILURE == GalileoSpanExporter(settings(server)).export(spans("/a"))
    assert time.monotonic() - begin < 25  # its default is 30
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "soon")
    with pytest.raises(SettingsError, match="OTEL_BSP_EXPORT_TIMEOUT has to be"):
        GalileoSpanExporter(settings(server))


def test_the_bridges_batch_span_processor_drives_it(server: VendorServer) -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter(server, flush_timeout=3600, queue_size=2)))
    tracer = provider.get_tracer("t")
    for _ in range(3):
        tracer.start_span(
            "GET", kind=SpanKind.SERVER, attributes={"http.method": "GET", "http.url": "http://h/"}
        ).end()
    server.wait_for(1)
    provider.shutdown()

    assert [2, 1] == [len(urls(request)) for request in server.requests]
