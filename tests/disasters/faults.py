"""Disks that fail and clocks that are wrong for one program, which notices them as it would real ones.

    with Faults(tmp_path) as faults:
        bridge.start(environment=faults.environment)
        faults.set(write=errno.EIO)

What is set happens in the C library's calls of the program, through `faults.c`.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

_SOURCE = Path(__file__).with_name("faults.c")
# As `struct control` there.
_CONTROL = struct.Struct("=iiiiqqq")


class Faults:
    """None until `set`; they are for files below *directory*."""

    def __init__(self, directory: Path) -> None:
        """Skips the test where there is no C compiler, fails it on CI."""
        library = directory / "faults.so"
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            missing = "a C compiler is needed for this test"
            if os.environ.get("CI"):
                pytest.fail(missing)
            pytest.skip(missing)
        build = [compiler, "-Wall", "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(build, check=True)
        control = directory / "faults"
        control.write_bytes(bytes(_CONTROL.size))
        self._file = control.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _CONTROL.size)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULTS_CONTROL": str(control),
            "FAULTS_DIRECTORY": str(directory / "state"),
        }

    def set(
        self,
        *,
        write: int = 0,
        sync: int = 0,
        read: int = 0,
        open_: int = 0,
        places: range = range(1 << 40),
        clock_s: float = 0,
    ) -> None:
        """Errors of the calls (0: none); *places* can't be read, by their offsets in their files.

        *clock_s* is added to the time of day. What isn't named is over.
        """
        what = _CONTROL.pack(write, sync, read, open_, places.start, places.stop, int(clock_s * 1e9))
        self._map[: _CONTROL.size] = what

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._map.close()
        self._file.close()
