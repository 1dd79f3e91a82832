"""The words that an exchange is found by: those of its text, and marks for the values of its fields.

A mark is a word that no search for text can mean: it begins with U+0080. So a rare value is found as
quickly as a rare word. Marks only narrow a search: different values may share one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from zlib import crc32

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query.fields import BY_NAME, response_size
from otel_bridge.inspector.query.searchable import BETWEEN, text_of

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
    "endpoint": "v",
}
"""Fields whose values have marks, and how these begin."""
MARKED_NUMBERS = {"duration": "p", "kong": "q", "upstream": "r", "size": "s"}
"""Fields with a mark for each power of two."""

_STATUS = "o"
_CLASS = "u"
_PREFIX = "t"
_DEEPEST = 4
# Of two: what is below, an eighth of a millisecond or 128 bytes, has the mark of the first, and what is
# above, half a minute or 32 MiB, that of the last: `duration:>20s` has to look for all from its own on.
_LOWEST = 8
_HIGHEST = 26


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
    first, last = (int(max(bound, 0)).bit_length() for bound in (low, high))
    return list(dict.fromkeys(_POWERS[field][first : last + 1]))


def _marks(exchange: Exchange) -> list[str]:
    found = [start + _hash(value) for start, read in _ATTRIBUTES if (value := read(exchange))]
    found += [start + _hash(value) for start, read in _SEVERAL for value in read(exchange)]
    found += _of_status(exchange.status)
    found += [f"{MARK}{_PREFIX}{_hash(prefix)}" for prefix in _prefixes(exchange.path)]
    numbers = (exchange.duration_us, exchange.gateway_us, exchange.upstream_us, response_size(exchange))
    found += [
        powers[number.bit_length() if number > 0 else 0]
        for powers, number in zip(_POWERS.values(), numbers, strict=True)
        if number is not None
    ]
    return found


def _prefixes(path: str) -> Iterator[str]:
    """`/a/`, `/a/b/` ... of what stands before the last slash."""
    segments = path.split("/", _DEEPEST + 1)[1:-1]
    prefix = "/"
    if segments:
        yield prefix
    for segment in segments:
        prefix += f"{segment}/"
        yield prefix


@lru_cache(maxsize=1024)
def _of_status(status: int) -> tuple[str, str]:
    return status_mark(status), class_mark(status // 100)


@lru_cache(maxsize=8192)
def _hash(value: str) -> str:
    # Folded: `lower` of bytes changes ASCII only.
    return hex(crc32(value.encode("utf-8", "surrogatepass").lower()))


_FIELDS = [(f"{MARK}{start}", BY_NAME[name]) for name, start in MARKED_TEXTS.items()]
_ATTRIBUTES = [(start, field.attribute) for start, field in _FIELDS if field.attribute is not None]
_SEVERAL = [(start, field.several) for start, field in _FIELDS if field.several is not None]
# By the length of a number in bits.
_POWERS = {
    name: [f"{MARK}{start}{min(max(power, _LOWEST), _HIGHEST)}" for power in range(64)]
    for name, start in MARKED_NUMBERS.items()
}
