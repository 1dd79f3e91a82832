"""Files of a program that goes on meanwhile: it may rename and remove them at any moment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def contents(directory: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below *directory* and its bytes, without those that vanish before they are read."""
    for path in sorted(directory.rglob("*")):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            yield path, path.read_bytes()
