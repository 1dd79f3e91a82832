"""Appends batches to the files of their hours."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import apsw

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.store.interface import Appended
from otel_bridge.inspector.store.sqlite import hours
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.database import DamagedError
from otel_bridge.inspector.store.sqlite.hour_writer import HourWriter
from otel_bridge.inspector.store.sqlite.library import File, Library

# The hour that is, the one before, and one of late exchanges: the others give back what their WAL takes.
_MOST_OPEN = 3


class Writer:
    """The caller holds the library's `changing` around every call."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._open: OrderedDict[Path, HourWriter] = OrderedDict()
        self._packer = Packer()
        library.before_removal.append(self._forget)

    def append(self, exchanges: Sequence[Exchange]) -> Appended:
        """One transaction for each hour, oldest first. Raises StoreError."""
        by_hour: dict[int, list[Exchange]] = {}
        for exchange in exchanges:
            # By the id, because an exchange is looked up by nothing else.
            by_hour.setdefault(hours.hour_of_id(bytes.fromhex(exchange.id)), []).append(exchange)
        kept = repeated = 0
        for hour in sorted(by_hour):
            appended = self._append(self._library.file(hour), by_hour[hour])
            kept += appended.kept
            repeated += appended.repeated
        return Appended(kept, repeated)

    def close(self) -> None:
        for path in list(self._open):
            self._forget(path)

    def _append(self, file: File, exchanges: Sequence[Exchange]) -> Appended:
        try:
            return self._writer(file).add(exchanges, self._packer)
        except DamagedError as error:
            self._library.damaged(file, error)
            return self._writer(file).add(exchanges, self._packer)

    def _writer(self, file: File) -> HourWriter:
        assert file.hour is not None
        writer = self._open.get(file.path)
        if writer is None:
            writer = HourWriter(file.path, file.hour)
            self._open[file.path] = writer
            if len(self._open) > _MOST_OPEN:
                self._forget(next(iter(self._open)))
        self._open.move_to_end(file.path)
        return writer

    def _forget(self, path: Path) -> None:
        writer = self._open.pop(path, None)
        if writer is not None:
            # Nothing is lost: what could not be copied out of the WAL is copied by the next to open the file.
            with contextlib.suppress(apsw.Error):
                writer.close()
