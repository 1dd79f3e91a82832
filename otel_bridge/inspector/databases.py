"""What the inspector's SQLite files have in common: made durable, changed whole or not at all, and which of
SQLite's errors speak of the file, or of the room for it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw


def make_durable(db: apsw.Connection) -> None:
    """What is committed survives a power failure."""
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")  # macOS: without it a sync stops at the drive's cache


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """All or nothing; takes the file's write lock at once."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            with contextlib.suppress(apsw.Error):
                db.execute("ROLLBACK")
        raise


def is_damage(error: apsw.Error | OSError) -> bool:
    """Whether *error* speaks about what is in the file, and not about the moment."""
    if isinstance(error, apsw.SQLError):
        return "malformed" in str(error)
    return isinstance(error, (apsw.CorruptError, apsw.NotADBError, apsw.FormatError))


def is_full(error: apsw.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return isinstance(error, apsw.FullError)


def too_new(path: Path, version: int, known: int) -> str:
    """What to say of a file of *version*, where *known* is the latest that this program reads."""
    return (
        f"{path} was written by a later version of otel_bridge (format {version}, this one reads up to "
        f"{known}): run that version again, or give this one another inspector.directory; "
        "nothing was changed"
    )
