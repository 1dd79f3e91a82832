from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otel_bridge.otlp.access_logs import may_hold_some, sift
from otel_bridge.otlp.normalise import UndecodableError, normalise_logs
from tests.access_logs import Access, log_line, logs


def test_access_logs_stay_byte_for_byte() -> None:
    record = logs(Access(1), Access(2))

    sifted = sift(record)

    assert (2, 0) == (sifted.kept, sifted.others)
    assert record is sifted.record


def test_other_log_records_are_left_out_with_their_senders() -> None:
    # Requests of OTLP concatenate.
    sifted = sift(log_line("starting") + logs(Access(1)) + log_line("a line", {"http.request.method": "GET"}))

    assert (1, 2) == (sifted.kept, sifted.others)
    assert logs(Access(1)) == sifted.record


@pytest.mark.parametrize(
    "attributes",
    [
        {"kong.request.id": "00ff"},
        {"http.request.method": "GET", "url.full": "http://h/"},
    ],
    ids=["no method", "no request id of Kong's"],
)
def test_lines_of_a_request_are_no_access_log(attributes: dict[str, str]) -> None:
    assert (0, 1) == sift(log_line("GET /", attributes))[1:]


def test_a_look_at_the_bytes_rules_most_logs_out() -> None:
    assert may_hold_some(logs(Access(1)))
    assert not may_hold_some(log_line("starting"))


def test_text_that_is_not_utf8_is_repaired_in_logs_too() -> None:
    record = logs(Access(1, {"http.request.header.x": "plain?text"})).replace(b"plain?text", b"plain\xfftext")

    normalised = normalise_logs(record)

    assert (1, 1) == (normalised.items, normalised.repaired)
    parsed = ExportLogsServiceRequest.FromString(normalised.record)
    (value,) = (
        item.value
        for item in parsed.resource_logs[0].scope_logs[0].log_records[0].attributes
        if item.key == "http.request.header.x"
    )

    assert b"plain\xfftext" == value.bytes_value


def test_what_is_no_logs_request_is_refused() -> None:
    with pytest.raises(UndecodableError, match="ExportLogsServiceRequest"):
        normalise_logs(b"\xff\xff")
