"""collector-config.yaml against the bridge, the capture and the page about it; without a Collector."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from otel_bridge.config import load
from tests.collector.gateway import CONFIG, ROOT
from tests.collector.otlp import CAPTURED, spans
from tests.end_to_end.traffic import replayed

TEXT = CONFIG.read_text()
DOCUMENT: dict[str, Any] = YAML(typ="safe").load(TEXT)
PAGE = (ROOT / "docs" / "collector.md").read_text()
BUILDER: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parent / "builder.yaml")
BRIDGE = [f"otlp_{transport}/bridge" for transport in ("grpc", "http")]
VARIABLES = dict(re.findall(r"\$\{env:(\w+):-([^}]*)\}", TEXT))


def test_the_page_has_every_variable_with_its_default() -> None:
    table = re.findall(r"^\| `([A-Z_]+)` \| `([^`]*)` \|", PAGE, re.MULTILINE)

    assert VARIABLES == dict(table)
    assert TEXT.count("${env:") == len(re.findall(r"\$\{env:\w+:-", TEXT))


def test_the_bridge_of_the_page_listens_where_the_collector_sends(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    protocols = load(file, {}).receivers.otlp.protocols

    assert VARIABLES["BRIDGE_GRPC_ENDPOINT"] == str(protocols.grpc.endpoint)
    assert VARIABLES["BRIDGE_HTTP_ENDPOINT"] == f"http://{protocols.http.endpoint}"


def test_sizes_fit_from_one_hop_to_the_next() -> None:
    otlp = DOCUMENT["receivers"]["otlp"]["protocols"]
    limit = load(None).receivers.otlp.max_request_body_size

    assert limit == otlp["http"]["max_request_body_size"]
    assert limit == otlp["grpc"]["max_recv_msg_size_mib"] << 20
    for name in BRIDGE:
        assert limit == DOCUMENT["exporters"][name]["sending_queue"]["batch"]["max_size"]


@pytest.mark.parametrize("name", BRIDGE)
def test_the_way_to_the_bridge_is_durable_and_patient(name: str) -> None:
    exporter = DOCUMENT["exporters"][name]

    assert "file_storage" == exporter["sending_queue"]["storage"]
    assert "0s" == exporter["retry_on_failure"]["max_elapsed_time"]
    assert DOCUMENT["extensions"]["file_storage"]["fsync"] is True


def test_each_pipeline_limits_memory_first_and_masks_last() -> None:
    for name, pipeline in DOCUMENT["service"]["pipelines"].items():
        assert "memory_limiter" == pipeline["processors"][0], name
        assert "transform/mask" == pipeline["processors"][-1], name


def test_what_the_capture_adds_is_stripped_for_others() -> None:
    (statement,) = DOCUMENT["processors"]["transform/strip"]["trace_statements"]
    pattern = re.search(r'"(.*)"', statement)
    assert pattern
    stripped = re.compile(pattern[1].replace("\\\\", "\\"))
    requests, _ = replayed("kong-3.9-otel-capture")
    keys = {attribute.key for span in spans(requests) for attribute in span.attributes}

    assert {key for key in keys if key.startswith(CAPTURED)} == {key for key in keys if stripped.match(key)}
    assert "http.request.size" in keys


def test_the_tests_collector_has_the_parts_that_the_file_names() -> None:
    parts = " ".join(part["gomod"] for kind in BUILDER.values() if isinstance(kind, list) for part in kind)
    for kind in ("receivers", "processors", "exporters", "extensions"):
        for name in DOCUMENT[kind]:
            module = name.partition("/")[0].replace("_", "").replace("otlpgrpc", "otlp")
            assert f"/{module}{kind[:-1]} " in parts or f"/{module} " in parts, name
    assert {BUILDER["dist"]["version"]} == set(re.findall(r" v(0\.[\d.]+)", parts))
    assert BUILDER["dist"]["version"].rpartition(".")[0] in PAGE
