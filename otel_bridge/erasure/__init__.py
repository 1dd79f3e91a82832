"""Erasing by query everywhere the bridge keeps traffic, and what to say about it afterwards.

journal, then dead letters, then the inspector's store: what is gone from one can't come back from another.
What a running bridge has read already, and has in memory, is beyond reach: it may still be delivered.
"""

from otel_bridge.erasure.everywhere import erase
from otel_bridge.erasure.receipt import Erased, Receipt

__all__ = ["Erased", "Receipt", "erase"]
