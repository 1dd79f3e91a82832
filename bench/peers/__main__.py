"""The bridge beside the official Collector and Rotel; docs/benchmarks.md tells how to read it."""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path
from typing import NamedTuple

from bench.clock import QUICK, THOROUGH
from bench.loads import load
from bench.peers import bridge, collector, growth, rotel, table
from bench.peers.measure import Figures, LostError, measure
from bench.peers.peers import Peer
from bench.stages import measure as measure_stages

LOADS = ("recommended", "default", "bodies", "large-bodies")
# Sent through each program in a round: a few seconds for each.
_EXCHANGES = {"recommended": 40_000, "default": 40_000, "bodies": 8_000, "large-bodies": 1600}
_QUICK_EXCHANGES = {"recommended": 3000, "default": 3000, "bodies": 500, "large-bodies": 200}
_ROUNDS = 5


class Plan(NamedTuple):
    rounds: int
    exchanges: dict[str, int]
    grown: int
    backlog: int


_PLAN = Plan(_ROUNDS, _EXCHANGES, growth.EXCHANGES, growth.DAY)
_QUICK_PLAN = Plan(1, _QUICK_EXCHANGES, growth.QUICK_EXCHANGES, growth.QUICK_EXCHANGES)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    options.add_argument(
        "--quick", action="store_true", help="a little of everything; the figures mean little"
    )
    options.add_argument("--rounds", type=int, help=f"how often each program has its turn ({_ROUNDS})")
    options.add_argument("--collector", type=Path, help="a Collector that is there already")
    options.add_argument("--no-growth", action="store_true", help="leave out more APIs and the backlog")
    options.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {', '.join(LOADS)}; all by default")
    given = options.parse_args()
    if unknown := set(given.loads).difference(LOADS):
        options.error(f"there is no load {', '.join(sorted(unknown))}, only {', '.join(LOADS)}")
    if platform.system() != "Linux":
        print("bench.peers: needs Linux's /proc", file=sys.stderr)
        return 2
    plan = _QUICK_PLAN if given.quick else _PLAN
    plan = plan._replace(rounds=given.rounds or plan.rounds)
    peers = _peers(given.collector or collector.built())
    try:
        for name in given.loads or LOADS:
            _compare(name, peers, plan)
        if not given.no_growth:
            _grow(plan)
    except (LostError, OSError, EOFError) as error:
        print(f"bench.peers: {error}", file=sys.stderr)
        return 1
    return 0


def _peers(built: Path | None) -> list[Peer]:
    """All that are here, with a word about those that are not."""
    _say(f"bridge {bridge.VERSION}, Python {platform.python_version()}, {platform.platform()}")
    peers = [*bridge.PEERS]
    if built:
        peers += collector.peers(built)
        _say(f"collector {collector.version(built)}")
    else:
        _say("collector: not here; with Go installed it is built")
    if version := rotel.version():
        peers.append(rotel.PEER)
        _say(f"rotel {version}")
    else:
        _say("rotel: not here; `pip install --group peers` brings it")
    for peer in peers:
        _say(f"  {peer.name:<16} {peer.does}")
    return peers


def _compare(name: str, peers: list[Peer], plan: Plan) -> None:
    sample = load(name, 1)
    effort = QUICK if plan.rounds == 1 else THOROUGH
    parse = next(measure_stages(load(name), effort)).microseconds
    _say(
        f"\n{name}: {sample.exchanges_each} exchanges a request, {sample.spans_each} spans and "
        f"{sample.bytes_each} bytes each, {parse:.1f} µs to parse"
    )
    rounds: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
    for number in range(plan.rounds):
        for peer in peers:
            _progress(f"{name}: round {number + 1} of {plan.rounds}, {peer.name}")
            rounds[peer.name].append(measure(peer, name, plan.exchanges[name]))
    _progress("")
    for line in table.lines(rounds):
        _say(line)


def _grow(plan: Plan) -> None:
    peer = bridge.PEERS[0]
    _say("\nthe bridge alone, `recommended`, with more APIs")
    grown: dict[str, list[Figures]] = {f"{apis:,} APIs" if apis > 1 else "1 API": [] for apis in growth.APIS}
    for _ in range(plan.rounds):
        for apis, figures in zip(growth.APIS, grown.values(), strict=True):
            _progress(f"{apis:,} APIs")
            figures.append(measure(peer, growth.LOAD, plan.grown, apis=apis))
    _progress("")
    for line in table.lines(grown):
        _say(line)
    _say(f"\nthe bridge alone, a backlog of {plan.backlog} exchanges of `{growth.BACKLOG_LOAD}`")
    found = growth.drain(plan.backlog, _progress)
    _progress("")
    _say(
        f"{found.taken:.1f} µs of CPU to take each while the destination was away, {found.delivered:.1f} to "
        f"deliver it after that: {found.per_second:.0f} exchanges/s, {found.peak:.0f} MiB at most"
    )


def _progress(doing: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{doing}", end="", file=sys.stderr, flush=True)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
