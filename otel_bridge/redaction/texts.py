"""All rules over one text.

Each method takes a text and returns it with its secrets replaced, and how many they were; a text
without any is returned as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from otel_bridge.redaction import arguments, patterns
from otel_bridge.redaction.arguments import IN_FORM, IN_TEXT, IN_URL, Arguments
from otel_bridge.redaction.edits import Edit, applied
from otel_bridge.redaction.json_fields import JsonFields
from otel_bridge.redaction.markup import Markup
from otel_bridge.redaction.multipart import Multipart
from otel_bridge.redaction.names import alternation, header_alternation
from otel_bridge.redaction.rules import RedactionRules
from otel_bridge.redaction.trigger import Trigger, escaped
from otel_bridge.redaction.views import LARGEST, MARKERS, View, views

# Each secret takes some microseconds of Python, and whoever sends a request can write many.
MOST = 10_000


class TooLargeError(Exception):
    """There is more in the text than may be looked at: escapes in a large one, or secrets."""


# What one rule replaced may have kept another from seeing its own: two are enough but for made-up texts.
_PASSES = 4

_Pass = Callable[[bytes], tuple[bytes, int]]


class Texts:
    """The rules for text."""

    def __init__(self, rules: RedactionRules, trigger: Trigger) -> None:
        fields, query = alternation(rules.fields), alternation(rules.query)
        self._trigger = trigger
        self._escaped = escaped(rules)
        self._shapes = patterns.Shapes(rules.patterns)
        self._json = JsonFields(fields)
        self._headers = JsonFields(header_alternation(rules.headers))
        self._markup = Markup(fields)
        self._multipart = Multipart(fields)
        self._fields = Arguments(fields, alternation(()))
        self._arguments = Arguments(fields, query)
        self._query = Arguments(alternation(()), query)
        self._mask_user_info = bool(rules.query)

    def body(self, text: bytes, *, cut: bool) -> tuple[bytes, int]:
        """A body; *cut*: its end may be missing. Raises TooLargeError."""
        return _settled(lambda given: self._anything(given, form=arguments.is_form(given), cut=cut), text)

    def url(self, text: bytes) -> tuple[bytes, int]:
        """A URL, or a path with its query."""
        return _settled(lambda given: self._other(given, IN_URL, from_start=False), text)

    def query(self, text: bytes) -> tuple[bytes, int]:
        """A query without its question mark."""
        return _settled(lambda given: self._other(given, IN_URL, from_start=True), text)

    def plain(self, text: bytes) -> tuple[bytes, int]:
        """Any other text: a header, a message, a name. It may hold what bodies do. Raises TooLargeError."""
        return _settled(lambda given: self._anything(given, form=False, cut=False), text)

    def header_object(self, text: bytes) -> tuple[bytes, int]:
        """All headers of one side as a JSON object."""
        return _settled(self._in_header_object, text)

    def _in_header_object(self, text: bytes) -> tuple[bytes, int]:
        edits = [*self._headers.find(text), *self._shapes.find(text), *self._in_url(text, IN_TEXT)]
        return applied(text, edits)

    def _anything(self, text: bytes, *, form: bool, cut: bool) -> tuple[bytes, int]:
        if not self._trigger.in_text(text):
            return text, 0
        edits = list(self._shapes.find(text))
        for view in self._views(text):
            end = IN_FORM if form and view.text is text else IN_TEXT
            found = self._in_body(view.text, form=form, end=end, cut=cut)
            edits += view.original(islice(found, MOST + 1))
            if len(edits) > MOST:
                raise TooLargeError
        return applied(text, edits)

    def _other(self, text: bytes, end: re.Pattern[bytes], *, from_start: bool) -> tuple[bytes, int]:
        if not self._trigger.in_text(text):
            return text, 0
        edits = list(self._shapes.find(text))
        for view in self._views(text):
            ends = end if view.text is text else IN_TEXT
            edits += view.original(self._in_url(view.text, ends, from_start=from_start))
        return applied(text, edits)

    def _views(self, text: bytes) -> Iterator[View]:
        if not any(marker in text for marker in MARKERS) or self._escaped.search(text) is None:
            return iter([View(text)])
        if len(text) > LARGEST:
            raise TooLargeError
        return views(text)

    def _in_body(self, text: bytes, *, form: bool, end: re.Pattern[bytes], cut: bool) -> Iterator[Edit]:
        yield from self._json.find(text)
        yield from self._markup.find(text, cut=cut)
        yield from self._multipart.find(text)
        # The arguments of a form are fields.
        yield from (self._fields if form else self._arguments).find(text, end)
        yield from self._user_info(text)

    def _in_url(self, text: bytes, end: re.Pattern[bytes], *, from_start: bool = False) -> Iterator[Edit]:
        yield from self._query.find(text, end, from_start=from_start)
        yield from self._user_info(text)

    def _user_info(self, text: bytes) -> Iterator[Edit]:
        return arguments.user_info(text) if self._mask_user_info else iter(())


def _settled(once: _Pass, text: bytes) -> tuple[bytes, int]:
    """*text* as *once* leaves it when there is nothing left to do, and the sum of the counts."""
    count = 0
    for _ in range(_PASSES):
        text, replaced = once(text)
        if not replaced:
            break
        count += replaced
    return text, count
