"""What rules may cost, and which ones cost more.

A rule may take `MOST_EACH` for an exchange on the average of the last `EXCHANGES`, and `MOST_SHARE` of a
processor core over `SECONDS`; all of them together `MOST_OF_ALL`. What takes more is suspended, the dearest
first: for `SHORTEST`, and twice as long each time, up to `LONGEST`. Measured is CPU time of the thread that
evaluates, so that a busy machine makes no rule dear.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from time import thread_time

from otel_bridge.inspector.alerts.grouping import field_of
from otel_bridge.inspector.query import Kind, Query, Term
from otel_bridge.inspector.query.conditions import Glob, Part, Regex
from otel_bridge.inspector.query.fields import ANYWHERE
from otel_bridge.inspector.query.tree import terms

MOST_EACH = 100e-6
EXCHANGES = 1_000
MOST_SHARE = 0.2
MOST_OF_ALL = 0.5
SECONDS = 10
SHORTEST = 600
LONGEST = 24 * 3600

_SECOND = 1_000_000
_CONTENT = {Kind.JSON: "JSON of bodies", Kind.XML: "XML of bodies", Kind.BODY: "the text of bodies"}


class Meter:
    """What one rule costs, and whether it is suspended."""

    def __init__(self, dear: str) -> None:
        """*dear*: what in the rule may be dear."""
        self.lately = 0.0
        """CPU seconds in the last `SECONDS`."""
        self.until_us: int | None = None
        """Suspended until then."""
        self.why = ""
        """Why it was suspended last."""
        self._dear = dear
        self._suspensions = 0
        self._slices: deque[tuple[int, float]] = deque()
        self._exchanges = 0
        self._spent = 0.0
        self._by_second: deque[tuple[int, float]] = deque()

    @property
    def each_us(self) -> float | None:
        """CPU microseconds for an exchange; None if it looked at none lately."""
        return self._spent / self._exchanges * 1e6 if self._exchanges else None

    def spend(self, seconds: float, exchanges: int, second: int) -> None:
        """*exchanges*: 0 if it was for none in particular."""
        if exchanges:
            self._spend_for(exchanges, seconds)
        self.lately += seconds
        if self._by_second and self._by_second[-1][0] == second:
            seconds += self._by_second.pop()[1]
        self._by_second.append((second, seconds))

    def at(self, second: int) -> None:
        """Forget what was spent too long ago."""
        while self._by_second and self._by_second[0][0] <= second - SECONDS:
            self._by_second.popleft()
            self.lately = sum(spent for _, spent in self._by_second)

    def fault(self) -> str:
        """In what it is too dear; "" if it isn't."""
        # What is too much for `EXCHANGES` already is so whatever comes.
        if self._spent > MOST_EACH * max(self._exchanges, EXCHANGES):
            return f"took {self.each_us:.0f} µs for each exchange, {MOST_EACH * 1e6:.0f} at most are allowed"
        if self.lately > MOST_SHARE * SECONDS:
            return f"took {_percent(self.lately)} of a processor core, {MOST_SHARE:.0%} at most are allowed"
        return ""

    def suspend(self, fault: str, now_us: int) -> None:
        self.why = f"{fault}; it reads {self._dear}" if self._dear else fault
        self.until_us = now_us + min(SHORTEST << self._suspensions, LONGEST) * _SECOND
        # Beyond this many it is the longest anyway.
        self._suspensions = min(self._suspensions + 1, 16)
        self.clear()

    def clear(self) -> None:
        """Forget what was spent."""
        self._slices.clear()
        self._by_second.clear()
        self._exchanges, self._spent, self.lately = 0, 0.0, 0.0

    def resume(self) -> None:
        self.until_us, self.why = None, ""

    def _spend_for(self, exchanges: int, seconds: float) -> None:
        self._slices.append((exchanges, seconds))
        self._exchanges += exchanges
        self._spent += seconds
        while self._exchanges - self._slices[0][0] >= EXCHANGES:
            gone, spent = self._slices.popleft()
            self._exchanges -= gone
            self._spent -= spent


class Budget:
    """What all rules together cost."""

    def __init__(self, cpu: Callable[[], float] = thread_time) -> None:
        self._cpu = cpu
        self._begun = 0.0
        self._lately = 0.0
        self._now_us = 0
        self._meters: Collection[Meter] = ()

    def begin(self, meters: Collection[Meter], now_us: int) -> None:
        """Work of *meters*' rules, none of them suspended, begins."""
        self._meters, self._now_us = meters, now_us
        for meter in meters:
            meter.at(now_us // _SECOND)
        self._lately = sum(meter.lately for meter in meters)
        self._begun = self._cpu()

    def spent(self, meter: Meter, exchanges: int) -> None:
        """All CPU time since the last call was for this one; suspends what has become too dear."""
        ended = self._cpu()
        seconds, self._begun = ended - self._begun, ended
        meter.spend(seconds, exchanges, self._now_us // _SECOND)
        self._lately += seconds
        if fault := meter.fault():
            self._suspend(meter, fault)
        while self._lately > MOST_OF_ALL * SECONDS:
            dearest = max(self._meters, key=lambda each: each.lately)
            if not dearest.lately:
                break
            self._suspend(
                dearest,
                f"took {_percent(dearest.lately)} of a processor core, the most of all rules, when together "
                f"they took more than {MOST_OF_ALL:.0%}",
            )

    def _suspend(self, meter: Meter, fault: str) -> None:
        self._lately -= meter.lately
        meter.suspend(fault, self._now_us)


def dear_parts(query: Query, per: str) -> str:
    """What a rule looks at that takes more than a glance: `JSON of bodies (resp.json.code), a pattern`."""
    found: dict[str, None] = {}
    for term in terms(query):
        found.update(dict.fromkeys(_dear(term)))
    if per and field_of(per)[0].kind in _CONTENT:
        found[f"{_CONTENT[Kind.JSON]} ({per})"] = None
    return ", ".join(found)


def reads_bodies(query: Query, per: str) -> bool:
    """Whether bodies are decoded for it."""
    return any(term.field is ANYWHERE or term.field.kind in _CONTENT for term in terms(query)) or bool(
        per and field_of(per)[0].kind in _CONTENT
    )


def _dear(term: Term) -> Iterator[str]:
    if term.field is ANYWHERE:
        yield "the text of everything"
    elif term.field.kind in _CONTENT:
        yield f"{_CONTENT[term.field.kind]} ({term.head.removesuffix(':')})"
    elif term.field.kind is Kind.KEYED:
        yield f"headers or parameters ({term.head.removesuffix(':')})"
    if isinstance(term.condition, Regex | Glob | Part):
        yield "a pattern"


def _percent(lately: float) -> str:
    return f"{lately / SECONDS:.0%}"
