"""Headers and bodies as senders write them into JSON, read into what they were on the wire."""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Iterator
from typing import Any

from otel_bridge.inspector.exchange import Headers


def headers(value: Any) -> Headers:
    """HAR's `[{name, value}]`, or Runscope's object of a string or a list for each name."""
    if isinstance(value, list):
        return tuple(_items(value))
    return tuple(_members(value)) if isinstance(value, dict) else ()


def plain(text: Any, *, base64: bool) -> bytes | None:
    """The bytes that *text* stands for; None where there are none. Raises ValueError if it is not base64."""
    if not isinstance(text, str) or not text:
        return None
    if not base64:
        return text.encode()
    try:
        return a2b_base64(text)
    except Error as error:
        raise ValueError(str(error)) from error


def shown(value: Any) -> str:
    """*value* as text: Lua's `true` and null stand for an argument without a value."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _items(value: list[Any]) -> Iterator[tuple[str, str]]:
    for item in value:
        if isinstance(item, dict):
            name, text = item.get("name"), item.get("value")
            if isinstance(name, str):
                yield name, text if isinstance(text, str) else shown(text)


def _members(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, text in value.items():
        if isinstance(text, list):
            yield from ((name, shown(each)) for each in text)
        else:
            yield name, shown(text)
