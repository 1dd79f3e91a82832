"""Real senders: what recorded Kongs posted, and the exporters of the OpenTelemetry SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_bridge.otlp.messages import LenientRequest
from otel_bridge.receiver.signals import METHODS
from otel_bridge.telemetry.instruments import ACCEPTED_SPANS, DUPLICATE_REQUESTS
from tests import recordings
from tests.certificates import Certificates
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import PROTOBUF, Receivers

RECORDED = sorted(recordings.HERE.rglob("*.pb"))
FOLDERS = sorted({path.parent for path in RECORDED})
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def shared(loop: BackgroundLoop) -> Iterator[Receivers]:
    with Receivers(loop, max_request_body_size=64 << 20, tokens=(TOKEN,)) as receivers:
        yield receivers


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def http_client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=LIMIT) as client:
        yield client


@pytest.fixture(scope="module")
def channel(shared: Receivers) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(shared.grpc_address, [("grpc.max_send_message_length", -1)]) as channel:
        yield channel


def span_count(body: bytes) -> int:
    request = LenientRequest.FromString(body)
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(recordings.HERE)))
def test_what_kong_posted_is_accepted_and_strictly_readable(
    receivers: Receivers, http_client: httpx.Client, channel: grpc.Channel, folder: Path
) -> None:
    bodies = [path.read_bytes() for path in RECORDED if path.parent == folder]
    accepted = receivers.metrics.value(ACCEPTED_SPANS, "http")
    duplicates = receivers.metrics.value(DUPLICATE_REQUESTS, "grpc")
    export = channel.unary_unary(next(iter(METHODS)))
    headers = {"content-type": PROTOBUF, "authorization": f"Bearer {TOKEN}"}
    statuses = {
        http_client.post(f"{receivers.url}/v1/traces", content=body, headers=headers).status_code
        for body in bodies
    }
    answers = {
        export(body, metadata=(("authorization", f"Bearer {TOKEN}"),), timeout=LIMIT) for body in bodies
    }

    assert ({200}, {b""}) == (statuses, answers)
    spans = [span_count(body) for body in bodies]
    assert spans == [span_count(request.SerializeToString()) for request in receivers.journal.requests()]
    assert accepted + sum(spans) == receivers.metrics.value(ACCEPTED_SPANS, "http")
    assert duplicates + len(bodies) == receivers.metrics.value(DUPLICATE_REQUESTS, "grpc")


@pytest.fixture(scope="module")
def spans() -> Iterator[list[ReadableSpan]]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("tests")
    for number in range(20):
        with tracer.start_as_current_span(f"GET /orders/{number}", attributes={"http.request.method": "GET"}):
            pass
    yield list(kept.get_finished_spans())
    provider.shutdown()


def by_grpc(receivers: Receivers, compression: str) -> SpanExporter:
    return GrpcExporter(
        receivers.grpc_address,
        insecure=True,
        headers=(("authorization", f"Bearer {TOKEN}"),),
        compression=grpc.Compression.Gzip if compression == "gzip" else None,
    )


def by_http(receivers: Receivers, compression: str) -> SpanExporter:
    return HttpExporter(
        f"{receivers.url}/v1/traces",
        headers={"authorization": f"Bearer {TOKEN}"},
        compression=Compression(compression),
    )


@pytest.mark.parametrize(
    ("make", "compression"),
    [(by_grpc, "none"), (by_grpc, "gzip"), (by_http, "none"), (by_http, "gzip"), (by_http, "deflate")],
)
def test_exporters_of_the_python_sdk(
    receivers: Receivers,
    spans: list[ReadableSpan],
    make: Callable[[Receivers, str], SpanExporter],
    compression: str,
) -> None:
    sender = make(receivers, compression)
    result = sender.export(spans[:10])
    repeated = sender.export(spans[:10])
    sender.shutdown()

    assert SpanExportResult.SUCCESS == result == repeated


def test_exporters_over_mutual_tls(
    loop: BackgroundLoop,
    spans: list[ReadableSpan],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they win over what the exporter is given
        monkeypatch.delenv(variable, raising=False)
    files = certificates.ca_file, certificates.client_key_file, certificates.client_cert_file
    with Receivers(loop, tls=certificates.mutual_tls) as receivers:
        senders: list[SpanExporter] = [
            GrpcExporter(
                receivers.grpc_address,
                credentials=grpc.ssl_channel_credentials(*(file.read_bytes() for file in files)),
            ),
            HttpExporter(
                f"{receivers.url}/v1/traces",
                certificate_file=str(certificates.ca_file),
                client_key_file=str(certificates.client_key_file),
                client_certificate_file=str(certificates.client_cert_file),
            ),
        ]
        for sender in senders:
            assert SpanExportResult.SUCCESS == sender.export(spans)
            sender.shutdown()
