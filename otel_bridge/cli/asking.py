"""What commands ask about traffic: a query, and from when to when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from otel_bridge.inspector.query import Query, QuerySyntaxError, parse

_Command = TypeVar("_Command", bound=Callable[..., Any])

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"(\d{1,9})\s*([smhdw])", re.ASCII)


def query_options(command: _Command) -> _Command:
    """`--query`, `--from` and `--to`, as arguments `query`, `start_us` and `end_us`."""
    for option in (
        click.option("--to", "end_us", metavar="T", callback=moment, help="Only what began before."),
        click.option(
            "--from",
            "start_us",
            metavar="T",
            callback=moment,
            help="Only what began then or later. T is a time like 2026-11-21T22:00, UTC where it names no "
            "zone, or so long ago: 90s, 30m, 24h, 7d, 2w.",
        ),
        click.option(
            "--query",
            metavar="Q",
            callback=_query,
            required=True,
            help="Which exchanges, in the inspector's query language (docs/query.md); '' is all of them.",
        ),
    ):
        command = option(command)
    return command


def instant(text: str, *, now_us: int) -> int:
    """Unix microseconds of *text*, an ISO 8601 time or so long before *now_us*. Raises ValueError."""
    if ago := _AGO.fullmatch(text.strip()):
        return max(now_us - int(ago[1]) * _UNITS[ago[2]] * 1_000_000, 0)
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return max(round(found.timestamp() * 1_000_000), 0)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is neither a time like 2026-11-21T22:00 nor an age like 24h") from error


def moment(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """The callback of an option that takes what `instant` does: Unix microseconds."""
    if value is None:
        return None
    try:
        return instant(value, now_us=time.time_ns() // 1000)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _query(_: click.Context, __: click.Parameter, value: str) -> Query:
    try:
        return parse(value)
    except QuerySyntaxError as error:
        raise click.ClickException(_underlined(value, error)) from error


def _underlined(text: str, error: QuerySyntaxError) -> str:
    # A column is a column only of what takes one.
    shown = "".join(character if character.isprintable() else " " for character in text)
    marks = " " * error.start + "^" * max(error.end - error.start, 1)
    return f"{error.message}\n  {shown}\n  {marks}"
