"""Inputs that broke a law once; fuzzing found them (see `tests/fuzz`)."""

from __future__ import annotations

import pytest

from otel_bridge.otlp.values import Value
from otel_bridge.redaction import DEFAULTS, Redactor
from tests.redaction.records import BODY, record

NOT_REDACTED_AT_ONCE: dict[str, dict[str, Value]] = {
    "a document that no longer ends like one": {BODY: '<secret>se{"pin":t>'},
    "a value and the name of who asks overlap": {BODY: "{?key=a::://b\\u022[:c@d"},
    "a name behind who is asking": {"http.url": "%://%@apikey=%"},
}


@pytest.mark.parametrize("finding", NOT_REDACTED_AT_ONCE)
def test_redacting_again_changes_nothing(finding: str) -> None:
    redactor = Redactor(DEFAULTS)

    once, masked = redactor.redact(record(NOT_REDACTED_AT_ONCE[finding]))

    assert masked > 0
    assert (once, 0) == redactor.redact(once)
