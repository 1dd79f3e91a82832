"""How large a payload may be for one destination: what the vendor allows, or less, as 413 teaches.

By the contract a payload that is refused is cut in two, and given up where both halves are refused. In
front of many a destination stands a proxy that takes far less than the vendor did (nginx: 1 MB unless told
otherwise), and there every large payload would end so. So each 413 is a lesson for the payloads that come:

    the payload arrived whole, in smaller pieces    later ones are no larger than the largest of these
    both its halves were refused                    later ones are at most a quarter of it
    part of it was refused                          it was that part, and says nothing about the others
"""

from __future__ import annotations

# No proxy takes less. One exchange that a destination answers with 413 for a reason of its own must not
# make all that follow go out one by one.
LEAST = 64 * 1024


class Measure:
    """Lives as long as its exporter; a restart or a reload forgets, as the destination may have changed."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        """Most bytes of entries in one payload, separators included; a larger single entry goes alone."""

    def learn(self, refused: int, *, largest_taken: int, given_up: bool) -> bool:
        """A payload of *refused* bytes was answered 413; True if later ones have to be smaller for it.

        *largest_taken* is the size of the largest piece of it that was taken, 0 without one; *given_up* is
        whether anything was.
        """
        if largest_taken and given_up:
            return False
        lesson = max(LEAST, largest_taken or refused // 4)
        if lesson >= self.max_bytes:
            return False
        self.max_bytes = lesson
        return True
