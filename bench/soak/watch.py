"""What a process holds over time, and whether that grows. Needs Linux's /proc."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

MIB = 1024 * 1024


class Sample(NamedTuple):
    memory: float
    """Resident, in MiB."""
    descriptors: float
    """Open files and sockets."""
    threads: float


class Thirds(NamedTuple):
    """A life in three parts, each by its medians: one trouble in a part doesn't tell."""

    start: Sample
    middle: Sample
    end: Sample


# What the end may have more than the start: pools that fill late, and memory that malloc keeps for later.
_ALLOWED = Sample(memory=48, descriptors=24, threads=8)
_ALLOWED_SHARE = 1.25


def sample(pid: int) -> Sample:
    """Raises OSError where the process is gone."""
    process = Path(f"/proc/{pid}")
    status = (process / "status").read_text()
    return Sample(
        memory=_field(status, "VmRSS") / 1024,
        descriptors=sum(1 for _ in (process / "fd").iterdir()),
        threads=_field(status, "Threads"),
    )


def peak_memory(pid: int) -> float:
    """The most that was ever resident, in MiB. Raises OSError where the process is gone."""
    return _field(Path(f"/proc/{pid}/status").read_text(), "VmHWM") / 1024


def thirds(samples: Sequence[Sample]) -> Thirds:
    """Of three samples or more, in their order."""
    third = len(samples) // 3
    return Thirds(
        _medians(samples[:third]), _medians(samples[third : 2 * third]), _medians(samples[2 * third :])
    )


def growth(life: Thirds) -> list[str]:
    """A sentence for each thing that the process holds more and more of."""
    return [
        f"{name} grew from {first:.0f} to {last:.0f}"
        for name, first, last, allowed in zip(Sample._fields, life.start, life.end, _ALLOWED, strict=True)
        if last > first * _ALLOWED_SHARE + allowed
    ]


def _medians(samples: Sequence[Sample]) -> Sample:
    return Sample(*map(median, zip(*samples, strict=True)))


def _field(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    if found is None:  # a zombie has none
        raise ProcessLookupError(f"no {name} in its status")
    return int(found[1])
