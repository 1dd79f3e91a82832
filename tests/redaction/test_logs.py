"""Log records are redacted by the rules for spans."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.levels import LogRecord, LogsRequest, ResourceLogs, ScopeLogs
from otel_bridge.otlp.values import Value, decode, encode
from otel_bridge.redaction import DEFAULTS, Redactor
from tests.access_logs import Access, logs
from tests.redaction.records import put, turned
from tests.redaction.test_laws import ATTRIBUTES, FILTERED, NEAR_SECRETS, UNFILTERED, VALUES

REDACTOR = Redactor(DEFAULTS)
CANARY = "c4nary-which-nobody-may-see"


def test_the_secrets_of_an_access_log_are_masked_and_the_rest_stays() -> None:
    given = logs(
        Access(
            1,
            {
                "http.request.header.authorization": f"Bearer {CANARY}",
                "http.request.header.cookie": [CANARY, CANARY],
                "url.query": f"page=2&access_token={CANARY}",
                "http.request.header.x-note": "plain",
                "custom": {"password": CANARY, "colour": "blue"},
            },
        )
    )

    redacted, masked = REDACTOR.redact_logs(given)

    assert CANARY.encode() not in redacted
    assert 5 == masked
    said = attributes_of(redacted)
    assert "page=2&access_token=REDACTED" == said["url.query"]
    assert {"password": "REDACTED", "colour": "blue"} == said["custom"]
    assert "plain" == said["http.request.header.x-note"]
    assert said["otel_bridge.masked"] is True


def test_what_a_log_record_says_is_searched_too() -> None:
    bodies: list[Value] = [f'{{"password": "{CANARY}"}}', {"outer": [{"password": CANARY}]}]
    for body in bodies:
        redacted, masked = REDACTOR.redact_logs(record({"kong.request.id": "1"}, body))

        assert 1 == masked
        assert CANARY.encode() not in redacted


def test_a_record_without_secrets_stays_the_very_same() -> None:
    given = logs(Access(1), Access(2))

    assert REDACTOR.redact_logs(given).record is given


@given(ATTRIBUTES, VALUES, NEAR_SECRETS)
def test_the_trigger_never_misses_what_the_rules_would_find(
    attributes: dict[str, Value], body: Value, name: str
) -> None:
    forwards = record(attributes, body, name)

    for wire in (forwards, backwards(forwards)):
        assert UNFILTERED.redact_logs(wire) == FILTERED.redact_logs(wire)


def record(attributes: dict[str, Value], body: Value = None, name: str = "") -> bytes:
    message = ExportLogsServiceRequest()
    log = message.resource_logs.add().scope_logs.add().log_records.add(flags=1, trace_id=b"t" * 16)
    put(log.attributes, attributes)
    log.severity_text = log.event_name = name
    if body is not None:
        log.body.CopyFrom(AnyValue.FromString(encode(body)))
    return message.SerializeToString()


def backwards(given: bytes) -> bytes:
    """The same with each attribute's value in front of its key."""
    request = LogsRequest.FromString(given)
    group = ResourceLogs.FromString(request.resource_logs[0])
    scope = ScopeLogs.FromString(group.scope_logs[0])
    log = LogRecord.FromString(scope.log_records[0])
    log.attributes[:] = [turned(item) for item in log.attributes]
    scope.log_records[0] = log.SerializeToString()
    group.scope_logs[0] = scope.SerializeToString()
    request.resource_logs[0] = group.SerializeToString()
    return request.SerializeToString()


def attributes_of(given: bytes) -> dict[str, Any]:
    log = ExportLogsServiceRequest.FromString(given).resource_logs[0].scope_logs[0].log_records[0]
    return {item.key: decode(item.value.SerializeToString()) for item in log.attributes}
