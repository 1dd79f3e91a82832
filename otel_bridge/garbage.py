"""How often Python looks for garbage that only a search finds."""

from __future__ import annotations

import gc

# Exchanges form no cycles, and Python's own 700 has the collector look for some all the time.
_THRESHOLD = 20_000


def spare_collector() -> None:
    """Keep the garbage collector off what start-up has made: walking that stops all threads for 40 ms."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THRESHOLD)
