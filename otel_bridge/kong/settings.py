"""The settings of the plugin `otel-capture`, as its schema.lua has them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

MAX_BODY_SIZE = 1024**2
BODIES = ("none", "errors", "all")

Value = str | int | tuple[str, ...]


class SettingError(ValueError):
    """A setting that the plugin's schema would refuse; the message says which and why."""


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """In the order of schema.lua, with its defaults."""

    bodies: str = "all"
    max_body_size: int = 65536
    """Bytes kept of each body."""
    content_types: tuple[str, ...] = (
        "application/json",
        "application/*+json",
        "application/problem+json",
        "application/x-ndjson",
        "application/xml",
        "application/*+xml",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "text/",
    )
    redact_headers: tuple[str, ...] = (
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "apikey",
        "x-auth-token",
        "x-access-token",
        "x-csrf-token",
        "x-xsrf-token",
        "x-amz-security-token",
    )
    redact_query: tuple[str, ...] = (
        "apikey",
        "api_key",
        "key",
        "token",
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "password",
        "secret",
        "sig",
        "signature",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
    )
    redact_json_fields: tuple[str, ...] = ()

    def items(self) -> list[tuple[str, Value]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


DEFAULT = CaptureSettings()


def parse(assignments: Iterable[str]) -> CaptureSettings:
    """Settings from texts like `bodies=errors` and `redact_json_fields=password,pin`.

    Raises SettingError.
    """
    given: dict[str, Any] = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        given[name] = _value(name, text)
    return CaptureSettings(**given)


def _value(name: str, text: str) -> Value:
    if not text.isprintable():
        raise SettingError(f"{name}: holds a line break or another control character")
    match dict(DEFAULT.items()).get(name):
        case int():
            return _size(name, text)
        case str():
            return _choice(name, text)
        case tuple():
            # A blank beside a comma would become part of a name, which then masks nothing.
            return tuple(item for item in map(str.strip, text.split(",")) if item)
        case _:
            names = [field.name for field in fields(CaptureSettings)]
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(names)}"
            raise SettingError(f"{name}: is no setting of otel-capture; {hint}")


def _size(name: str, text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,6}", text) or int(text) > MAX_BODY_SIZE:
        raise SettingError(f"{name}: must be a whole number of bytes from 1 to {MAX_BODY_SIZE}")
    return int(text)


def _choice(name: str, text: str) -> str:
    if text not in BODIES:
        raise SettingError(f"{name}: must be one of {', '.join(BODIES)}")
    return text
