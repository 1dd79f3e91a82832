"""Header attributes as name and value pairs, however a sender packs them.

    list of strings             one value each (the conventions; Kong 3.9)
    one string                  one value; from Kong before 3.9 values joined by newlines, which no
                                header value can hold
    JSON object or map          all headers of a side in one attribute (Highlight)

A list of one string with commas in it stays one value: only the header's own grammar could tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import orjson

from otel_bridge.mapping.exchange import Headers
from otel_bridge.mapping.scalars import header_text
from otel_bridge.otlp.values import Value

_NAME = itemgetter(0)


def values_of_kong(value: Value) -> list[str]:
    """The values of one header of a Kong span."""
    if isinstance(value, list):
        return [header_text(item) for item in value]
    return header_text(value).split("\n")


def values_of_others(value: Value) -> list[str]:
    """Likewise of any other sender's span."""
    if isinstance(value, list):
        return [header_text(item) for item in value]
    return [header_text(value)]


def name_of_others(name: str) -> str:
    """The header that anybody but Kong calls *name*.

    Python's instrumentations still write `_` for `-`, as the conventions once said; nobody else has
    an underscore in a header name, because servers refuse or drop those.
    """
    return name.replace("_", "-") if "_" in name and "-" not in name else name


def of_object(value: Value) -> Headers:
    """All headers of a side; nothing of what is not an object."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return ()
    if not isinstance(value, dict):
        return ()
    return tuple(
        [(name_of_others(name), text) for name, item in value.items() for text in values_of_others(item)]
    )


def merged(singly: Sequence[tuple[str, str]], from_object: Headers) -> Headers:
    """Headers in the order of their names; an object's only where there is no attribute of its own."""
    named = {name.lower() for name, _ in singly}
    others = [pair for pair in from_object if pair[0].lower() not in named]
    return tuple(sorted([*singly, *others], key=_NAME))
