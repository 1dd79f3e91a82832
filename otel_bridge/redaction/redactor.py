"""Whole records: which spans or log records have to be looked at, and putting them back.

Nearly all records end at the first line of `Redactor.redact`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from otel_bridge.otlp import levels
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


class _Shape(NamedTuple):
    """How a signal's request is built: items in scopes in resources, each level with its message."""

    request: Any
    resources: str
    resource: Any
    scopes: str
    scope: Any
    items: str


_TRACES = _Shape(
    levels.Request, "resource_spans", levels.ResourceSpans, "scope_spans", levels.ScopeSpans, "spans"
)
_LOGS = _Shape(
    levels.LogsRequest, "resource_logs", levels.ResourceLogs, "scope_logs", levels.ScopeLogs, "log_records"
)

_Item = Callable[[bytes, Decoder], tuple[bytes, int] | None]


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
        return self._redact(record, _TRACES, self._spans.span)

    def redact_logs(self, record: bytes) -> Redacted:
        """*record*, a normalised ExportLogsServiceRequest, likewise: log records, what they say included."""
        return self._redact(record, _LOGS, self._spans.log_record)

    def _redact(self, record: bytes, shape: _Shape, item: _Item) -> Redacted:
        veiled = self._masked.veil(record)
        first = self._trigger.first(veiled)
        if first < 0:
            return Redacted(record, 0)
        return _Pass(record, veiled, first, self._trigger, self._spans, shape, item).result()


class _Pass:
    """One way through a record, from one suspicious place to the next."""

    def __init__(
        self,
        record: bytes,
        veiled: bytes,
        first: int,
        trigger: Trigger,
        spans: Spans,
        shape: _Shape,
        item: _Item,
    ) -> None:
        self._record = record
        self._veiled = veiled
        self._suspicious = first
        self._trigger = trigger
        self._spans = spans
        self._shape = shape
        self._item = item
        self._decoder = Decoder()
        self._position = 0
        self._changed = False
        self._masked = 0

    def result(self) -> Redacted:
        request = self._shape.request.FromString(self._record)
        resources = getattr(request, self._shape.resources)
        for index, raw in enumerate(resources):
            resources[index] = self._resource(raw)
        return Redacted(request.SerializeToString() if self._changed else self._record, self._masked)

    def _resource(self, raw: bytes) -> bytes:
        message = self._shape.resource.FromString(raw)
        if message.resource and self._trigger.first(message.resource) >= 0:
            message.resource = self._took(message.resource, self._spans.resource(message.resource))
        scopes = getattr(message, self._shape.scopes)
        for index, scope in enumerate(scopes):
            scopes[index] = self._scope(scope)
        serialised: bytes = message.SerializeToString()
        return serialised

    def _scope(self, raw: bytes) -> bytes:
        message = self._shape.scope.FromString(raw)
        if message.scope and self._trigger.first(message.scope) >= 0:
            message.scope = self._took(message.scope, self._spans.scope(message.scope))
        items = getattr(message, self._shape.items)
        for index, item in enumerate(items):
            if self._is_suspicious(item):
                items[index] = self._took(item, self._item(item, self._decoder))
        serialised: bytes = message.SerializeToString()
        return serialised

    def _is_suspicious(self, item: bytes) -> bool:
        """Whether a suspicious place lies in *item*, the next one in the record."""
        if self._suspicious < 0:
            return False
        start = self._record.find(item, self._position)
        self._position = start + len(item)
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
