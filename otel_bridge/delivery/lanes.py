"""The queues that entries wait in, one for each API, and where payloads are cut.

    submitted ─▶ waiting entries ──cut──▶ payloads on their way ─▶ removed
                                            ▲ the head is in flight, or is tried again

A payload is cut when it can go out and not before. So what waits for a slow destination, for one that was
down, or behind thousands of other APIs goes out in full payloads, however small it came; and in payloads
that fit, if the destination's measure was learned meanwhile.

The cost of a step does not depend on the number of APIs.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from otel_bridge.delivery.batch import Entry, cut
from otel_bridge.delivery.bisection import Bisection
from otel_bridge.delivery.work import Work


@dataclass(slots=True)
class _Lane:
    payloads: list[Work] = field(default_factory=list)
    waiting: deque[Entry] = field(default_factory=deque)


class Lanes:
    """Whoever was served last is the last to be offered.

    A payload has at most *max_entries*, and what *max_bytes* says at the time.
    """

    def __init__(self, *, max_entries: int, max_bytes: Callable[[], int]) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        # Not a dict: what is served goes to the end, which leaves holes at the front of one.
        self._lanes: OrderedDict[Hashable, _Lane] = OrderedDict()
        self._order = 0

    def __len__(self) -> int:
        """APIs that have something here."""
        return len(self._lanes)

    def payloads(self) -> Iterator[Work]:
        """All that are on their way."""
        for lane in self._lanes.values():
            yield from lane.payloads

    def add(self, api: Hashable, entries: Sequence[Entry]) -> None:
        """Let *entries* wait; at least one."""
        lane = self._lanes.get(api)
        if lane is None:
            lane = self._lanes[api] = _Lane()
        lane.waiting.extend(entries)

    def heads(self, busy: Container[Hashable] = ()) -> Iterator[Work]:
        """The oldest of each API but the *busy* ones."""
        for api, lane in self._lanes.items():
            if api not in busy:
                yield lane.payloads[0] if lane.payloads else self._cut(api, lane)

    def behind(self, head: Work) -> Work | None:
        """The next one of the same API."""
        lane = self._lanes[head.api]
        if len(lane.payloads) == 1 and lane.waiting:
            self._cut(head.api, lane)
        return lane.payloads[1] if len(lane.payloads) > 1 else None

    def served(self, api: Hashable) -> None:
        """The turn of *api* is over."""
        if api in self._lanes:
            self._lanes.move_to_end(api)

    def remove(self, work: Work) -> None:
        lane = self._lanes[work.api]
        lane.payloads.remove(work)
        self._close_if_empty(work.api, lane)

    def discard(self, unwanted: Callable[[Entry], bool]) -> list[Entry]:
        """Forget the waiting entries that are *unwanted*; returns them."""
        gone: list[Entry] = []
        for api, lane in list(self._lanes.items()):
            mine = [entry for entry in lane.waiting if unwanted(entry)]
            if mine:
                lane.waiting = deque(entry for entry in lane.waiting if not unwanted(entry))
                self._close_if_empty(api, lane)
                gone += mine
        return gone

    def _cut(self, api: Hashable, lane: _Lane) -> Work:
        self._order += 1
        entries = cut(lane.waiting, max_entries=self._max_entries, max_bytes=self._max_bytes())
        work = Work(api=api, plan=Bisection(entries), order=self._order)
        lane.payloads.append(work)
        return work

    def _close_if_empty(self, api: Hashable, lane: _Lane) -> None:
        if not (lane.payloads or lane.waiting):
            del self._lanes[api]
