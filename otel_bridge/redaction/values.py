"""Attribute values with the texts in them redacted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValueList

from otel_bridge.redaction.edits import REDACTED

Rewrite = Callable[[bytes], tuple[bytes, int]]
"""A text to the text without its secrets, and how many were replaced."""


def with_texts(
    raw: bytes, rewrite: Rewrite, is_secret: Callable[[bytes], Any] | None = None
) -> tuple[bytes, int]:
    """Serialised AnyValue *raw* with *rewrite* applied to each text in it, and the sum of the counts.

    Of maps at any depth, the values whose key *is_secret* are replaced as a whole.
    """
    value = AnyValue.FromString(raw)
    count = _rewrite(value, rewrite, is_secret)
    return (value.SerializeToString(), count) if count else (raw, 0)


def masked(raw: bytes) -> tuple[bytes, int]:
    """*raw* with all it says replaced, value by value: lists and maps keep their length."""
    value = AnyValue.FromString(raw)
    count = _mask(value)
    return (value.SerializeToString(), count) if count else (raw, 0)


def put(value: AnyValue, text: bytes) -> None:
    """Set *value* to *text*, as a string if it can be one."""
    try:
        value.string_value = text.decode()
    except UnicodeDecodeError:
        value.bytes_value = text


def text_of(value: AnyValue) -> bytes | None:
    """The bytes of a string or bytes value; None of any other."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value.encode()
        case "bytes_value":
            return value.bytes_value
        case _:
            return None


def _rewrite(value: AnyValue, rewrite: Rewrite, is_secret: Callable[[bytes], Any] | None) -> int:
    match value.WhichOneof("value"):
        case "string_value":
            text, count = rewrite(value.string_value.encode())
            if count:
                put(value, text)
            return count
        case "bytes_value":
            text, count = rewrite(value.bytes_value)
            if count:
                value.bytes_value = text
            return count
        case "array_value":
            return sum(_rewrite(item, rewrite, is_secret) for item in value.array_value.values)
        case "kvlist_value":
            return _rewrite_map(value.kvlist_value, rewrite, is_secret)
        case _:
            return 0


def _rewrite_map(entries: KeyValueList, rewrite: Rewrite, is_secret: Callable[[bytes], Any] | None) -> int:
    count = 0
    for entry in entries.values:
        if is_secret is not None and is_secret(entry.key.encode()):
            count += _mask(entry.value)
        else:
            count += _rewrite(entry.value, rewrite, is_secret)
    return count


def _mask(value: AnyValue) -> int:
    match value.WhichOneof("value"):
        case None:
            return 0
        case "array_value":
            return sum(map(_mask, value.array_value.values))
        case "kvlist_value":
            return sum(_mask(entry.value) for entry in value.kvlist_value.values)
    text = text_of(value)
    if text is None:
        value.string_value = REDACTED.decode()
        return 1
    # Kong before 3.9 joins the values of a header by newlines.
    lines = text.split(b"\n")
    mask = b"\n".join(line and REDACTED for line in lines)
    if mask == text:
        return 0
    value.string_value = mask.decode()
    return len(lines)
