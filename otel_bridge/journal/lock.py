"""One owner for each directory: of the journal, of the inspector's traffic."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from otel_bridge.journal.errors import JournalLocked, JournalUnwritable


class DirectoryLock:
    """Held from construction to `release`, or to the end of the process however it comes."""

    def __init__(self, directory: Path, *, owner: str = "journal") -> None:
        """Create *directory* where it is missing; *owner* is its section of the configuration.

        Raises JournalLocked or JournalUnwritable.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path = directory / "lock"
            self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise JournalUnwritable(
                f"can't use {error.filename or directory} for the {owner}: {error.strerror}"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if not isinstance(error, BlockingIOError):
                raise JournalUnwritable(f"can't lock {directory}: {error.strerror}") from error
            raise JournalLocked(
                f"another otel-bridge is using {directory}: stop it, or give this one another "
                f"{owner}.directory"
            ) from error

    def check(self) -> None:
        """Raise JournalUnwritable where the directory is gone, or is another one now.

        Nothing is to be written there then: another bridge may own it, or a disk may be about to be
        mounted over it.
        """
        try:
            mine = os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError as error:
            raise JournalUnwritable(f"can't use {self._path.parent}: {error.strerror}") from error
        if not mine:
            raise JournalUnwritable(
                f"{self._path.parent} is not the directory that was locked any more: put that one back, or "
                "restart otel-bridge"
            )

    def release(self) -> None:
        os.close(self._descriptor)
