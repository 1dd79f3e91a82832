"""Figures and formulas are those that were measured; the text is YAML that Kong takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from otel_bridge.kong.prefunction import prefunction
from otel_bridge.kong.recipe import plugin_recipe, prefunction_recipe, traces_endpoint
from otel_bridge.kong.settings import DEFAULT, parse
from otel_bridge.kong.sizes import (
    MIB,
    Queue,
    recommended_queue,
    worst_exchange,
    worst_post,
    worst_worker,
)

URL = "http://bridge.internal:4318/v1/traces"


@pytest.mark.parametrize(
    ("max_body_size", "kilobytes", "post_50"),
    [(16_384, 94, 4.7e6), (65_536, 225, 11.3e6), (1_048_576, 2847, 142e6)],
)
def test_sizes_are_the_measured_ones(max_body_size: int, kilobytes: int, post_50: float) -> None:
    assert kilobytes == worst_exchange(max_body_size) // 1000
    assert post_50 == pytest.approx(worst_post(max_body_size, 50), rel=0.02)


def test_a_worker_at_the_recommended_settings_needs_about_a_gigabyte_at_worst() -> None:
    low, high = worst_worker(65_536, 1000)

    assert (0.9e9, 1.13e9) == pytest.approx((low, high), rel=0.01)


def test_the_recommended_queue_is_the_measured_one() -> None:
    assert Queue(50, 1000) == recommended_queue(65_536)


@given(st.integers(min_value=0, max_value=1024**2))
def test_any_body_size_keeps_posts_and_workers_bounded(max_body_size: int) -> None:
    queue = recommended_queue(max_body_size)

    assert worst_post(max_body_size, queue.max_batch_size) <= 16 * MIB
    assert worst_worker(max_body_size, queue.max_entries)[1] <= 1200 * MIB
    assert 1 <= queue.max_batch_size <= queue.max_entries


def test_the_plugin_form_has_what_was_given_and_nothing_else() -> None:
    settings = parse(["bodies=errors", "redact_json_fields=password,pin"])

    text = plugin_recipe(Path("/opt/otel"), settings, URL, {"bodies", "redact_json_fields"})
    capture, opentelemetry = YAML(typ="safe").load(text)["plugins"]

    assert {"bodies": "errors", "redact_json_fields": ["password", "pin"]} == capture["config"]
    assert "otel-capture" == capture["name"]
    assert {
        "traces_endpoint": URL,
        "queue": {"max_batch_size": 50, "max_entries": 1000, "max_retry_time": 60},
    } == opentelemetry["config"]


@pytest.mark.parametrize(
    "line",
    [
        "#   plugins = bundled,otel-capture",
        "#   lua_package_path = /opt/otel/?.lua;;",
        "#   tracing_instrumentations = request",
        "#   tracing_sampling_rate = 1.0",
        "#   nginx_http_client_body_buffer_size = 64k",
        "#   each POST           11 MiB",
        "#   each Kong worker    862 MiB to 1077 MiB",
    ],
)
def test_the_comments_say_what_kong_conf_needs_and_what_it_costs(line: str) -> None:
    assert line in plugin_recipe(Path("/opt/otel"), DEFAULT, URL)


def test_the_prefunction_form_holds_the_generated_text() -> None:
    text = prefunction_recipe(DEFAULT, URL)

    assert prefunction(DEFAULT) in text
    assert ["pre-function", "opentelemetry"] == [p["name"] for p in YAML(typ="safe").load(text)["plugins"]]


def test_without_bodies_the_buffer_may_stay_as_it_is() -> None:
    text = prefunction_recipe(parse(["bodies=none"]), URL)

    assert "client_body_buffer_size" not in text
    assert "each POST           2.4 MiB" in text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://bridge:4318", "http://bridge:4318/v1/traces"),
        ("http://bridge:4318/", "http://bridge:4318/v1/traces"),
        ("https://bridge/otlp/v1/traces", "https://bridge/otlp/v1/traces"),
    ],
)
def test_the_path_of_the_endpoint_may_be_left_out(given: str, expected: str) -> None:
    assert expected == traces_endpoint(given)


@pytest.mark.parametrize("given", ["bridge:4317", "grpc://bridge:4317", "http://", "http://a\nb"])
def test_what_kong_can_not_post_to(given: str) -> None:
    with pytest.raises(ValueError, match="is not a URL"):
        traces_endpoint(given)
