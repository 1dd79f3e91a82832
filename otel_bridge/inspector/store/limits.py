"""How much a store keeps, and for how long. It can be pickled: the bridge hands it to its child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from otel_bridge.database_files import free_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Ages in seconds since an exchange began, sizes in bytes."""

    age: float
    size: int
    bodies: float
    """How long bodies are kept; at most `age`."""
    min_free: int
    free: Callable[[Path], int] = free_bytes
