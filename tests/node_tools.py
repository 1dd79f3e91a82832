"""Programs for Node that field tests use: the validators of other people, clients in other languages.

`tests/node/package.json` names them, its lock file pins them, `npm ci` brings them.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "node"


def run_node(script: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """The standard output of `tests/node/SCRIPT`; skips the test where there is no Node, fails it on CI."""
    install_packages()
    done = subprocess.run(
        ["node", script, *arguments], cwd=HERE, input=stdin, capture_output=True, timeout=280, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout


def install_packages() -> None:
    """The packages are in `tests/node/node_modules` then; skips or fails like `run_node`."""
    if not _installed():
        missing = "Node and npm are needed for this test"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


@functools.cache
def _installed() -> bool:
    """Whether the packages are there, after one try in each test session to bring them."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    lock, mark = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True)
    return True
