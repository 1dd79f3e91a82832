"""Entries waiting to be flushed, a buffer for each API.

The rules are the retired Galileo plugin's, with what it lacked:

- a buffer flushes at `queue_size` entries, or after `flush_timeout` seconds without a new one;
- under steady traffic it flushes once its oldest entry has waited 5 x `flush_timeout`;
- it flushes early where one more entry would take the payload past `max_payload` bytes;
- at most 256 buffers are named by a host, which a client can invent; further hosts share `other`.

Pure: time comes in as an argument, and a flush is a returned `Batch`. The cost of an entry does not
depend on the number of APIs: deadlines sit in a heap and are looked at again only when they pass.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from otel_bridge.delivery import API_MEMORY, ENTRY_MEMORY, Batch, Entry
from otel_bridge.mapping import Api

STEADY_FACTOR = 5
MAX_HOST_BUFFERS = 256
OTHER_HOSTS = Api("host", "other")


@dataclass(slots=True)
class _Buffer:
    first_at: float
    last_at: float
    entries: list[Entry] = field(default_factory=list)
    bytes: int = 0


class Buffers:
    """Owner of all unflushed entries of one exporter; not thread-safe."""

    def __init__(self, *, queue_size: int, flush_timeout: float, max_payload: int) -> None:
        self._queue_size = max(1, queue_size)
        self._flush_timeout = flush_timeout
        self._max_payload = max_payload
        self._buffers: dict[Api, _Buffer] = {}
        self._deadlines: list[tuple[float, Api]] = []
        self._hosts = 0
        self.bytes = 0
        """Encoded bytes of all waiting entries."""
        self.entries = 0

    @property
    def memory(self) -> int:
        """About the bytes that all of this takes."""
        return self.bytes + ENTRY_MEMORY * self.entries + API_MEMORY * len(self._buffers)

    def add(self, api: Api, entry: Entry, now: float) -> Sequence[Batch]:
        """Take one entry in; returns what has to be flushed because of it."""
        if api.kind == "host" and api not in self._buffers and self._hosts >= MAX_HOST_BUFFERS:
            api = OTHER_HOSTS
        size = len(entry.data) + 1
        full: Sequence[Batch] = ()
        buffer = self._buffers.get(api)
        if buffer is not None and buffer.bytes + size > self._max_payload:
            full = [self._flush(api)]
            buffer = None
        if buffer is None:
            buffer = self._open(api, now)
        buffer.entries.append(entry)
        buffer.last_at = now
        buffer.bytes += size
        self.bytes += size
        self.entries += 1
        if len(buffer.entries) >= self._queue_size:
            full = [*full, self._flush(api)]
        return full

    def due(self, now: float) -> Iterator[Batch]:
        """What has waited long enough at *now*."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, api = heapq.heappop(self._deadlines)
            buffer = self._buffers.get(api)
            if buffer is None:
                continue
            deadline = self._deadline(buffer)
            if deadline <= now:
                yield self._flush(api)
            else:
                heapq.heappush(self._deadlines, (deadline, api))

    def next_due(self) -> float | None:
        """When to call `due` again; nothing is due before it, and something may not be at it."""
        return self._deadlines[0][0] if self._deadlines else None

    def flush_largest(self) -> Batch | None:
        """The buffer that holds most bytes, to make room."""
        if not self._buffers:
            return None
        return self._flush(max(self._buffers, key=lambda api: self._buffers[api].bytes))

    def drain(self) -> Iterator[Batch]:
        """All buffers, emptied."""
        for api in list(self._buffers):
            yield self._flush(api)

    def discard(self, unwanted: Callable[[Entry], bool]) -> int:
        """Forget the entries that are *unwanted*; returns how many that were."""
        before = self.entries
        for api, buffer in list(self._buffers.items()):
            kept = [entry for entry in buffer.entries if not unwanted(entry)]
            if len(kept) == len(buffer.entries):
                continue
            self.entries -= len(buffer.entries) - len(kept)
            size = sum(len(entry.data) + 1 for entry in kept)
            self.bytes -= buffer.bytes - size
            buffer.entries, buffer.bytes = kept, size
            if not kept:
                self._close(api)
        return before - self.entries

    def _open(self, api: Api, now: float) -> _Buffer:
        buffer = self._buffers[api] = _Buffer(first_at=now, last_at=now)
        self._hosts += api.kind == "host"
        heapq.heappush(self._deadlines, (self._deadline(buffer), api))
        return buffer

    def _deadline(self, buffer: _Buffer) -> float:
        steady = buffer.first_at + STEADY_FACTOR * self._flush_timeout
        return min(buffer.last_at + self._flush_timeout, steady)

    def _flush(self, api: Api) -> Batch:
        buffer = self._close(api)
        self.bytes -= buffer.bytes
        self.entries -= len(buffer.entries)
        return Batch(api, buffer.entries)

    def _close(self, api: Api) -> _Buffer:
        buffer = self._buffers.pop(api)
        self._hosts -= api.kind == "host"
        # A buffer that fills and flushes within its time leaves its deadline behind.
        if len(self._deadlines) > 64 + 2 * len(self._buffers):
            self._deadlines = [(self._deadline(held), name) for name, held in self._buffers.items()]
            heapq.heapify(self._deadlines)
        return buffer
