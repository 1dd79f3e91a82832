"""Whether two exporters of one type want the same exchanges with the same right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from otel_bridge.config.fields import key_type
from otel_bridge.config.models import ApplyTo


def clashes(selectors: Mapping[str, ApplyTo]) -> Iterator[tuple[str, str]]:
    """For each pair of exporters that can't be told apart: the later one's key, and why.

    Selectors with different parts never tie, Kong's precedence decides. With the same parts, they tie
    for every exchange that fits both.
    """
    for (first, one), (second, other) in combinations(selectors.items(), 2):
        if key_type(first) != key_type(second):
            continue
        mine, theirs = one.parts, other.parts
        if mine.keys() != theirs.keys():
            continue
        if not mine:
            yield second, f"takes everything, as `{first}` does: give one of them an `apply_to`"
        elif all(mine[part] & theirs[part] for part in mine):
            shared = ", ".join(f"{part} {' or '.join(sorted(mine[part] & theirs[part]))}" for part in mine)
            yield second, f"selects the same as `{first}`: {shared}"
