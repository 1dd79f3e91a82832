"""No secret is on the Collector's disk, and other backends see no captured headers or bodies."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.bridge import eventually
from tests.collector.gateway import PATIENCE, Gateway
from tests.collector.otlp import CAPTURED, spans
from tests.disasters.canaries import Plot, found
from tests.end_to_end.traffic import Call, replayed, request
from tests.vendor_server import Reply, VendorServer, closed_port

pytestmark = pytest.mark.field

LEFT_OUT = frozenset({"gzip", "deflate", "br", "zstd"})
"""Bodies that the Collector can't look into."""

UNKNOWN = frozenset(
    {
        "link",
        "single: query, other case",
        "single: query with an encoded name",
        "single: JSON object",
        "single: JSON array",
        "single: JSON name with escapes",
        "single: form, first",
        "single: form, encoded name",
        "single: form, brackets",
        "single: form with JSON in JSON",
        "single: multipart, several lines",
        "single: XML, elements inside",
        "single: XML, CDATA",
        "single: XML attribute of a secret",
        "single: XML, cut in an element",
        "single: XML in XML",
        "single: XML in JSON, escaped",
        "single: JSON in XML",
        "single: user info in JSON",
        "single: map named so",
    }
)
"""What the bridge masks and the Collector's statements don't know; docs/collector.md tells."""


def nowhere() -> dict[str, str]:
    """Settings with which all that is sent stays in the queues."""
    return {
        "BRIDGE_GRPC_ENDPOINT": f"127.0.0.1:{closed_port()}",
        "BACKEND_EXPORTER": "otlp_grpc/backend",
        "BACKEND_ENDPOINT": f"127.0.0.1:{closed_port()}",
    }


def test_secrets_are_masked_before_the_queues_touch_the_disk(tmp_path: Path) -> None:
    plot = Plot().everywhere()
    with Gateway(tmp_path, nowhere()) as gateway:
        status = gateway.post(plot.wire()).status_code
        gateway.kill()
        files = gateway.files()

    assert 200 == status
    assert UNKNOWN == {each.place for each in plot.planted if list(found(each, each.secret, files))}
    # So the test can see: the same search finds what stood beside them.
    assert LEFT_OUT == {each.place for each in plot.planted if not list(found(each, each.harmless, files))}
    assert gateway.logged("s3cr3t") == 0


def test_what_only_looks_like_a_secret_stays(tmp_path: Path) -> None:
    body = json.dumps(
        {
            "south": 5.25,
            "broken": "no",
            "expression": "a=1",
            "bypass": True,
            "laptop": "x",
            "shipping": "free",
        }
        | {"lat": 0.4123456789012345, "key": "k", "signature": "Ann", "sig": "s", "profession": "smith"}
        | {"url": "https://shop.example.com/a@b", "basic": "basic training", "id": 17637792001111222}
    )
    with Gateway(tmp_path, nowhere()) as gateway:
        gateway.post(request(Call("/1", attributes={"http.response.body.content": body})))
        gateway.kill()
        files = gateway.files()

    assert any(body.encode() in file for file in files.values())


def test_another_backend_gets_all_spans_and_no_captured_header_or_body(tmp_path: Path) -> None:
    requests, _ = replayed("kong-3.9-otel-capture")
    ok = Reply(200, b"", headers={"Content-Type": "application/x-protobuf"})
    with VendorServer(lambda _: ok) as bridge, VendorServer(lambda _: ok) as backend:
        settings = {
            "BRIDGE_EXPORTER": "otlp_http/bridge",
            "BRIDGE_HTTP_ENDPOINT": bridge.url,
            "BACKEND_EXPORTER": "otlp_http/backend",
            "BACKEND_HTTP_ENDPOINT": backend.url,
        }
        with Gateway(tmp_path, settings) as gateway:
            for body in requests:
                assert gateway.post(body).status_code == 200
            wanted = {span.span_id for span in spans(requests)}

            def sent(server: VendorServer) -> list[Span]:
                return spans([gzip.decompress(each.body) for each in server.requests])

            eventually(
                lambda: all(wanted == {span.span_id for span in sent(each)} for each in (bridge, backend)),
                "all spans at both",
                PATIENCE,
            )

    keys = {attribute.key for span in sent(backend) for attribute in span.attributes}
    assert [] == [key for key in keys if key.startswith(CAPTURED)]
    assert "http.method" in keys
    assert any(key.startswith(CAPTURED) for span in sent(bridge) for key in [a.key for a in span.attributes])
