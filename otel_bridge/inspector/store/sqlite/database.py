"""Opening the store's files, and what SQLite's errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from otel_bridge import database_files
from otel_bridge.inspector import databases
from otel_bridge.inspector.store.interface import StoreError, StoreFullError
from otel_bridge.inspector.store.sqlite import schema

QUARANTINED = ".damaged"

# Erasing in another process rewrites a whole file meanwhile.
_BUSY_MS = 60_000
# For each of hundreds of open files; the kernel's cache does the work.
_CACHE_KIB = 512
_WRITER_CACHE_KIB = 32 * 1024
# 16 MiB: a larger step copies hot pages of the index fewer times, and takes more of the disk meanwhile.
_CHECKPOINT_PAGES = 2000


class DamagedError(StoreError):
    """What is in the file can't be read."""


class TooNewError(StoreError):
    """A later version made the file."""


def create(path: Path) -> None:
    """Make an empty file that is whole from its first moment on. Raises StoreError."""
    new = path.with_name(path.name + ".new")
    with translated(path):
        database_files.remove(new)
        db = apsw.Connection(os.fspath(new))
        try:
            schema.create(db)
        finally:
            db.close()
        new.chmod(0o600)
        new.replace(path)
        database_files.sync_directory(path.parent)


def connect(path: Path, *, writes: bool = False) -> apsw.Connection:
    """Open an existing file. Raises StoreError: TooNewError, DamagedError."""
    with translated(path):
        flags = apsw.SQLITE_OPEN_READWRITE
        db = apsw.Connection(os.fspath(path), flags=flags)
        try:
            db.set_busy_timeout(_BUSY_MS)
            db.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB if writes else _CACHE_KIB}")
            if writes:
                databases.make_durable(db)
                db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            else:
                db.execute("PRAGMA query_only = ON")
            _check_version(schema.version(db), path)
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as the store's; a stopped statement is the caller's to catch."""
    try:
        yield
    except apsw.InterruptError:
        raise
    except (apsw.Error, OSError) as error:
        if databases.is_damage(error):
            raise DamagedError(f"{path} is damaged: {error}") from error
        if databases.is_full(error):
            raise StoreFullError(f"can't write to {path}: the file system is full") from error
        why = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"can't use {path}: {why}") from error


def size_on_disk(path: Path) -> int:
    """Bytes of the database and its WAL."""
    return sum(_size(file) for file in (path, path.with_name(path.name + "-wal")))


def _check_version(version: int, path: Path) -> None:
    if version > schema.VERSION:
        raise TooNewError(databases.too_new(path, version, schema.VERSION))
    if version < schema.VERSION:
        raise DamagedError(f"{path} is not a file of the inspector's store")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
