"""Coverage-guided fuzzing: `python -m tests.fuzz TARGET --seconds N`, of one target or of all in turn."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.targets import TARGETS

_NOISE = ("#", "INFO:", "WARNING:")
# A program begins with the most memory that its parent ever had as its own peak, and the fuzzer goes by its
# peak: between a large parent and the fuzzer has to be a small one.
_APART = ("sh", "-c", '"$@"; exit $?', "sh")
_FIGURES = {
    "executions": r"stat::number_of_executed_units:\s*(\d+)",
    "peak": r"stat::peak_rss_mb:\s*(\d+)",
    "slowest": r"stat::slowest_unit_time_sec:\s*(\d+)",
}


class Outcome(NamedTuple):
    code: int
    """Not 0 where a law was broken."""
    output: str
    executions: int
    coverage: tuple[int, int]
    """What was reached of the bridge's code (edges, as atheris counts them): by the seeds, in the end."""
    peak: int
    """MiB."""
    slowest: int
    """Seconds, of one input."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("target", choices=[*TARGETS, "all"])
    options.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    options.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where inputs are left")
    given = options.parse_args()
    failed = False
    for target in TARGETS if given.target == "all" else [given.target]:
        outcome = fuzz(target, given.seconds, given.findings)
        failed = failed or outcome.code != 0
        print(
            f"{target}: {outcome.executions} executions, coverage {outcome.coverage[0]} → "
            f"{outcome.coverage[1]}, {outcome.peak} MiB at most, slowest {outcome.slowest} s",
            flush=True,
        )
        if outcome.code:
            told = (line for line in outcome.output.splitlines() if not line.startswith(_NOISE))
            print("\n".join(told))
    return int(failed)


def fuzz(target: str, seconds: int, findings: Path, *, seed: int = 0) -> Outcome:
    """Fuzz *target* in a process of its own. An input that breaks a law is left in *findings*.

    With another *seed* than 0 it goes the same way each time.
    """
    with tempfile.TemporaryDirectory(prefix="otel-bridge-fuzz-") as directory:
        corpus = Path(directory, "corpus")
        corpus.mkdir()
        for number, content in enumerate(TARGETS[target].seeds()):
            (corpus / f"seed-{number:03}").write_bytes(content)
        done = subprocess.run(
            [
                *_APART,
                sys.executable,
                "-m",
                "tests.fuzz.guided",
                target,
                str(seconds),
                str(corpus),
                str(seed),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds * 2 + 120,
            check=False,
        )
        for found in Path(directory).glob("*-*"):
            findings.mkdir(exist_ok=True)
            (findings / f"{target}-{found.name}").write_bytes(found.read_bytes())
    output = done.stdout + done.stderr
    figures = {
        name: max(map(int, re.findall(pattern, output)), default=0) for name, pattern in _FIGURES.items()
    }
    reached = [int(edges) for edges in re.findall(r"\bcov: (\d+)", output)]
    return Outcome(
        done.returncode, output, coverage=(min(reached, default=0), max(reached, default=0)), **figures
    )


if __name__ == "__main__":
    sys.exit(main())
