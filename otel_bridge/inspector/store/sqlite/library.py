"""The directory: which files there are, reading them, and setting damaged ones aside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import apsw
import structlog

from otel_bridge import database_files
from otel_bridge.inspector.store.interface import EVER, Period, Position, Stop, StoreError, never
from otel_bridge.inspector.store.sqlite import database, hours
from otel_bridge.inspector.store.sqlite.database import DamagedError
from otel_bridge.inspector.store.sqlite.readers import Readers

log = structlog.get_logger(__name__)

T = TypeVar("T")


class File(NamedTuple):
    path: Path
    hour: int | None
    """None: the pinned ones."""

    @property
    def base(self) -> Position:
        return 0 if self.hour is None else hours.base_of(self.hour)


class Library:
    """Thread-safe. Only its *owner*, who appends, may rename or remove what is in it."""

    def __init__(self, directory: Path, *, owner: bool) -> None:
        """Make *directory* where it is missing, if it is the owner's. Raises StoreError."""
        self.directory = directory
        self.owner = owner
        self.readers = Readers()
        self.changing = threading.RLock()
        """Held by whoever writes, removes or renames files of this process."""
        self.before_removal: list[Callable[[Path], None]] = [self.readers.forget]
        """Told which file is about to be removed or renamed, to close it."""
        self._known_damaged: set[tuple[Path, int]] = set()
        with database.translated(directory):
            if owner:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif not directory.is_dir():
                raise StoreError(f"there is no inspector's store in {directory}")

    @property
    def pinned(self) -> File:
        return File(self.directory / hours.PINNED, None)

    def file(self, hour: int) -> File:
        return File(self.directory / hours.file_name(hour), hour)

    def hours(self, period: Period = EVER) -> list[File]:
        """Files that may hold something of *period*, newest first. Raises StoreError."""
        with database.translated(self.directory):
            found = hours.files(self.directory)
        first = None if period.start_us is None else hours.hour_of(period.start_us)
        last = None if period.end_us is None else hours.hour_of(period.end_us - 1)
        return [
            File(path, hour)
            for hour, path in found
            if (first is None or hour >= first) and (last is None or hour <= last)
        ]

    def let_go(self, path: Path) -> None:
        """Close *path* wherever it is open; the caller holds `changing`."""
        for close in self.before_removal:
            close(path)

    def quarantined(self) -> list[str]:
        return sorted(path.name for path in database_files.aside(self.directory, database.QUARANTINED))

    def read(self, file: File, work: Callable[[apsw.Connection], T], stop: Stop = never) -> T | None:
        """What *work* makes of a connection to *file*; None: the file is gone, or damaged, which is reported.

        Raises StoreError, and apsw.InterruptError where *stop* says so.
        """
        try:
            with self.readers.use(file.path, stop) as db:
                return work(db)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self.damaged(file, error)
            return None

    def damaged(self, file: File, error: DamagedError) -> None:
        """Set *file* aside if it is this process's to do, and say so once."""
        with self.changing:
            if not file.path.exists():
                return
            identity = (file.path, file.path.stat().st_ino)
            if identity in self._known_damaged:
                return
            if self.owner:
                self.let_go(file.path)
                aside = database_files.set_aside(file.path, database.QUARANTINED)
                log.error("inspector's file is damaged and set aside", file=str(aside), reason=str(error))
            else:
                self._known_damaged.add(identity)
                log.error("inspector's file is damaged", file=str(file.path), reason=str(error))
