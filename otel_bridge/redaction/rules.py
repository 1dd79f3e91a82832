"""What redaction looks for, as the user wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from otel_bridge.redaction import defaults, names, patterns


@dataclass(frozen=True)
class RedactionRules:
    """Names and patterns; raises ValueError, naming the entry, where one makes no sense."""

    headers: tuple[str, ...]
    """Headers, request or response, whose values are replaced."""
    query: tuple[str, ...]
    """Arguments in the query of any URL."""
    fields: tuple[str, ...]
    """Fields of JSON, form, multipart and XML bodies, at any depth."""
    patterns: tuple[str, ...]
    """RE2 over all text. A pattern with a group replaces what the first group holds."""

    def __post_init__(self) -> None:
        for name in (*self.headers, *self.query, *self.fields):
            names.check(name)
        for pattern in self.patterns:
            patterns.check(pattern)

    @classmethod
    def none(cls) -> Self:
        """Rules that replace nothing."""
        return cls((), (), (), ())

    def extended(
        self,
        *,
        headers: Iterable[str] = (),
        query: Iterable[str] = (),
        fields: Iterable[str] = (),
        patterns: Iterable[str] = (),
    ) -> RedactionRules:
        """These rules and more; raises ValueError as the constructor does."""
        return RedactionRules(
            (*self.headers, *headers),
            (*self.query, *query),
            (*self.fields, *fields),
            (*self.patterns, *patterns),
        )


DEFAULTS = RedactionRules(defaults.HEADERS, defaults.QUERY, defaults.FIELDS, patterns.DEFAULTS)
