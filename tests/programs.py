"""Outside programs that some tests run: skipped without them on a user's machine, failed on CI."""

from __future__ import annotations

import os
import shutil

import pytest


def program(*names: str, package: str) -> str:
    """The path of the first of *names* that is installed; *package* is what brings it."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = f"this test needs {' or '.join(names)}: install {package} (tests/field-tools.sh does)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
