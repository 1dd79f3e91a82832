from __future__ import annotations

import sys

from tests.journal.releases import HERE, make

make(HERE / sys.argv[1])
