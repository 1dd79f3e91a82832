"""Whole records: which spans have to be looked at, and putting them back.

Nearly all records end at the first line of `Redactor.redact`.
"""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.otlp.levels import Request, ResourceSpans, ScopeSpans
from otel_bridge.redaction.codings import Decoder
from otel_bridge.redaction.keys import Keys
from otel_bridge.redaction.masked import Masked
from otel_bridge.redaction.rules import RedactionRules
from otel_bridge.redaction.spans import Spans
from otel_bridge.redaction.trigger import Trigger


class Redacted(NamedTuple):
    record: bytes
    """The very record that was given where nothing had to change."""
    masked: int
    """Values that were replaced."""


class Redactor:
    """Applies *rules* to records; may be used from several threads.

    Without *keep_bodies* the contents of bodies are removed (no exporter wants them) and their exact
    length is kept.
    """

    def __init__(self, rules: RedactionRules, *, keep_bodies: bool = True) -> None:
        self._trigger = Trigger(rules, keep_bodies=keep_bodies)
        keys = Keys(rules)
        self._masked = Masked(keys)
        self._spans = Spans(rules, keys, self._trigger, keep_bodies=keep_bodies)

    def suspects(self, record: bytes) -> bool:
        """Whether `redact` has to look closer at *record*, which takes up to a second for each MiB of it."""
        return self._trigger.first(self._masked.veil(record)) >= 0

    def redact(self, record: bytes) -> Redacted:
        """*record*, a normalised ExportTraceServiceRequest, without its secrets.

        What was done to a span is told by its attributes `otel_bridge.masked` and
        `otel_bridge.{request,response}.body.{redacted,decoded,omitted}`.
        """
        veiled = self._masked.veil(record)
        first = self._trigger.first(veiled)
        if first < 0:
            return Redacted(record, 0)
        return _Pass(record, veiled, first, self._trigger, self._spans).result()


class _Pass:
    """One way through a record, from one suspicious place to the next."""

    def __init__(self, record: bytes, veiled: bytes, first: int, trigger: Trigger, spans: Spans) -> None:
        self._record = record
        self._veiled = veiled
        self._suspicious = first
        self._trigger = trigger
        self._spans = spans
        self._decoder = Decoder()
        self._position = 0
        self._changed = False
        self._masked = 0

    def result(self) -> Redacted:
        request = Request.FromString(self._record)
        for index, raw in enumerate(request.resource_spans):
            request.resource_spans[index] = self._resource_spans(raw)
        return Redacted(request.SerializeToString() if self._changed else self._record, self._masked)

    def _resource_spans(self, raw: bytes) -> bytes:
        message = ResourceSpans.FromString(raw)
        if message.resource and self._trigger.first(message.resource) >= 0:
            message.resource = self._took(message.resource, self._spans.resource(message.resource))
        for index, scope_spans in enumerate(message.scope_spans):
            message.scope_spans[index] = self._scope_spans(scope_spans)
        return message.SerializeToString()

    def _scope_spans(self, raw: bytes) -> bytes:
        message = ScopeSpans.FromString(raw)
        if message.scope and self._trigger.first(message.scope) >= 0:
            message.scope = self._took(message.scope, self._spans.scope(message.scope))
        for index, span in enumerate(message.spans):
            if self._is_suspicious(span):
                message.spans[index] = self._took(span, self._spans.span(span, self._decoder))
        return message.SerializeToString()

    def _is_suspicious(self, span: bytes) -> bool:
        """Whether a suspicious place lies in *span*, the next one in the record."""
        if self._suspicious < 0:
            return False
        start = self._record.find(span, self._position)
        self._position = start + len(span)
        if self._suspicious < start:
            self._suspicious = self._trigger.first(self._veiled, start)
        if not 0 <= self._suspicious < self._position:
            return False
        self._suspicious = self._trigger.first(self._veiled, self._position)
        return True

    def _took(self, before: bytes, after: tuple[bytes, int] | None) -> bytes:
        if after is None:
            return before
        self._changed = True
        self._masked += after[1]
        return after[0]
