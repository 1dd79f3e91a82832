"""SQLite databases as files, of the journal and of the inspector: removed, set aside, made to last."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

_COMPANIONS = ("-wal", "-shm", "-journal")


def remove(path: Path) -> None:
    for suffix in ("", *_COMPANIONS):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def set_aside(path: Path, mark: str) -> Path:
    """Rename a damaged database and what belongs to it, so that nobody reads it but people can.

    *mark* goes behind its name. What was set aside before under the same name is kept too.
    """
    aside = next(free for free in _names_aside(path, mark) if not free.exists())
    for suffix in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    sync_directory(path.parent)
    return aside


def aside(directory: Path, mark: str) -> list[Path]:
    """The databases in *directory* that were set aside, without what belongs to them."""
    return [path for path in directory.glob(f"*{mark}*") if not path.name.endswith(_COMPANIONS)]


def sync_directory(directory: Path) -> None:
    """Make names that were created or changed in *directory* survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_bytes(directory: Path) -> int:
    """What an ordinary user may still write to the file system of *directory*."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def _names_aside(path: Path, mark: str) -> Iterator[Path]:
    for number in itertools.count():
        yield path.with_name(path.name + mark + (f"-{number}" if number else ""))
