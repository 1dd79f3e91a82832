"""Values of the configuration that other parts of the program have to be asked about.

As in `documents.values`: ValueError where one is wrong, with a message that does not repeat it.
"""

from __future__ import annotations

from otel_bridge.documents.values import required_text
from otel_bridge.retired import is_retired


def query(value: object) -> str:
    """A query of the inspector's language."""
    # With the language come lxml and more, which most configurations don't need.
    from otel_bridge.inspector.query import QuerySyntaxError, parse

    text = required_text(value)
    try:
        parse(text)
    except QuerySyntaxError as error:
        raise ValueError(f"is not a query, {error.placed}") from error
    return text


def not_retired(host: str) -> str:
    if is_retired(host):
        raise ValueError(
            "names a Galileo collector that is shut down: name your own, or the inspector"
            " (host: 127.0.0.1, port: 4380, https: false)"
        )
    return host
