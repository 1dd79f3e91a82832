"""The thread that commits: one transaction for all that has queued up meanwhile.

    append() ──▶ queue ──▶ batch ──▶ one commit, one sync ──▶ futures, listeners ──▶ checkpoint
                  ▲ grows while the sync runs, so the more come at once the fewer syncs each costs

The queue has no bound of its own: what waits here was admitted by the receiver, which counts it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

import structlog

from otel_bridge.journal.appender import Appender
from otel_bridge.journal.errors import JournalError, JournalUnwritable
from otel_bridge.journal.segment_writer import Entry

log = structlog.get_logger(__name__)

# SQLite copies what it binds, so a transaction costs its size in memory once more.
_BATCH_BYTES = 8 * 1024 * 1024
_CHORES_SECONDS = 0.25
_PROBE_SECONDS = 1.0


class _Waiting(NamedTuple):
    entry: Entry
    future: Future[int]


class Writer:
    """Runs from construction to `close`."""

    def __init__(
        self, appender: Appender, *, chores: Callable[[], None], committed: Callable[[], None]
    ) -> None:
        """*chores* runs in the thread soon after `nudge`, a few times a second at most, and at the end;
        *committed* after each commit.
        """
        self._appender = appender
        self._chores = chores
        self._committed = committed
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._nudged = False
        self._closing = False
        self._next_chores = 0.0
        self._next_probe = 0.0
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> Future[int]:
        """Resolves to the record's seq after the commit, or fails with a JournalError."""
        future: Future[int] = Future()
        with self._wake:
            if not self._closing:
                self._queue.append(_Waiting(entry, future))
                self._wake.notify()
                return future
        future.set_exception(JournalUnwritable("the journal is closed"))
        return future

    def nudge(self) -> None:
        """There are chores to do."""
        if not self._nudged:
            with self._wake:
                self._nudged = True
                self._wake.notify()

    def close(self) -> None:
        """Commit what is queued, do the chores, seal."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._write(batch)
            closing = self._closing and not batch
            self._do_what_is_due(at_once=closing)
            if closing:
                break
        _at_the_edge(self._appender.close)

    def _next_batch(self) -> list[_Waiting]:
        """What is queued; nothing when there is something else to do."""
        limit = min(_BATCH_BYTES, self._appender.segment_size)
        batch: list[_Waiting] = []
        with self._wake:
            if not self._queue and not self._closing:
                self._wake.wait(self._patience())
            while self._queue:
                limit -= len(self._queue[0].entry.body)
                if limit < 0 and batch:
                    break
                batch.append(self._queue.popleft())
        return batch

    def _patience(self) -> float | None:
        """Seconds until there is something to do even if no record comes."""
        due = [self._next_chores] if self._nudged else []
        if self._appender.fault:
            due.append(self._next_probe)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _write(self, batch: list[_Waiting]) -> None:
        batch = [waiting for waiting in batch if waiting.future.set_running_or_notify_cancel()]
        outcomes: list[int | JournalError]
        try:
            outcomes = list(self._appender.append([waiting.entry for waiting in batch]))
        except Exception as error:
            # The thread's edge: a defect must not leave every later sender without an answer.
            log.exception("journal could not append")
            outcomes = [JournalUnwritable(f"the journal failed: {error}")] * len(batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, int):
                waiting.future.set_result(outcome)
            else:
                waiting.future.set_exception(outcome)
        if any(isinstance(outcome, int) for outcome in outcomes):
            self.commits += 1
            _at_the_edge(self._committed)
        _at_the_edge(self._appender.tidy)

    def _do_what_is_due(self, *, at_once: bool) -> None:
        now = time.monotonic()
        if self._nudged and (at_once or now >= self._next_chores):
            self._nudged = False
            self._next_chores = now + _CHORES_SECONDS
            _at_the_edge(self._chores)
        if self._appender.fault and now >= self._next_probe:
            self._next_probe = now + _PROBE_SECONDS
            _at_the_edge(self._appender.probe)


def _at_the_edge(work: Callable[[], None]) -> None:
    """A defect in *work* must not end the thread, and with it everything that is to be appended."""
    try:
        work()
    except Exception:
        log.exception("journal thread failed")
