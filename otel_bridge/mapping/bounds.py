"""How much of a span becomes part of an exchange.

Senders may write whatever fits into a request; an exchange holds what HTTP calls really have, many
times over. More is left out here, and told by reason, so that one span costs its neighbours nothing:

    attributes   of one span or event, over `MOST_ATTRIBUTES`; the first ones are read
    length       of one value, or of its name, that is no body, over `LONGEST`; the value is cut, or left out
    events       of one span, over `MOST_EVENTS`; the first ones are looked at for bodies

Bodies have no bound but the request's own.
"""

from __future__ import annotations

from otel_bridge.otlp.values import Value

MOST_ATTRIBUTES = 1024
MOST_EVENTS = 128

LONGEST = 32 * 1024
"""Bytes of one attribute that is no body, or of a text in it."""

LONGEST_OBJECT = 256 * 1024
"""Bytes of an attribute that holds all headers of a side; one that is longer is left out."""

LONGEST_NAME = 1024
"""Bytes of an attribute's name, of a span's and of a scope's."""

MOST_VALUES = 256
"""Of one header, or of any other list or map."""

TRACE_ID = 16
SPAN_ID = 8
"""Bytes of an id; what is longer is none, and cut."""


def cut(value: Value) -> Value:
    """*value* with no text longer than `LONGEST` and no list longer than `MOST_VALUES`."""
    match value:
        case str() | bytes():
            return value[:LONGEST]
        case list():
            return [cut(item) for item in value[:MOST_VALUES]]
        case dict():
            return {name[:LONGEST_NAME]: cut(item) for name, item in list(value.items())[:MOST_VALUES]}
        case _:
            return value
