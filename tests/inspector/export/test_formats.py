"""What is exported is what was kept: each format read back by another reader than the one that wrote it."""

from __future__ import annotations

import base64
import csv as stdlib_csv
import io
import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.formats.offline import gather
from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.export import FORMATS, csv, har, ndjson, otlp, written
from otel_bridge.inspector.store.sqlite.rows import storable
from otel_bridge.otlp import files
from otel_bridge.otlp.normalise import normalise
from tests.inspector.export.recorded import kept, mapped, recorded
from tests.inspector.strategies import PATIENT, an_exchange, exchanges
from tests.node_tools import run_node
from tests.recordings import WITH_TRUTH

# The parts of the time come from spans whose times are in whole microseconds here, in nanoseconds there.
ROUNDED_US = 2
PARTS = ("send_us", "wait_us", "receive_us")
KONGS = (("x", "1"), ("x", "2"))
FEW = settings(PATIENT, max_examples=40)


def text(exchanges: Any, form: str) -> str:
    return b"".join(written(exchanges, FORMATS[form])).decode()


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_recorded_traffic_comes_back_from_otlp_as_it_was(name: str) -> None:
    before = recorded(name)
    contents = files.read(text(before, "otlp").encode())
    after = kept(mapped(contents.requests))

    assert [] == contents.faults
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        for part in PARTS:
            assert abs(getattr(one, part) - getattr(other, part)) <= ROUNDED_US
        assert _without_parts(one) == _without_parts(other)


@FEW
@given(st.lists(exchanges(), min_size=1, max_size=4, unique_by=lambda each: each.id))
def test_any_exchange_leaves_as_otlp_that_maps_to_one_exchange(sent: list[Exchange]) -> None:
    sent = [each._replace(trace_id="", span_id="") for each in sent]
    contents = files.read(text(sent, "otlp").encode())
    found = mapped(contents.requests)

    assert [] == contents.faults
    assert [(each.started_us * 1000, each.status) for each in sent] == [(e.start_ns, e.status) for e in found]
    assert [each.id for each in sent] == [each.trace_id.hex() for each in found]


@FEW
@given(st.binary(min_size=1, max_size=40), st.sampled_from([KONGS, ()]))
def test_bodies_and_repeated_headers_survive_otlp(body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    side = Side(headers=headers, body=body, body_size=len(body) + 7, truncated=True, incomplete=True)
    requests = files.read(otlp.line(an_exchange(request=side, response=side))).requests
    # Without redaction, which drops what looks compressed and can't be looked into.
    (found,) = gather(normalise(each).record for each in requests).exchanges

    for headers_found, body_found in (
        (found.request_headers, found.request_body),
        (found.response_headers, found.response_body),
    ):
        assert headers == headers_found
        assert (len(body) + 7, True, True) == (
            body_found.size,
            body_found.truncated,
            body_found.incomplete,
        )
        assert body == body_found.content


@PATIENT
@given(exchanges().map(storable))
def test_ndjson_has_everything(exchange: Exchange) -> None:
    assert exchange == _read(json.loads(ndjson.line(exchange)))


def test_ndjson_is_a_line_for_each() -> None:
    found = recorded("kong-3.9-capture")

    assert list(found) == [_read(json.loads(line)) for line in text(found, "ndjson").splitlines()]


@FEW
@given(st.lists(exchanges(), max_size=4))
def test_csv_has_a_row_for_each_and_no_formula(sent: list[Exchange]) -> None:
    headings, *rows = stdlib_csv.reader(io.StringIO(text(sent, "csv"), newline=""))

    assert list(csv.COLUMNS) == headings
    assert len(sent) == len(rows)
    for exchange, row in zip(sent, rows, strict=True):
        cells = dict(zip(headings, row, strict=True))

        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row)
        for name in ("url", "host", "path", "query", "service", "consumer"):
            told = getattr(exchange, name)
            assert cells[name] in (told, f"'{told}")
            assert cells[name].startswith("'") == told.startswith(tuple("'=+-@\t\r\n"))


@pytest.mark.parametrize(
    "attack", ['=cmd|" /C calc"!A0', "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("//x")']
)
def test_a_formula_in_a_path_is_text_in_a_spreadsheet(attack: str) -> None:
    _, row = stdlib_csv.reader(io.StringIO(text([an_exchange(path=attack)], "csv"), newline=""))

    assert f"'{attack}" == row[list(csv.COLUMNS).index("path")]


def test_times_and_durations_in_csv_can_be_read() -> None:
    (line,) = stdlib_csv.DictReader(io.StringIO(text([an_exchange()], "csv"), newline=""))

    assert "2026-11-21T22:01:54.101000Z" == line["time"]
    assert ["43.0", "3.0", "15.0"] == [line["duration_ms"], line["kong_ms"], line["upstream_ms"]]


def test_har_tells_the_time_as_the_sender_did() -> None:
    told = an_exchange(send_us=1, wait_us=2_000, receive_us=3_500, gateway_us=None, upstream_us=None)
    entry = json.loads(har.entry(told))

    assert {"send": 0.001, "wait": 2.0, "receive": 3.5} == entry["timings"]
    assert 5.501 == entry["time"]
    assert "latency" not in entry["_otel"]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_found_is_a_file_too(form: str) -> None:
    empty = text([], form)

    match form:
        case "har":
            assert [] == json.loads(empty)["log"]["entries"]
        case "csv":
            assert [",".join(csv.COLUMNS)] == empty.splitlines()
        case _:
            assert "" == empty


@FEW
@given(exchanges())
def test_any_exchange_is_an_entry_of_a_har(exchange: Exchange) -> None:
    (entry,) = json.loads(text([exchange], "har"))["log"]["entries"]

    assert exchange.method == entry["request"]["method"]
    assert "://" in entry["request"]["url"]
    assert entry["time"] >= 0


@pytest.mark.field
def test_a_validator_takes_every_har() -> None:
    odd = [
        an_exchange(url="", scheme="", host="", path="", query="", port=None),
        an_exchange(status=0, method="", http_version="", client_address="nonsense", duration_us=None),
        an_exchange(url="*", path="*", scheme="", host="", query=""),
        an_exchange(captured=False, not_captured="why", request=Side(), response=Side()),
        an_exchange(spans=[{"name": 1}, {"spanId": "00"}], resource={"big": 2**64 - 1}, trace_id="zz"),
    ]
    documents = [text(odd, "har"), *(text(recorded(name), "har") for name in WITH_TRUTH)]
    said = run_node("validate.js", "har", stdin="".join(documents).replace(",\n", ",").encode())

    assert [[] for _ in documents] == [json.loads(line) for line in said.splitlines()]


def test_foreign_spans_cost_nothing() -> None:
    strange = [{"name": 1}, {"spanId": "00"}, {"spanId": "0" * 16, "start": 1e300, "duration": 1}]
    exchange = an_exchange(spans=strange, resource={"big": 2**64 - 1, "deep": {"a": [1, None, True, 1.5]}})
    (found,) = mapped(files.read(otlp.line(exchange)).requests)

    assert () == found.helpers
    assert {"a": [1, None, True, 1.5]} == found.resource["deep"]


def test_a_stream_is_written_as_it_is_read() -> None:
    pieces = written(iter(lambda: an_exchange(), None), FORMATS["har"])

    assert 4 == len(list(islice(pieces, 4)))


def _without_parts(exchange: Exchange) -> Exchange:
    return exchange._replace(send_us=0, wait_us=0, receive_us=0)


def _read(line: dict[str, Any]) -> Exchange:
    """An exchange by the documented shape of a line."""
    renamed = {
        "started_us": "started",
        "duration_us": "duration",
        "arrived_us": "arrived",
        "client_address": "client",
        "gateway_us": "kong",
        "upstream_us": "upstream",
    }
    values: dict[str, Any] = {name: line.get(renamed.get(name, name)) for name in Exchange._fields}
    values |= {f"{name}_us": us for name, us in line["timings"].items()}
    values |= {name: _read_side(line[name]) for name in ("request", "response")}
    return Exchange(**{**values, "wire": Wire(line["wire"])})


def _read_side(side: dict[str, Any]) -> Side:
    body = side["body"]
    content = body["text"].encode() if "text" in body else None
    if "base64" in body:
        content = base64.b64decode(body["base64"])
    marks = {name: body[name] for name in ("truncated", "incomplete", "masked", "decoded", "omitted")}
    return Side(
        headers=tuple((name, value) for name, value in side["headers"]),
        headers_size=side["headers_size"],
        body=content,
        body_size=body["size"],
        **marks,
    )
