"""A record: what one sender was acknowledged for, as it lies in the journal."""

from __future__ import annotations

import struct
import zlib
from enum import StrEnum
from typing import NamedTuple, NewType

Cursor = NewType("Cursor", int)
"""A place in the journal: all records up to it are settled. Comparable; opaque in every other respect."""

_HEADER = struct.Struct(">qq")


class Signal(StrEnum):
    TRACES = "traces"
    LOGS = "logs"


class Record(NamedTuple):
    seq: int
    signal: Signal
    received_ns: int
    """Unix time."""
    body: bytes

    @property
    def cursor(self) -> Cursor:
        """The place right behind this record."""
        return Cursor(self.seq)


def checksum(seq: int, signal: str, received_ns: int, body: bytes) -> int:
    """CRC-32 of a whole record.

    It has to find what a disk or a torn write breaks, not an attacker's work; every burst of up to
    32 bits is found for certain. A CRC runs at 4 GB/s here, sha1 at 1.4, blake2b at 0.7.
    """
    return zlib.crc32(body, zlib.crc32(signal.encode(), zlib.crc32(_HEADER.pack(seq, received_ns))))
