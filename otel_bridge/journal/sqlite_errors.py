"""What an error of SQLite speaks of: the file, one place of the disk, a full disk, or the moment."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from otel_bridge.journal import disk
from otel_bridge.journal.errors import JournalError, JournalFull, JournalUnwritable

# Errors about what is in a file; all others (busy, I/O, memory, permission) are about the moment.
_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # such as: no such table
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
    }
)
_UNREADABLE = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether *error* speaks about what is in the file, and not about the moment."""
    return _primary(error) in _DAMAGE


def is_unreadable(error: sqlite3.Error) -> bool:
    """Whether the disk failed to read a place of the file, for good or for the moment."""
    return getattr(error, "sqlite_errorcode", None) in _UNREADABLE


def refusal(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """*error*, met while writing to the file or directory *path*, as one that callers know."""
    if _is_fullness(error) or _is_fullness(disk.trouble(path if path.is_dir() else path.parent)):
        return JournalFull(f"can't write to {path}: the file system is full")
    if isinstance(error, OSError):
        return JournalUnwritable(f"can't write to {path}: {error.strerror}")
    return JournalUnwritable(f"can't write to {path}: {error}")


def _is_fullness(error: sqlite3.Error | OSError | None) -> bool:
    # SQLite calls a file that it can't make or enlarge "disk I/O error" or "unable to open", whatever the
    # reason: an index of the WAL without room, a file without an inode, any file beyond a quota.
    if isinstance(error, OSError):
        return error.errno in _FULL
    return error is not None and _primary(error) == sqlite3.SQLITE_FULL


def _primary(error: sqlite3.Error) -> int:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF
    # Python's own: a wrong use of the module, or something it can't decode.
    return sqlite3.SQLITE_MISUSE if isinstance(error, sqlite3.ProgrammingError) else sqlite3.SQLITE_CORRUPT
