"""Taking out of the journal what must not be in it any more, beside the bridge that runs on it or alone.

A sealed segment is written anew without what has to go, and one rename puts it in the place of the old:
nothing is ever changed in a file that somebody reads, and nothing of the old is left in the new. Records keep
their seqs, so every cursor stays right; `total` goes on counting what was written once, as the owner does.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from otel_bridge import database_files
from otel_bridge.journal import database, sealing, segment
from otel_bridge.journal.cursors import cursors_in
from otel_bridge.journal.errors import JournalError, JournalLocked
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.journal.record import Record, checksum
from otel_bridge.journal.segment import SegmentReader
from otel_bridge.journal.segments import refuse_newer
from otel_bridge.journal.sqlite_errors import refusal
from otel_bridge.journal.survey import survey

__all__ = ["cursors_in", "paths", "quarantined", "records", "replace", "sealed"]

_ALL = "SELECT seq, signal, received_ns, total, checksum, body FROM record ORDER BY seq"
_READ_BYTES = 1024 * 1024
_DRAFT = ".rewritten"
_LOOK_SECONDS = 0.05


@contextmanager
def sealed(directory: Path, *, patience: float) -> Iterator[bool]:
    """While this lasts all that *directory* held at its start lies in sealed segments.

    Yields whether a bridge runs there: it is given *patience* seconds to seal. Where none does, none can
    start meanwhile. Raises JournalError.
    """
    try:
        lock = DirectoryLock(directory)
    except JournalLocked:
        _have_it_sealed(directory, patience)
        yield True
        return
    try:
        for draft in directory.glob(f"*{_DRAFT}*"):
            draft.unlink()
        yield False
    finally:
        lock.release()


def paths(directory: Path) -> list[Path]:
    """The segments, oldest first. Raises JournalTooNew."""
    refuse_newer(directory)
    return sorted(directory.glob("journal-*.db"))


def quarantined(directory: Path) -> list[Path]:
    """Damaged files that were set aside: what is in them can't be told."""
    return sorted(path for path in directory.glob(f"*{database.QUARANTINED}*"))


def records(path: Path) -> Iterator[Record]:
    """What can be read of a segment; nothing where the owner has unlinked it. Raises JournalError."""
    try:
        found, _ = survey(path, segment.first_of(path))
        with closing(SegmentReader(path, sealed=True)) as reader:
            after = found.first - 1
            while after < found.last:
                fetch = reader.fetch(after, found.last, _READ_BYTES)
                yield from fetch.records
                after = fetch.reached
    except (sqlite3.Error, OSError) as error:
        if path.exists():
            raise JournalError(f"can't read {path}: {error}") from error


def replace(path: Path, bodies: Mapping[int, bytes]) -> bool:
    """Put these *bodies*, by seq, in the place of those that the sealed segment at *path* holds.

    False: the owner has unlinked it meanwhile. Raises JournalError, and then nothing is changed.
    """
    draft = path.with_name(path.name + _DRAFT)
    try:
        before = path.stat()
        _empty_wal(path)
        database.create(draft, segment.FORMAT, lambda db: _copy(path, db, bodies))
        # Its owner may have settled it, or somebody else have rewritten it.
        if path.stat().st_ino != before.st_ino:
            raise JournalError(f"{path} was changed by somebody else meanwhile: try again")
        draft.rename(path)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        database_files.sync_directory(path.parent)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, FileNotFoundError) and not path.exists():
            return False
        raise refusal(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            database_files.remove(draft)
    return True


def _have_it_sealed(directory: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    try:
        sealing.ask(directory)
        while sealing.is_asked(directory):
            if time.monotonic() > deadline:
                sealing.answer(directory)
                raise JournalError(
                    f"the otel-bridge that runs on {directory} did not let go of the segment it writes: "
                    "stop it and try again"
                )
            time.sleep(_LOOK_SECONDS)
    except OSError as error:
        raise refusal(error, directory) from error


def _empty_wal(path: Path) -> None:
    """Bring what a crash, or a reader in the way, left in the WAL into the database.

    Were this process to die right after the rename, the old WAL would be replayed into the new file.
    Raises sqlite3.Error, also where that can't be done now.
    """
    if database.size_on_disk(database.wal_of(path)) == 0:
        return
    with closing(database.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if database.size_on_disk(database.wal_of(path)):
        raise sqlite3.OperationalError("somebody is reading it: try again")


def _copy(path: Path, db: sqlite3.Connection, bodies: Mapping[int, bytes]) -> None:
    with closing(segment.connect(path, sealed=True)) as old:
        db.execute("BEGIN")
        for seq, signal, received_ns, total, told, body in old.execute(_ALL):
            text = signal.decode(errors="replace")
            new = bodies.get(seq)
            if new is None:
                db.execute(segment.INSERT, (seq, text, received_ns, total, told, body))
            else:
                row = (seq, text, received_ns, total, checksum(seq, text, received_ns, new), new)
                db.execute(segment.INSERT, row)
        db.execute("COMMIT")
