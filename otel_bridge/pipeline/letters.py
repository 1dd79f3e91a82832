"""One exporter's dead letters: written from the journal, replayed from the store.

A dead letter is its exchanges as redacted OTLP, cut out of the journal's records. Requests of OTLP
concatenate: the bytes of two, one after the other, are one with the spans of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from otel_bridge.journal import Cursor, DeadLetters, Journal, JournalError, Record, Surplus
from otel_bridge.mapping import HttpExchange, SpanAddress, combined, single, spot
from otel_bridge.pipeline.decoder import traces_of

log = structlog.get_logger(__name__)


class Origin(NamedTuple):
    """Where an exchange stands in the journal: the record's place, and the span or log record in it."""

    seq: int
    cursor: Cursor
    address: SpanAddress
    log: Origin | None = None
    """Where the access log stands that the exchange was joined with."""

    @property
    def last(self) -> Cursor:
        """The place behind all records that tell of it."""
        return self.cursor if self.log is None else max(self.cursor, self.log.cursor)


class ReplayOrigin(NamedTuple):
    """The dead letter that a replayed exchange comes from."""

    letter: int


class Letters:
    """Dead letters of one exporter; not thread-safe, but the store is shared with other processes."""

    def __init__(self, exporter: str, *, store: DeadLetters, journal: Journal) -> None:
        self._exporter = exporter
        self._store = store
        self._journal = journal
        self._left: dict[int, int] = {}
        """Exchanges that a letter in replay still waits for."""

    def write(self, api: str, origins: Sequence[Origin], *, reason: str, answer: str) -> bool:
        """Keep the exchanges at *origins* as one letter; False where the store takes nothing now.

        Those that somebody has erased meanwhile are left out.
        """
        try:
            pieces, times, erased = self._cut_out(origins)
            if erased == len(origins):
                return True
            number = self._store.add(
                exporter=self._exporter,
                api=api,
                reason=reason,
                answer=answer,
                exchanges=len(origins) - erased,
                first_ns=min(times, default=0),
                last_ns=max(times, default=0),
                otlp=b"".join(pieces),
            )
        except JournalError as error:
            log.warning(
                "a dead letter can't be kept; its pipeline holds", exporter=self._exporter, why=str(error)
            )
            return False
        log.warning(
            "exchanges became a dead letter",
            exporter=self._exporter,
            id=number,
            exchanges=len(origins) - erased,
            reason=reason,
        )
        return True

    def give_up(self, surplus: Surplus, exchanges: int, *, reason: str) -> None:
        """List a range of the journal that is given up unread."""
        self._store.give_up(
            exporter=self._exporter,
            reason=reason,
            exchanges=exchanges,
            first_ns=surplus.first_ns,
            last_ns=surplus.last_ns,
        )

    def replays(self) -> Iterator[tuple[ReplayOrigin, HttpExchange]]:
        """Exchanges of the letters that somebody asked to send again."""
        for letter in self._store.take_replays(self._exporter):
            exchanges = [found.exchange for found in spot(letter.otlp or b"").exchanges]
            if not exchanges:
                self._store.put_back(letter.id, reason="nothing in it can be sent", answer="")
                continue
            self._left[letter.id] = len(exchanges)
            for exchange in exchanges:
                yield ReplayOrigin(letter.id), exchange

    def settle(self, origins: Iterable[ReplayOrigin]) -> None:
        """An exchange of each of these is delivered; a letter is gone with its last one."""
        for origin in origins:
            if origin.letter not in self._left:
                continue
            self._left[origin.letter] -= 1
            if not self._left[origin.letter]:
                del self._left[origin.letter]
                self._store.drop([origin.letter])

    def put_back(self, origins: Iterable[ReplayOrigin], *, reason: str, answer: str) -> None:
        """These were refused again: their letters stay, whole, with the new reason."""
        for number in {origin.letter for origin in origins}:
            if self._left.pop(number, None) is not None:
                self._store.put_back(number, reason=reason, answer=answer)

    def _cut_out(self, origins: Iterable[Origin]) -> tuple[list[bytes], list[int], int]:
        """The exchanges' OTLP, when it was received, and how many are there no more."""
        pieces: list[bytes] = []
        times: list[int] = []
        erased = 0
        for origin in origins:
            record = self._journal.get(origin.seq)
            if record is not None:
                try:
                    pieces.append(self._piece(record, origin))
                except LookupError:
                    erased += 1
                    continue
                times.append(record.received_ns)
        return pieces, times, erased

    def _piece(self, record: Record, origin: Origin) -> bytes:
        """The exchange at *origin*, of *record*, as spans; raises LookupError where it was erased."""
        piece = single(traces_of(record), origin.address)
        log = self._journal.get(origin.log.seq) if origin.log else None
        if origin.log is None or log is None:
            return piece
        return combined(piece, single(traces_of(log), origin.log.address))
