"""Times in log-scaled buckets, for percentiles that can be added up.

A set of times is one whole number: bucket *n* is its 32 bits from bit 32 n on. So two sets are merged by one
addition, however many buckets they have.
"""

from __future__ import annotations

from math import log2

Latencies = int
"""The numbers of times in each bucket."""

NONE: Latencies = 0

_LANE = 32
_MASK = (1 << _LANE) - 1
# Each bucket ends 9% above where it begins, so its middle is within 5% of all that is in it.
_PER_OCTAVE = 8
_FIRST_OCTAVE = 6
_BUCKETS = 180
"""From 64 µs to 7 minutes; the first and the last take what is beyond."""


def single(duration_us: int) -> Latencies:
    """The set of one time."""
    return 1 << _LANE * _bucket(duration_us)


def count(times: Latencies) -> int:
    return sum(_counts(times))


def percentiles(times: Latencies, shares: tuple[float, ...]) -> list[int | None]:
    """For each of *shares* (ascending, 0 to 1) a time that so many are not above; None of an empty set."""
    counts = _counts(times)
    total = sum(counts)
    found: list[int | None] = []
    seen, bucket = 0, -1
    for share in shares:
        while total and seen < max(share * total, 1):
            bucket += 1
            seen += counts[bucket]
        found.append(_middle(bucket) if total else None)
    return found


def pack(times: Latencies) -> bytes:
    """The first byte is the number of empty buckets before the others."""
    if not times:
        return b""
    empty = ((times & -times).bit_length() - 1) // _LANE
    rest = times >> _LANE * empty
    return bytes((empty,)) + rest.to_bytes(-(-rest.bit_length() // 8), "little")


def unpack(packed: bytes) -> Latencies:
    if not packed:
        return NONE
    return int.from_bytes(packed[1:], "little") << _LANE * packed[0]


def merged(one: bytes, other: bytes) -> bytes:
    """Both packed."""
    return pack(unpack(one) + unpack(other))


def _counts(times: Latencies) -> list[int]:
    return [times >> _LANE * bucket & _MASK for bucket in range(-(-times.bit_length() // _LANE))]


def _bucket(duration_us: int) -> int:
    if duration_us < 1 << _FIRST_OCTAVE:
        return 0
    return min(int((log2(duration_us) - _FIRST_OCTAVE) * _PER_OCTAVE) + 1, _BUCKETS - 1)


def _middle(bucket: int) -> int:
    if bucket == 0:
        return 1 << _FIRST_OCTAVE - 1
    return round(2 ** (_FIRST_OCTAVE + (bucket - 0.5) / _PER_OCTAVE))
