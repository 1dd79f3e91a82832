"""Whether a destination takes many entries in one request.

Galileo's protocol is made for it. For Runscope's it is implied by the documents and not certain, so it is
found out: an accepted group of two or more proves it, a refused group whose every entry is then accepted
alone disproves it, for good.
"""

from __future__ import annotations

import sys


class Grouping:
    """What is known of one destination; lives as long as its exporter."""

    def __init__(self, *, certain: bool) -> None:
        self._proven = certain
        self._disproven = False

    @property
    def limit(self) -> int:
        """Most entries to put into one request."""
        return 1 if self._disproven else sys.maxsize

    @property
    def uncertain(self) -> bool:
        return not (self._proven or self._disproven)

    def accepted(self, entries: int) -> None:
        """A request with that many was taken."""
        if entries > 1 and not self._disproven:
            self._proven = True

    def only_singly(self) -> bool:
        """A group was refused and each of its entries taken alone; True if that settles the question."""
        if not self.uncertain:
            return False
        self._disproven = True
        return True
