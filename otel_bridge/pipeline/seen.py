"""Which exchanges a pipeline has met lately, so that a gateway's resend is not counted twice.

Two generations, each filled for at most `window` seconds or `limit` keys: a key is remembered for at
least one window (unless the limit cuts it short) and forgetting is dropping a set. Replaying the
journal after a crash starts with an empty memory; delivery is at least once.
"""

from __future__ import annotations

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
        if self._since is None:
            self._since = now
        elif now - self._since >= self._window or len(self._young) >= self._limit:
            self._old = self._young if now - self._since < 2 * self._window else set()
            self._young = set()
            self._since = now
        if key in self._young or key in self._old:
            return False
        self._young.add(key)
        return True

    def __contains__(self, key: bytes | str) -> bool:
        return key in self._young or key in self._old
