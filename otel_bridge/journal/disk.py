"""What the disk says to a read or a write, where SQLite doesn't tell."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# As much as SQLite writes in one go: into its WAL, the index of that, a page.
_PIECE = bytes(64 * 1024)
_READ_AT_ONCE = 1024 * 1024


def trouble(directory: Path) -> OSError | None:
    """Why the disk doesn't take a small file, which vanishes at once; None where it does."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(_PIECE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def can_read(path: Path) -> bool:
    """Whether every byte of the file can be had, whatever it is."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            at = 0
            while piece := os.pread(descriptor, _READ_AT_ONCE, at):
                at += len(piece)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True
