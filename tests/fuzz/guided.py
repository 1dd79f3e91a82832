"""The process in which atheris runs one target; `__main__.py` starts it.

    python -m tests.fuzz.guided TARGET SECONDS CORPUS SEED

With a SEED other than 0 it goes the same way each time, as far as the time lets it.

It ends with 0, or, where a law is broken, an input takes longer than `SLOWEST` or memory passes `MEMORY`,
with another code; the input is then in the directory beside the corpus.
"""

from __future__ import annotations

import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["otel_bridge"]):
    from tests.fuzz.targets import TARGETS

SLOWEST = 60
"""Seconds for one input; most take milliseconds, on a machine of their own."""
MEMORY = 700
"""MiB; about 170 of them are Python and the instrumented program."""
LONGEST = 1 << 16


def main() -> None:
    name, seconds, corpus, seed = sys.argv[1:]
    target = TARGETS[name]

    def mutate(data: bytes, limit: int, turn: int) -> bytes:
        random = Random(turn)
        changed: bytes = target.mutate(data, random) if random.random() < 0.7 else atheris.Mutate(data, limit)
        return changed[:limit]

    arguments = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MEMORY}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={corpus}/../",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *arguments, corpus], target.run, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
