"""What is still owed for each record of the journal, and how far the cursor may move.

A record is settled when every exchange taken from it is delivered, dead-lettered, given up or found
to be nobody's. Exchanges finish in any order; the cursor moves only over an unbroken run of settled
records, so that a crash starts again at the oldest one that still owes something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from otel_bridge.journal import Cursor


class Ledger:
    """Owner of one pipeline's unsettled records; not thread-safe."""

    def __init__(self, settled: Cursor) -> None:
        self.settled = settled
        """Everything up to here is settled."""
        self._owed: dict[Cursor, int] = {}
        self.outstanding = 0
        """Exchanges taken and not settled yet."""

    def open(self, cursor: Cursor, exchanges: int) -> None:
        """Record *cursor*, the next in the journal's order, owes *exchanges* of them; 0 settles it."""
        self._owed[cursor] = exchanges
        self.outstanding += exchanges
        self._advance()

    def settle(self, cursors: Iterable[Cursor]) -> None:
        """One exchange of each of *cursors* is done; records given up before are passed over."""
        for cursor, done in Counter(cursors).items():
            owed = self._owed.get(cursor, 0)
            if owed:
                self._owed[cursor] = owed - min(done, owed)
                self.outstanding -= min(done, owed)
        self._advance()

    def give_up(self, upto: Cursor) -> int:
        """Owe nothing any more for records up to and including *upto*; returns the exchanges lost."""
        lost = 0
        for cursor, owed in self._owed.items():
            if cursor > upto:
                break
            lost += owed
            self._owed[cursor] = 0
        self.outstanding -= lost
        self._advance()
        self.settled = max(self.settled, upto)
        return lost

    def _advance(self) -> None:
        done = []
        for cursor, owed in self._owed.items():
            if owed:
                break
            done.append(cursor)
        for cursor in done:
            del self._owed[cursor]
        if done:
            self.settled = done[-1]
