"""How much the journal may take of the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from otel_bridge.database_files import free_bytes
from otel_bridge.journal.segment import PAGE_SIZE

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """All in bytes."""

    directory: Path
    max_size: int
    min_free: int
    free: Callable[[Path], int] = free_bytes

    def room(self, on_disk: int) -> tuple[int, str]:
        """What may still be written beside the *on_disk* there are, and in a sentence why no more."""
        by_size = self.max_size - on_disk
        by_free = self.free(self.directory) - self.min_free
        if by_size <= by_free:
            return by_size, (
                f"the journal in {self.directory} has reached its max_size of {self.max_size / _MIB:.0f} MiB"
            )
        return by_free, (
            f"the file system of {self.directory} is down to the {self.min_free / _MIB:.0f} MiB "
            "that journal.min_free keeps"
        )


def cost(body: bytes) -> int:
    """Bytes that a record may take on disk, once in the WAL and once, after a checkpoint, in the database."""
    # A record can leave as much of a page unused as it is long itself.
    return 2 * (len(body) + min(len(body), PAGE_SIZE))
