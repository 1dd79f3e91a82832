"""Which payload goes out next, and what a failure is taken for.

Laws:
- A payload is cut when it can go out: at most `queue_size` entries and `max_bytes`.
- Payloads of one API go out one at a time and in order, unless one steps aside.
- At most `max_in_flight` go out at once, and in a hold one at a time, as `hold.py` says.
- A failure is a payload's own (a strike) only if another payload is delivered after it and before its
  next try, and no hold began in between. What fails in an outage collects no strikes.
- A payload with a strike stands aside: its lane goes on, and it is tried again on its own time. With
  `retry_count` strikes it is cut in halves, which are on trial: for them it is enough that others were
  delivered since the cut. A single exchange with that many is doomed.
- In a hold no payload blocks for ever: the lanes' heads take turns as probes, and after `retry_count`
  failed probes of one head the payload behind it has a turn. Where no connection was made it is nobody's
  fault, and the order stays.

Pure: the dispatcher tells what happened and when, asks what to send, and sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.batch import Batch, Entry
from otel_bridge.delivery.bisection import Bisection
from otel_bridge.delivery.hold import Gate, Hold, State
from otel_bridge.delivery.lanes import Lanes
from otel_bridge.delivery.work import Setback, Work


class Schedule:
    def __init__(
        self,
        *,
        retry_count: int,
        queue_size: int,
        max_bytes: Callable[[], int],
        backoff: Backoff,
        jitter: Callable[[], float],
        max_in_flight: int = 8,
    ) -> None:
        # The plugin's way of counting: 0 and 1 both mean one try.
        self._limit = max(1, retry_count)
        self._backoff = backoff
        self._jitter = jitter
        self._max_in_flight = max_in_flight
        self._gate = Gate(backoff, jitter)
        self._lanes = Lanes(max_entries=max(1, queue_size), max_bytes=max_bytes)
        self._aside: list[Work] = []
        self._busy: dict[Hashable, Work] = {}
        self._probe: Work | None = None
        self._suspects: dict[Work, bool] = {}
        """Failed and not tried again; True while the next delivery of another makes it a strike."""
        self._deliveries = 0

    @property
    def hold(self) -> Hold | None:
        """The present hold; doubt is none."""
        return self._gate.hold if self._gate.state is State.HOLD else None

    @property
    def idle(self) -> bool:
        return not (self._lanes or self._aside)

    @property
    def apis(self) -> int:
        """Those that have something in a lane."""
        return len(self._lanes)

    @property
    def in_flight(self) -> int:
        return len(self._busy)

    def submit(self, batch: Batch) -> None:
        if batch.entries:
            self._lanes.add(batch.api, batch.entries)

    def take(self, now: float) -> Work | None:
        """The next payload to send at *now*, whose outcome has to be told; None if none may go out."""
        if len(self._busy) >= self._max_in_flight:
            return None
        if self._gate.state is State.OPEN:
            work = self._due(now) or next(self._idle_heads(), None)
        elif self._probe is None:
            work = self._probe = self._choose_probe(now)
        else:
            work = None
        if work is not None:
            self._busy[work.api] = work
            self._suspects.pop(work, None)
            self._lanes.served(work.api)
        return work

    def wake_at(self, now: float) -> float | None:
        """When to `take` again though nothing happens before; ask after it gave None."""
        times: Iterable[float] = ()
        if self._gate.state is State.OPEN:
            if not self._aside:
                return None
            times = (work.not_before for work in self._idle_aside())
        elif self._gate.state is State.HOLD and self._probe is None:
            times = (self._gate.next_probe,)
        # What was due already waits for something else than time.
        return min((time for time in times if time > now), default=None)

    def succeeded(self, work: Work, now: float, *, delivered: bool) -> bool:
        """The destination answered a request of *work* sensibly: took it, or else refused it.

        *work* stays in flight. True where others may go out because of it.
        """
        self._deliveries += delivered
        work.failures = 0
        if self._probe is work:
            self._probe = None
        closed = self._gate.state is not State.OPEN
        if self._gate.state is State.HOLD and now < self._gate.opens_at:
            return True
        suspected = bool(self._suspects)
        self._gate.open()
        for suspect, fresh in list(self._suspects.items()):
            if fresh and delivered:
                self._strike(suspect, now)
            elif closed:
                # It waited long enough for the others' sake; in its turn it is the first of its API.
                self._step_aside(suspect, not_before=now)
        return closed or suspected

    def failed(self, work: Work, setback: Setback, now: float) -> None:
        """A request of *work* failed for now; the rest of it comes back later."""
        del self._busy[work.api]
        work.setback = setback
        work.failures += 1
        # The tries that decide over an exchange should not fall into one and the same moment.
        jitter = 1.0 if work.on_trial else self._jitter()
        work.not_before = now + self._backoff.delay(work.failures, jitter=jitter, floor=setback.wait)
        state, probe = self._gate.state, self._probe is work
        self._suspects[work] = state is not State.HOLD and not setback.unsent
        if probe:
            self._probe = None
            work.probes += not setback.unsent
            self._gate.failed(setback, now)
            self._acquit()
        elif state is State.OPEN and not work.aside:
            self._gate.doubt(setback, now)
            if setback.wait:
                # It asks for quiet: no second opinion then.
                self._confirm()
        elif state is State.OPEN and work.on_trial and self._deliveries > work.trial_began:
            self._strike(work, now)

    def done(self, work: Work) -> None:
        """Nothing of *work* is left."""
        del self._busy[work.api]
        if self._probe is work:
            self._probe = None
        self._remove(work)

    def discard(self, unwanted: Callable[[Entry], bool]) -> list[Entry]:
        """Forget the entries that are *unwanted*, but for what is in flight; returns them."""
        gone = self._lanes.discard(unwanted)
        for work in [*self._lanes.payloads(), *self._aside]:
            if self._busy.get(work.api) is not work:
                gone.extend(work.plan.discard(unwanted))
                if not work.plan.items:
                    self._remove(work)
        return gone

    def _choose_probe(self, now: float) -> Work | None:
        if self._gate.state is State.DOUBT:
            second = next((head for head in self._idle_heads() if head not in self._suspects), None)
            # Those in flight are opinions too.
            if second or self._busy:
                return second
            self._confirm()
        if now < self._gate.next_probe:
            return None
        for head in self._idle_heads():
            if head.probes < self._limit or (behind := self._lanes.behind(head)) is None:
                return head
            head.probes = 0
            return behind
        return next(self._idle_aside(), None)

    def _idle_heads(self) -> Iterator[Work]:
        return self._lanes.heads(self._busy)

    def _idle_aside(self) -> Iterator[Work]:
        return (work for work in self._aside if work.api not in self._busy)

    def _due(self, now: float) -> Work | None:
        due = (work for work in self._idle_aside() if work.not_before <= now)
        return min(due, key=lambda work: work.order, default=None)

    def _confirm(self) -> None:
        self._gate.confirm()
        self._acquit()

    def _acquit(self) -> None:
        """It was the destination: what failed lately failed for that reason."""
        self._suspects = dict.fromkeys(self._suspects, False)
        for work in self._aside:
            if work.on_trial:
                self._begin_trial(work)

    def _strike(self, work: Work, now: float) -> None:
        self._step_aside(work, not_before=work.not_before)
        work.strikes += 1
        if work.strikes < self._limit:
            return
        items = work.plan.items
        if len(items) == 1:
            work.doomed, work.not_before = True, now
            return
        self._aside.remove(work)
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            part = Work(api=work.api, plan=Bisection(half), order=work.order, failures=work.failures)
            part.aside, part.not_before, part.setback = True, now, work.setback
            self._begin_trial(part)
            self._aside.append(part)

    def _begin_trial(self, part: Work) -> None:
        # Cutting does no harm and is done at the first failure; a dead letter takes two.
        part.strikes = self._limit - (1 if len(part.plan.items) > 1 else 2)
        part.on_trial, part.trial_began = True, self._deliveries

    def _step_aside(self, work: Work, *, not_before: float) -> None:
        del self._suspects[work]
        if not work.aside:
            self._lanes.remove(work)
            self._aside.append(work)
            work.aside, work.not_before = True, not_before

    def _remove(self, work: Work) -> None:
        self._suspects.pop(work, None)
        if work.aside:
            self._aside.remove(work)
        else:
            self._lanes.remove(work)
