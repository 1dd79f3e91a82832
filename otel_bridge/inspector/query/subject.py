"""An exchange as a query looks at it: what has to be decoded is decoded once, and only if a query asks.

Any number of matchers share a subject. It belongs to one thread. Nothing here raises, whatever is in the
exchange: what can't be read is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import orjson
from lxml import etree

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import json_path, xml_path
from otel_bridge.inspector.query.json_path import JsonPath
from otel_bridge.inspector.query.searchable import LARGEST, body_text, content_of, text_of
from otel_bridge.inspector.query.words import fold, squeezed, words
from otel_bridge.inspector.query.xml_path import XmlPath

_UNREAD: Any = object()
_MISSING: Any = object()

# orjson makes floats of integers beyond 64 bits. Bytes are sought so some ten times as fast as by a pattern.
_ALL_DIGITS_ZERO = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_LONG_NUMBER = b"0" * 19
_MOST_PARAMETERS = 1000


class Text:
    """A text and what comparisons need of it."""

    __slots__ = ("_folded", "_squeezed", "_words", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._folded: str | None = None
        self._words: frozenset[str] | None = None
        self._squeezed: str | None = None

    @property
    def folded(self) -> str:
        if self._folded is None:
            self._folded = fold(self.text)
        return self._folded

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(words(self.text))
        return self._words

    @property
    def squeezed(self) -> str:
        """Folded and squeezed."""
        if self._squeezed is None:
            self._squeezed = squeezed(self.folded)
        return self._squeezed


class Content:
    """What one side carries."""

    __slots__ = ("_bytes", "_headers", "_json", "_side", "_text", "_xml")

    def __init__(self, side: Side) -> None:
        self._side = side
        self._headers: dict[str, list[str]] | None = None
        self._bytes: bytes | None = None
        self._text: Text | None = None
        self._json: Any = _UNREAD
        self._xml: Any = _UNREAD

    def header(self, name: str) -> list[str]:
        """The values of the header, by its name folded."""
        if self._headers is None:
            self._headers = {}
            for each, value in self._side.headers:
                self._headers.setdefault(fold(each), []).append(value)
        return self._headers.get(name, [])

    def text(self) -> Text:
        if self._text is None:
            self._text = Text(body_text(self._side))
        return self._text

    def json(self, path: JsonPath) -> Iterator[Any]:
        """The values at *path*: scalars, lists and objects."""
        if self._json is _UNREAD:
            self._json = _read_json(self._content())
        return iter(()) if self._json is _MISSING else json_path.find(self._json, path)

    def xml(self, path: XmlPath) -> Iterator[str]:
        if self._xml is _UNREAD:
            self._xml = _read_xml(self._content())
        return iter(()) if self._xml is None else xml_path.find(self._xml, path)

    def _content(self) -> bytes:
        if self._bytes is None:
            self._bytes = content_of(self._side)
        return self._bytes


class Subject:
    """What matchers match. *pinned* is the store's to know."""

    __slots__ = ("_parameters", "_text", "exchange", "pinned", "request", "response")

    def __init__(self, exchange: Exchange, *, pinned: bool = False) -> None:
        self.exchange = exchange
        self.pinned = pinned
        self.request = Content(exchange.request)
        self.response = Content(exchange.response)
        self._text: Text | None = None
        self._parameters: dict[str, list[str]] | None = None

    def text(self) -> Text:
        """What bare words look through (`searchable.text_of`)."""
        if self._text is None:
            self._text = Text(text_of(self.exchange))
        return self._text

    def parameter(self, name: str) -> list[str]:
        """The decoded values of a parameter in the URL; its name is compared exactly."""
        if self._parameters is None:
            self._parameters = {}
            for pair in self.exchange.query.split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS]:
                key, _, value = pair.partition("=")
                self._parameters.setdefault(unquote_plus(key), []).append(unquote_plus(value))
        return self._parameters.get(name, [])


def _read_json(content: bytes) -> Any:
    if not content or len(content) > LARGEST:
        return _MISSING
    try:
        if _LONG_NUMBER in content.translate(_ALL_DIGITS_ZERO):
            return json.loads(content, parse_constant=_no_constant)
        return orjson.loads(content)
    except (ValueError, RecursionError):
        return _MISSING


def _no_constant(_: str) -> None:
    raise ValueError


def _read_xml(content: bytes) -> etree._Element | None:
    if len(content) > LARGEST or not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
