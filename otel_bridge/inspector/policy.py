"""What of the arriving traffic is kept at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import Subject, matcher, parse
from otel_bridge.inspector.settings import LogBodies

NOT_KEPT = "not kept"
"""Why a side has no body where `log_bodies` says so."""

_FIRST_ERROR = 400


class Policy:
    def __init__(self, *, log_bodies: LogBodies, exclude: Iterable[str]) -> None:
        """*exclude* are queries. Raises `QuerySyntaxError`."""
        self._log_bodies = log_bodies
        self._excluded = [matcher(parse(text)) for text in exclude]

    def apply(self, exchanges: Sequence[Exchange]) -> list[Exchange]:
        """Those of *exchanges* that are to be kept, as they are to be kept."""
        return [self._trimmed(exchange) for exchange in exchanges if not self._is_excluded(exchange)]

    def _is_excluded(self, exchange: Exchange) -> bool:
        if not self._excluded:
            return False
        subject = Subject(exchange)
        return any(excludes(subject) for excludes in self._excluded)

    def _trimmed(self, exchange: Exchange) -> Exchange:
        if self._log_bodies is LogBodies.ALL or (
            self._log_bodies is LogBodies.ERRORS and not 0 < exchange.status < _FIRST_ERROR
        ):
            return exchange
        return exchange._replace(
            request=_without_body(exchange.request), response=_without_body(exchange.response)
        )


def _without_body(side: Side) -> Side:
    return side if side.body is None else side._replace(body=None, omitted=NOT_KEPT)
