"""The formats by name, and how a stream of exchanges becomes a file of one.

Pure. A file is its head, its exchanges with something between them, and its tail; no writer knows more
than one exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from otel_bridge.formats import har as har_format
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.export import csv, har, ndjson, otlp


class Format(NamedTuple):
    media_type: str
    suffix: str
    """Of a file's name, without the dot."""
    entry: Callable[[Exchange], bytes]
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""


_HAR_HEAD, _HAR_TAIL = har_format.document([b"\0"]).split(b"\0")

FORMATS: Mapping[str, Format] = {
    "har": Format(
        "application/json", "har", har.entry, head=_HAR_HEAD, between=b",\n", tail=_HAR_TAIL + b"\n"
    ),
    "ndjson": Format("application/x-ndjson", "ndjson", ndjson.line),
    "otlp": Format("application/x-ndjson", "otlp.jsonl", otlp.line),
    "csv": Format("text/csv; charset=utf-8", "csv", csv.row, head=csv.HEADINGS),
}


def written(exchanges: Iterable[Exchange], form: Format) -> Iterator[bytes]:
    """The file in pieces: its head, one for each exchange, its tail. Without exchanges it is valid too."""
    yield form.head
    between = b""
    for exchange in exchanges:
        yield between + form.entry(exchange)
        between = form.between
    yield form.tail
