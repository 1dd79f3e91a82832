"""A Galileo collector or a Runscope API that remembers what it took, and has its troubles."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.vendor_server import Manner, Received, Reply, VendorServer

UNANSWERED = frozenset({Manner.HANG, Manner.CLOSE, Manner.RESET, Manner.DRIP})

Trouble = Callable[[Sequence[str]], Reply]
"""What to answer to a payload with exchanges of these paths."""


def well(_: Sequence[str]) -> Reply:
    return Reply()


def always(reply: Reply) -> Trouble:
    return lambda _: reply


class Collector(VendorServer):
    """`trouble` may be replaced while it runs; `well` ends it."""

    def __init__(self, trouble: Trouble = well, *, sock: socket.socket | None = None) -> None:
        super().__init__(self._answer, sock=sock)
        self.trouble = trouble
        self.taken: list[str] = []
        """Paths of the exchanges in payloads that were answered with 200, in their order."""

    def _answer(self, request: Received) -> Reply:
        paths = paths_in(request)
        reply = self.trouble(paths)
        if reply.status == 200 and reply.raw is None and reply.manner not in UNANSWERED:
            self.taken += paths
        return reply


def paths_in(request: Received) -> list[str]:
    """The paths of the exchanges in an ALF, or in Runscope messages."""
    return [urlsplit(each["request"]["url"]).path for each in exchanges_in(request)]


def exchanges_in(request: Received) -> list[dict[str, Any]]:
    """The entries of an ALF, or the messages of a post to Runscope."""
    posted = request.json()
    if isinstance(posted, dict):
        entries: list[dict[str, Any]] = posted["har"]["log"]["entries"] if "har" in posted else [posted]
        return entries
    return list(posted)
