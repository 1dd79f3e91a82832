"""Which exchanges a pipeline has met lately, so that a gateway's resend is not counted twice.

Two generations, each filled for at most `window` seconds or `limit` keys: a key is remembered for at
least one window (unless the limit cuts it short) and forgetting is dropping a set. Replaying the
journal after a crash starts with an empty memory; delivery is at least once.
"""

from __future__ import annotations

from collections.abc import Sequence

WINDOW = 120.0
LIMIT = 500_000


class Seen:
    """Remembers keys: trace id with span id, or a gateway's request id; not thread-safe."""

    def __init__(self, *, window: float = WINDOW, limit: int = LIMIT) -> None:
        self._window = window
        self._limit = limit
        self._young: set[bytes | str] = set()
        self._old: set[bytes | str] = set()
        self._since: float | None = None

    def first(self, key: bytes | str, now: float) -> bool:
        """Whether *key* is new at *now*, in seconds; it is remembered from here on."""
        self._grow_older(now, 1)
        if key in self:
            return False
        self._young.add(key)
        return True

    def first_ones(self, keys: Sequence[bytes | str], now: float) -> Sequence[bool]:
        """Likewise for each of *keys*, in their order."""
        self._grow_older(now, len(keys))
        together = set(keys)
        if len(together) < len(keys) or not (
            self._young.isdisjoint(together) and self._old.isdisjoint(together)
        ):
            return [self.first(key, now) for key in keys]
        self._young |= together
        return [True] * len(keys)

    def __contains__(self, key: bytes | str) -> bool:
        return key in self._young or key in self._old

    def _grow_older(self, now: float, coming: int) -> None:
        """Let a generation go where its time is over, or has no room for *coming* keys more."""
        if self._since is None:
            self._since = now
        elif now - self._since >= self._window or len(self._young) + coming > self._limit:
            self._old = self._young if now - self._since < 2 * self._window else set()
            self._young = set()
            self._since = now
