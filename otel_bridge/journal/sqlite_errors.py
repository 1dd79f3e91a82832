"""What an error of SQLite speaks of: the file, one place of the disk, a full disk, or the moment."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

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
_UNREADABLE = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# SQLite calls a file that can't grow or can't be made "disk I/O error" or "unable to open". Where less
# than this is left, in bytes, or no inode, that is why.
_NO_ROOM = 64 * 1024


def is_damage(error: sqlite3.Error) -> bool:
    """Whether *error* speaks about what is in the file, and not about the moment."""
    return _primary(error) in _DAMAGE


def is_unreadable(error: sqlite3.Error) -> bool:
    """Whether the disk failed to read a place of the file, for good or for the moment."""
    return getattr(error, "sqlite_errorcode", None) in _UNREADABLE


def refusal(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """*error*, met while writing to *path*, as one that callers know."""
    if _is_fullness(error) or _has_no_room(path.parent):
        return JournalFull(f"can't write to {path}: the file system is full")
    if isinstance(error, OSError):
        return JournalUnwritable(f"can't write to {path}: {error.strerror}")
    return JournalUnwritable(f"can't write to {path}: {error}")


def _is_fullness(error: sqlite3.Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    return _primary(error) == sqlite3.SQLITE_FULL


def _has_no_room(directory: Path) -> bool:
    try:
        status = os.statvfs(directory)
    except OSError:
        return False
    # A file system without a number of inodes has f_files 0.
    return status.f_bavail * status.f_frsize < _NO_ROOM or (status.f_files > 0 and status.f_favail == 0)


def _primary(error: sqlite3.Error) -> int:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF
    # Python's own: a wrong use of the module, or something it can't decode.
    return sqlite3.SQLITE_MISUSE if isinstance(error, sqlite3.ProgrammingError) else sqlite3.SQLITE_CORRUPT
