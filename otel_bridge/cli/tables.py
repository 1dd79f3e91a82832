"""Rows of text, as a table for a terminal, and times and numbers as they stand in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line for each row, columns under each other; the first row is the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def utc(us: int | None) -> str:
    """UTC, to the millisecond; "" where there is none."""
    if us is None:
        return ""
    at = datetime.fromtimestamp(us // 1_000_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{us // 1000 % 1000:03}Z"
