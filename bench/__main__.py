"""What the bridge costs on recorded Kong traffic; docs/performance.md tells how to read it."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence

from bench import program
from bench.alerts import ALERTS
from bench.alerts import report as report_alerts
from bench.clock import QUICK, THOROUGH, Effort
from bench.inspector import EXCHANGES, INSPECTOR, QUICK_EXCHANGES, report
from bench.loads import NAMES, Load, load
from bench.stages import OTLP_TO_ALF, measure
from otel_bridge.garbage import spare_collector

# CPU µs for each exchange, on a machine that parses one of `default` in as many as `GOALS_PARSE`.
GOALS = {"default": 15.0, "recommended": 25.0, "capture": 25.0}
GOALS_PARSE = 0.9
# Exchanges through `serve` when it is a matter of whether, not of how fast.
_QUICK_EXCHANGES = 100
SERVE = "serve, all of it"
_LOADS = (*NAMES, INSPECTOR, ALERTS)
_MIB = 1024 * 1024


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="run everything once; the figures mean little")
    options.add_argument("--exchanges", type=int, help=f"how many {INSPECTOR} holds; {EXCHANGES} by default")
    options.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {', '.join(_LOADS)}; all by default")
    given = options.parse_args()
    if unknown := set(given.loads).difference(_LOADS):
        options.error(f"there is no load {', '.join(sorted(unknown))}, only {', '.join(_LOADS)}")
    loads = given.loads or _LOADS
    status = _measure_bridge(loads, quick=given.quick) if set(loads).intersection(NAMES) else 0
    if INSPECTOR in loads:
        for line in report(given.exchanges or (QUICK_EXCHANGES if given.quick else EXCHANGES)):
            _say(line)
    if ALERTS in loads:
        for line in report_alerts(QUICK if given.quick else THOROUGH):
            _say(line)
    return status


def _measure_bridge(loads: Sequence[str], *, quick: bool) -> int:
    effort = QUICK if quick else THOROUGH
    spare_collector()
    default = load("default")
    slowness = next(measure(default, THOROUGH)).microseconds / GOALS_PARSE
    _say("CPU per exchange: µs, and as a multiple of a strict protobuf parse of the same bytes.")
    _say(f"Goals are for a machine {slowness:.2f} times as fast as this one, and stretched so.")
    try:
        for name in NAMES:
            if name in loads:
                exchanges = _QUICK_EXCHANGES if quick else None
                _show(load(name, exchanges), effort, GOALS.get(name, 0.0) * slowness)
    except program.LostError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _show(load: Load, effort: Effort, goal: float) -> None:
    _say(f"\n{load.name}: {load.exchanges_each} exchanges a request, {load.bytes_each} bytes each")
    parse = 0.0
    for name, microseconds in measure(load, effort):
        parse = parse or microseconds
        remark = f"goal {goal:.1f}" if goal and name == OTLP_TO_ALF else ""
        _row(name, microseconds, parse, remark)
    if platform.system() != "Linux":
        _say(f"  {SERVE}: measured on Linux only")
        return
    exchanges = _QUICK_EXCHANGES if effort is QUICK else program.EXCHANGES[load.name]
    figures = program.measure(load.name, exchanges)
    _row(
        SERVE,
        figures.microseconds,
        parse,
        f"{figures.per_second:.0f} exchanges/s, {figures.peak // _MIB} MiB at most, "
        f"all {figures.exchanges} delivered",
    )


def _row(name: str, microseconds: float, parse: float, remark: str) -> None:
    _say(f"  {name:<20}{microseconds:>8.1f}{microseconds / parse:>8.1f}x   {remark}".rstrip())


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
