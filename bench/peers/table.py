"""What was measured as a table: the same lines suit a terminal and Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.peers.measure import Figures

HEAD = ("", "CPU µs", "exchanges/s", "peak MiB", "answered ms", "99% ms", "delivered ms")
_COLUMNS: tuple[tuple[Callable[[Figures], float], str], ...] = (
    (lambda each: each.cpu, ".1f"),
    (lambda each: each.per_second, ".0f"),
    (lambda each: each.peak, ".0f"),
    (lambda each: each.acknowledged, ".1f"),
    (lambda each: each.acknowledged_late, ".0f"),
    (lambda each: each.delivered, ".0f"),
)


def lines(rounds: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """A row for each name, of medians; CPU and exchanges with their least and most where there are some."""
    rows = [HEAD, *((name, *_cells(figures)) for name, figures in rounds.items() if figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        name, *figures = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"| {' | '.join([name, *(each.strip().rjust(len(each)) for each in figures)])} |"
        if number == 0:
            yield f"|{'|'.join(['-' * (widths[0] + 2), *('-' * (width + 1) + ':' for width in widths[1:])])}|"


def _cells(figures: Sequence[Figures]) -> Iterator[str]:
    for number, (value, shape) in enumerate(_COLUMNS):
        values = sorted(map(value, figures))
        spread = f" ({values[0]:{shape}} to {values[-1]:{shape}})" if len(values) > 1 and number < 2 else ""
        yield f"{statistics.median(values):{shape}}{spread}"
