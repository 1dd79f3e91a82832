"""Kong's queue and its sending, as observed on Kong 3.9.1, in a time of its own.

    time = SimulatedTime()
    time.at(10.0, bridge.kill)
    kong = KongWorker(time, post=..., encode=...)
    kong.offer(span)
    time.sleep(60.0)                   runs what is due meanwhile, Kong's sending included

What was observed, on the wire, of the plugin `opentelemetry` of Kong 3.9.1 with its default queue:
- batches of up to 200 spans, sent one after the other by each worker; an incomplete one leaves 1 s after its
  first span;
- only 200 is success; anything else, or no answer within 5 s, and the same bytes come again after 10 ms,
  20 ms, 40 ms and so on, doubling up to 60 s;
- it is given up at the first failure later than `max_retry_time` after the first attempt;
- up to `max_entries` spans wait; then the oldest are dropped.

Only the waits are simulated: what is posted is posted, and what is answered is an answer.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The settings under `queue` in Kong's plugin, with its defaults; times are seconds."""

    max_batch_size: int = 200
    max_coalescing_delay: float = 1.0
    max_entries: int = 10_000
    max_retry_time: float = 60.0
    initial_retry_delay: float = 0.01
    max_retry_delay: float = 60.0


class SimulatedTime:
    """Seconds that pass only in `sleep`, which does what is due on the way."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def at(self, when: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        self.at(self.now + seconds, action)

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            when, _, action = heapq.heappop(self._due)
            self.now = max(self.now, when)
            action()
        self.now = end


class KongWorker(Generic[Entry]):
    """One worker's queue of one plugin."""

    def __init__(
        self,
        time: SimulatedTime,
        *,
        post: Callable[[bytes], int | None],
        encode: Callable[[Sequence[Entry]], bytes],
        queue: Queue | None = None,
    ) -> None:
        """*post* returns the status of the answer, None where there was none."""
        self.dropped: list[Entry] = []
        """Too many were waiting."""
        self.given_up: list[Entry] = []
        self.attempts: list[float] = []
        """When each post was made."""
        self._time = time
        self._post = post
        self._encode = encode
        self._settings = queue or Queue()
        self._entries: deque[Entry] = deque()
        self._busy = False

    @property
    def waiting(self) -> int:
        return len(self._entries)

    def offer(self, entry: Entry) -> None:
        """A request is over."""
        if len(self._entries) >= self._settings.max_entries:
            self.dropped.append(self._entries.popleft())
        self._entries.append(entry)
        if not self._busy:
            self._busy = True
            self._time.after(self._settings.max_coalescing_delay, self._begin)

    def _begin(self) -> None:
        if not self._entries:
            self._busy = False
            return
        size = min(self._settings.max_batch_size, len(self._entries))
        batch = list(itertools.islice(self._entries, size))
        self._attempt(batch, self._encode(batch), self._time.now, self._settings.initial_retry_delay)

    def _attempt(self, batch: list[Entry], body: bytes, since: float, wait: float) -> None:
        self.attempts.append(self._time.now)
        if self._post(body) == 200:
            self._finish(batch)
        elif self._time.now - since > self._settings.max_retry_time:
            self.given_up += batch
            self._finish(batch)
        else:
            longer = min(2 * wait, self._settings.max_retry_delay)
            self._time.after(wait, lambda: self._attempt(batch, body, since, longer))

    def _finish(self, batch: Sequence[Entry]) -> None:
        # Its entries count against the bound until here, and may have been dropped from it meanwhile.
        for entry in batch:
            if self._entries and self._entries[0] is entry:
                self._entries.popleft()
        full = len(self._entries) >= self._settings.max_batch_size
        self._time.after(0.0 if full else self._settings.max_coalescing_delay, self._begin)
