"""The words that an exchange is found by: those of its text, and marks for the values of its fields.

A mark is a word that no search for text can mean: it begins with U+0080. So a rare value is found as
quickly as a rare word. Marks only narrow a search: different values may share one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from zlib import crc32

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query.fields import BY_NAME, response_size
from otel_bridge.inspector.query.searchable import BETWEEN, text_of
from otel_bridge.inspector.query.words import fold

MARK = "\x80"
LONGEST_WORD = 32768
"""Bytes of a word that FTS5 looks at."""

MARKED_TEXTS = {
    "method": "a",
    "host": "b",
    "path": "c",
    "service": "d",
    "route": "e",
    "consumer": "f",
    "ip": "g",
    "trace": "h",
    "environment": "i",
    "bucket": "j",
    "gateway": "k",
    "source": "l",
    "upstream.address": "m",
    "id": "n",
}
"""Fields whose values have marks, and how these begin."""
MARKED_NUMBERS = {"duration": "p", "kong": "q", "upstream": "r", "size": "s"}
"""Fields with a mark for each power of two."""

_STATUS = "o"
_CLASS = "u"
_PREFIX = "t"
_DEEPEST = 4
# Of two; what is above, 12 days or a tebibyte, has the same mark.
_HIGHEST = 40


def indexed_text(exchange: Exchange) -> str:
    """What goes into the index."""
    return BETWEEN.join((text_of(exchange), *_marks(exchange)))


def mark(field: str, value: str) -> str:
    """Of a text, for one of `MARKED_TEXTS`."""
    return f"{MARK}{MARKED_TEXTS[field]}{_hash(value)}"


def status_mark(status: int) -> str:
    return f"{MARK}{_STATUS}{status}"


def class_mark(status_class: int) -> str:
    """Of the statuses 500 to 599 for 5."""
    return f"{MARK}{_CLASS}{status_class}"


def prefix_mark(prefix: str) -> str | None:
    """Of paths that begin with *prefix*, as far as its whole segments tell; None if they don't."""
    whole = prefix[: prefix.rfind("/") + 1]
    prefixes = list(_prefixes(whole))
    return f"{MARK}{_PREFIX}{_hash(prefixes[-1])}" if prefixes else None


def number_marks(field: str, low: float, high: float) -> list[str]:
    """All that a number from *low* to *high* may have, for one of `MARKED_NUMBERS`."""
    first, last = (min(int(max(bound, 0)).bit_length(), _HIGHEST) for bound in (low, high))
    return [_power_mark(field, power) for power in range(first, last + 1)]


def _marks(exchange: Exchange) -> Iterator[str]:
    for name in MARKED_TEXTS:
        field = BY_NAME[name]
        if field.several is not None:
            yield from (mark(name, value) for value in field.several(exchange))
        elif field.attribute is not None and (value := field.attribute(exchange)):
            yield mark(name, value)
    yield status_mark(exchange.status)
    yield class_mark(exchange.status // 100)
    yield from (f"{MARK}{_PREFIX}{_hash(prefix)}" for prefix in _prefixes(exchange.path))
    numbers = (exchange.duration_us, exchange.gateway_us, exchange.upstream_us, response_size(exchange))
    for name, number in zip(MARKED_NUMBERS, numbers, strict=True):
        if number is not None:
            yield _power_mark(name, min(max(number, 0).bit_length(), _HIGHEST))


def _prefixes(path: str) -> Iterator[str]:
    """`/a/`, `/a/b/` ... of what stands before the last slash."""
    segments = path.split("/", _DEEPEST + 1)[1:-1]
    return (
        accumulate(segments, lambda prefix, segment: f"{prefix}{segment}/", initial="/")
        if segments
        else iter(())
    )


def _power_mark(field: str, power: int) -> str:
    return f"{MARK}{MARKED_NUMBERS[field]}{power}"


@lru_cache(maxsize=8192)
def _hash(value: str) -> str:
    return f"{crc32(fold(value).encode(errors='surrogatepass')):x}"
