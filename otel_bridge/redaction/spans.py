"""One span (or log record, resource, scope) redacted: attribute by attribute, and marks that tell of it.

The message is read one level at a time and only what changes is written anew, so an attribute, event
or field that holds no secret keeps its bytes and its place.
"""

from __future__ import annotations

import re
from collections.abc import MutableSequence
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.common.v1.common_pb2 import KeyValue as PlainKeyValue

from otel_bridge.otlp.levels import (
    Attributed,
    Event,
    KeyValue,
    Link,
    LogRecord,
    Resource,
    Scope,
    Span,
    Status,
)
from otel_bridge.otlp.values import decode, encode, split
from otel_bridge.redaction import codings, texts, values
from otel_bridge.redaction.bodies import UNCHANGED, Bodies, Outcome, Surroundings
from otel_bridge.redaction.codings import Decoder
from otel_bridge.redaction.edits import REDACTED
from otel_bridge.redaction.keys import Key, Keys, Kind
from otel_bridge.redaction.names import NESTED, alternation, compiled, header_alternation
from otel_bridge.redaction.rules import RedactionRules
from otel_bridge.redaction.texts import Texts
from otel_bridge.redaction.trigger import Trigger
from otel_bridge.redaction.values import Rewrite

# Attributes seen to be clean: a gateway says the same in every span.
_REMEMBERED = 8192
_LONGEST_REMEMBERED = 256

# Where senders tell a body's length; see `mapping/names.py`.
_SIZES = ("http.{side}.body.size", "http.{side}.body.bytes", "http.{side}_content_length", "{side}_size")


_CODINGS = (Kind.CODING, Kind.HEADERS)
_ANNOUNCED_NAME = re.compile(r"content[-_]encoding", re.IGNORECASE)
_ANNOUNCED = re.compile(r"\"content[-_]encoding\"\s*:\s*\[?\s*\"([^\"]*)\"", re.IGNORECASE)


class _Body(NamedTuple):
    place: int
    item: bytes
    key: Key
    value: bytes


class _Work:
    """What was seen and done in one span so far."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.count = 0
        self.changed = False
        self.marks: dict[str, bool | int | str] = {}
        self.announced: dict[str, list[str]] = {}
        """Content codings by side."""
        self.facts: dict[bytes, bytes] = {}
        """What the attributes of the span, and of the event that is looked at, say about bodies."""

    def note(self, count: int) -> None:
        self.count += count
        self.changed = self.changed or count > 0


class Spans:
    """Redacts serialised spans, log records, resources and scopes; None where nothing had to change."""

    def __init__(self, rules: RedactionRules, keys: Keys, trigger: Trigger, *, keep_bodies: bool) -> None:
        self._trigger = trigger
        self._keys = keys
        self._texts = Texts(rules, trigger)
        self._bodies = Bodies(rules, self._texts, keep=keep_bodies)
        self._is_secret_header = compiled(header_alternation(rules.headers), groups=False).fullmatch
        self._is_secret_field = compiled(rf"{NESTED}{alternation(rules.fields)}\]*", groups=False).fullmatch
        self._clean: set[bytes] = set()

    def span(self, raw: bytes, decoder: Decoder) -> tuple[bytes, int] | None:
        """The serialised span *raw* redacted and marked, and how many values were replaced."""
        work = _Work(decoder)
        span = Span.FromString(raw)
        self._attributes(span.attributes, work)
        for index, event in enumerate(span.events):
            span.events[index] = self._event(event, work)
        for index, link in enumerate(span.links):
            span.links[index] = self._link(link, work)
        span.name = self._text(span.name, work)
        span.trace_state = self._text(span.trace_state, work)
        if span.status:
            span.status = self._status(span.status, work)
        if not work.changed:
            return None
        _mark(span.attributes, work)
        return span.SerializeToString(), work.count

    def log_record(self, raw: bytes, decoder: Decoder) -> tuple[bytes, int] | None:
        """The serialised log record *raw*, likewise; what it says is searched as an attribute is."""
        work = _Work(decoder)
        log = LogRecord.FromString(raw)
        self._attributes(log.attributes, work)
        if log.body:
            log.body, replaced = values.with_texts(
                log.body, _bounded(self._texts.plain), self._is_secret_field
            )
            work.note(replaced)
        log.severity_text = self._text(log.severity_text, work)
        log.event_name = self._text(log.event_name, work)
        if not work.changed:
            return None
        _mark(log.attributes, work)
        return log.SerializeToString(), work.count

    def resource(self, raw: bytes) -> tuple[bytes, int] | None:
        return self._holder(Resource.FromString(raw))

    def scope(self, raw: bytes) -> tuple[bytes, int] | None:
        return self._holder(Scope.FromString(raw))

    def _holder(self, holder: Attributed) -> tuple[bytes, int] | None:
        work = _Work(Decoder())
        self._attributes(holder.attributes, work)
        return (holder.SerializeToString(), work.count) if work.changed else None

    def _event(self, raw: bytes, work: _Work) -> bytes:
        if self._trigger.first(raw) < 0 and not work.announced:
            return raw
        event = Event.FromString(raw)
        self._attributes(event.attributes, work)
        event.name = self._text(event.name, work)
        return event.SerializeToString()

    def _link(self, raw: bytes, work: _Work) -> bytes:
        if self._trigger.first(raw) < 0:
            return raw
        link = Link.FromString(raw)
        self._attributes(link.attributes, work)
        link.trace_state = self._text(link.trace_state, work)
        return link.SerializeToString()

    def _status(self, raw: bytes, work: _Work) -> bytes:
        status = Status.FromString(raw)
        status.message = self._text(status.message, work)
        return status.SerializeToString()

    def _attributes(self, attributes: MutableSequence[bytes], work: _Work) -> None:
        bodies = []
        for place, item in enumerate(attributes):
            if item in self._clean or not item:
                continue
            name, value = split(item)
            key = self._keys.read(name)
            if key.kind is Kind.BODY:
                bodies.append(_Body(place, item, key, value))
                continue
            suspicious = self._trigger.first(item) >= 0
            new, replaced = self._value(value, key) if suspicious else (value, 0)
            if replaced:
                attributes[place] = _with_value(item, new)
                work.note(replaced)
            if key.kind is Kind.FACT:
                work.facts[name] = value
            elif key.kind in _CODINGS and suspicious:
                _announce(key, value, work)
            elif not replaced:
                self._remember(item)
        if bodies:
            self._bodies_of(attributes, bodies, work)

    def _value(self, raw: bytes, key: Key) -> tuple[bytes, int]:
        match key.kind:
            case Kind.SECRET:
                return values.masked(raw)
            case Kind.HEADERS:
                return values.with_texts(raw, self._texts.header_object, self._is_secret_header)
            case Kind.URL:
                return values.with_texts(raw, _bounded(self._texts.url))
            case Kind.QUERY:
                return values.with_texts(raw, _bounded(self._texts.query))
            case _:
                return values.with_texts(raw, _bounded(self._texts.plain), self._is_secret_field)

    def _bodies_of(self, attributes: MutableSequence[bytes], bodies: list[_Body], work: _Work) -> None:
        dropped = []
        for place, item, key, value in bodies:
            around = Surroundings(work.facts, work.announced.get(key.side, ()))
            if not self._bodies.concerns(key, around) and self._trigger.first(item) < 0:
                continue
            outcome = self._bodies.rewrite(value, key, around, work.decoder)
            if outcome is UNCHANGED:
                continue
            if outcome.value is None:
                dropped.append(place)
            else:
                attributes[place] = _with_value(item, outcome.value)
            _note_body(outcome, key, work)
        for place in reversed(dropped):
            del attributes[place]

    def _text(self, text: bytes, work: _Work) -> bytes:
        if not text or text in self._clean:
            return text
        new, replaced = _bounded(self._texts.plain)(text)
        work.note(replaced)
        if not replaced:
            self._remember(text)
        return new

    def _remember(self, item: bytes) -> None:
        if len(item) <= _LONGEST_REMEMBERED:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(item)


def _with_value(item: bytes, value: bytes) -> bytes:
    pair = KeyValue.FromString(item)
    pair.value = value
    return pair.SerializeToString()


def _bounded(rewrite: Rewrite) -> Rewrite:
    """*rewrite*, masking all of a text that is too large to be looked into."""

    def rewritten(text: bytes) -> tuple[bytes, int]:
        try:
            return rewrite(text)
        except texts.TooLargeError:
            return REDACTED, 1

    return rewritten


def _announce(key: Key, raw: bytes, work: _Work) -> None:
    """Remember the content codings that a header, or an object of all headers, tells of."""
    value = decode(raw)
    if key.kind is Kind.HEADERS:
        if isinstance(value, dict):
            value = next((item for name, item in value.items() if _ANNOUNCED_NAME.fullmatch(name)), None)
        else:
            value = _ANNOUNCED.findall(value) if isinstance(value, str) else None
    listed = value if isinstance(value, list) else [value]
    work.announced.setdefault(key.side, []).extend(codings.split(v for v in listed if isinstance(v, str)))


def _note_body(outcome: Outcome, key: Key, work: _Work) -> None:
    work.note(outcome.replaced)
    work.changed = True
    if not key.side:
        return
    mark = f"otel_bridge.{key.side}.body"
    if outcome.omitted:
        work.marks[f"{mark}.omitted"] = outcome.omitted
    if outcome.replaced:
        work.marks[f"{mark}.redacted"] = True
    if outcome.decoded:
        work.marks[f"{mark}.decoded"] = True
    sizes = [size.format(side=key.side) for size in _SIZES]
    if outcome.size and not any(size.encode() in work.facts for size in sizes):
        work.marks[sizes[0]] = outcome.size


def _mark(attributes: MutableSequence[bytes], work: _Work) -> None:
    if work.count:
        work.marks["otel_bridge.masked"] = True
    for name, said in work.marks.items():
        value = encode(said)
        if work.facts.get(name.encode()) != value:
            mark = PlainKeyValue(key=name, value=AnyValue.FromString(value))
            attributes.append(mark.SerializeToString())
