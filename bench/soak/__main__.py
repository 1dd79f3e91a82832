"""Minutes of traffic, kills, reloads and failing destinations; docs/reliability.md tells how to read it."""

from __future__ import annotations

import argparse
import platform
import random
import sys
import time
from collections.abc import Iterator

from bench.soak.run import Outcome, Progress, Soak
from bench.soak.script import Act
from bench.soak.watch import Sample, growth

_LINE_SECONDS = 10.0
_COLUMN = 12


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0, help="how long it is sent to (10)")
    options.add_argument("--rate", type=float, default=200.0, help="exchanges a second (200)")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of a run to have again")
    given = options.parse_args()
    if platform.system() != "Linux":
        print("soak: needs Linux's /proc", file=sys.stderr)
        return 2
    print(f"{given.minutes:g} minutes, {given.rate:g} exchanges a second, seed {given.seed}", flush=True)
    show = _Status() if sys.stderr.isatty() else _Lines()
    soak = Soak(seconds=given.minutes * 60, rate=given.rate, seed=given.seed, progress=show)
    outcome = soak.run()
    print("\n".join(summary(outcome)))
    wrong = list(faults(outcome))
    for fault in wrong:
        print(f"soak: {fault}", file=sys.stderr)
    return 1 if wrong else 0


def summary(outcome: Outcome) -> Iterator[str]:
    """The table at the end."""
    names = list(outcome.delivered)
    yield ""
    yield _row("exchanges", *names)
    yield _row("  sent", *[f"{outcome.sent}"] * len(names))
    yield _row("  acknowledged", *[f"{outcome.acknowledged}"] * len(names))
    yield _row("  delivered", *(f"{outcome.delivered[name]}" for name in names))
    yield _row("  duplicated", *(f"{outcome.duplicated[name]}" for name in names))
    yield _row("  their share", *(f"{outcome.duplicated[name] / outcome.sent:.2%}" for name in names))
    yield _row("  lost", *(f"{outcome.acknowledged - outcome.delivered[name]}" for name in names))
    yield ""
    acts = outcome.acts
    yield f"{acts[Act.KILL]} kills, {acts[Act.RELOAD]} reloads, {acts[Act.TROUBLE]} troubles of destinations"
    yield f"{outcome.repeated} requests sent again by the gateways, {outcome.replayed} dead letters replayed"
    yield ""
    yield _row("the last life", *outcome.life._fields, "peak")
    yield _resource("  memory, MiB", outcome, 0) + f"{outcome.peak:>{_COLUMN}.0f}"
    yield _resource("  descriptors", outcome, 1)
    yield _resource("  threads", outcome, 2)


def faults(outcome: Outcome) -> Iterator[str]:
    """A sentence for each thing that makes the soak a failed one."""
    if outcome.lost:
        yield f"{outcome.lost} acknowledged exchanges did not arrive"
    if outcome.exit_code:
        yield f"the bridge ended with {outcome.exit_code}"
    yield from growth(outcome.life)


def _resource(title: str, outcome: Outcome, column: int) -> str:
    parts: tuple[Sample, ...] = outcome.life
    return _row(title, *(f"{part[column]:.0f}" for part in parts))


def _row(title: str, *cells: str) -> str:
    return f"{title:<16}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)


class _Status:
    """One line of a terminal, written over and over."""

    def __call__(self, progress: Progress) -> None:
        print(f"\r\x1b[K{_told(progress)}", end="", file=sys.stderr, flush=True)


class _Lines:
    """A line now and then, for logs."""

    def __init__(self) -> None:
        self._next = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_SECONDS
            print(_told(progress), file=sys.stderr, flush=True)


def _told(progress: Progress) -> str:
    troubles = ", ".join(f"{name} {trouble}" for name, trouble in progress.troubles.items() if trouble)
    return (
        f"{progress.seconds:5.0f} s  {progress.acknowledged} of {progress.sent} acknowledged, "
        f"{progress.missing} on their way, {progress.memory:.0f} MiB  {troubles}"
    ).rstrip()


if __name__ == "__main__":
    sys.exit(main())
