"""A sink that prints: one line for each exchange that arrives.

Lines are written by a thread of their own, straight to the file descriptor. A terminal that is held
(Ctrl-S, a pager) makes senders wait for their answers; signals still reach the loop, and leaving does not
wait for anybody to read on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo

from otel_bridge.asgi import AsgiServer
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.terminal.line import line
from otel_bridge.inspector.wire.assemble import Mask
from otel_bridge.inspector.wire.front_door import front_door
from otel_bridge.inspector.wire.sink import NotKeptError
from otel_bridge.inspector.wire.tokens import IngestToken

_GONE = "nobody reads the lines any more"
_HELD = "the terminal is held"
_GRACE = 2.0


class Terminal:
    """Belongs to one event loop. *gone* is called there when whoever read the lines has left."""

    def __init__(
        self, fd: int, *, colour: bool, gone: Callable[[], None], zone: tzinfo | None = None
    ) -> None:
        """Print to file descriptor *fd*; times are in *zone*, None for this machine's own."""
        # Some parents leave it non-blocking; then a full pipe would look like a closed one.
        os.set_blocking(fd, True)
        self._fd = fd
        self._colour = colour
        self._gone = gone
        self._zone = zone
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()
        self._lines: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        threading.Thread(target=self._write_lines, name="terminal", daemon=True).start()

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """Return when the lines are written; `NotKeptError` when they can't be."""
        width = _columns(self._fd)
        text = "".join(
            line(exchange, zone=self._zone, colour=self._colour, width=width) + "\n" for exchange in exchanges
        )
        written = self._loop.create_future()
        self._waiting.add(written)
        written.add_done_callback(self._waiting.discard)
        self._lines.put((text.encode(errors="backslashreplace"), written))
        await written

    def give_up(self) -> None:
        """Let nobody wait any longer for lines that are not written yet."""
        for written in tuple(self._waiting):
            _settle(written, NotKeptError(_HELD))

    def _write_lines(self) -> None:
        while True:
            data, written = self._lines.get()
            try:
                while data:
                    data = data[os.write(self._fd, data) :]
            except OSError:
                self._tell(self._nobody_reads, written)
            else:
                self._tell(_settle, written)

    def _tell(self, what: Callable[[asyncio.Future[None]], None], written: asyncio.Future[None]) -> None:
        # The loop is closed when the process is leaving.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, written)

    def _nobody_reads(self, written: asyncio.Future[None]) -> None:
        _settle(written, NotKeptError(_GONE))
        self._gone()


async def print_exchanges(
    sock: socket.socket,
    *,
    tokens: Iterable[IngestToken] = (),
    mask: Mask | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the front door on *sock* and print to stdout, until SIGINT, SIGTERM or a closed pipe.

    *ready* is called when posts are taken and signals end it in order.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    fd = sys.stdout.fileno()
    terminal = Terminal(fd, colour=wants_colour(os.environ) and os.isatty(fd), gone=stopped.set)
    server = AsgiServer(front_door(terminal, tokens=tokens, mask=mask), sock)
    await server.start()
    ready()
    await stopped.wait()
    loop.call_later(_GRACE / 2, terminal.give_up)
    await server.stop(grace=_GRACE)


def wants_colour(environment: Mapping[str, str]) -> bool:
    """Whether a terminal may be coloured: not with NO_COLOR (any value but ""), nor where it can't be."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _settle(written: asyncio.Future[None], error: NotKeptError | None = None) -> None:
    if written.done():
        return
    if error:
        written.set_exception(error)
    else:
        written.set_result(None)


def _columns(fd: int) -> int | None:
    """How wide the terminal is now; None if *fd* is none, or does not say."""
    try:
        return os.get_terminal_size(fd).columns or None
    except OSError:
        return None
