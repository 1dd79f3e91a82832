"""The receiving end beside the bridge, as a child process: its work never holds up the bridge.

The parent binds the socket, so a taken port is found at start, and connections made while the child
starts again wait in the backlog instead of being refused. The child ends with its parent, whatever way
that goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
import uvloop

from otel_bridge.asgi import StartupError
from otel_bridge.telemetry import logs
from otel_bridge.telemetry.logs import Format, Level

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# What a child gets to finish in before it is killed.
GRACE = 5.0
START_FAILED = 3

Main = Callable[[socket.socket], Coroutine[Any, Any, None]]
"""What the child does with the socket, until SIGTERM; it can be pickled."""

log = structlog.get_logger(__name__)

# A fork would copy the bridge's threads' locks and open files.
_spawning = multiprocessing.get_context("spawn")


class InspectorProcess:
    """Keeps one child running until `stop`; belongs to the loop that starts it."""

    def __init__(
        self,
        sock: socket.socket,
        main: Main,
        *,
        log_level: Level,
        log_format: Format,
        restarted: Callable[[], None],
    ) -> None:
        """The child runs *main* on *sock*; *restarted* is called when one had to be replaced."""
        self._socket = sock
        self._arguments = (sock, main, log_level, log_format)
        self._restarted = restarted
        self._child: BaseProcess | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name="inspector")

    async def stop(self) -> None:
        """End the child, gently first."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._child is not None:
            self._child.terminate()
            try:
                async with asyncio.timeout(GRACE):
                    await _ended(self._child)
            except TimeoutError:
                self._child.kill()
            await asyncio.to_thread(self._child.join)
        self._socket.close()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while self._child is not None:
            await _ended(self._child)
            # Its pipe is closed a moment before its exit code is known.
            await asyncio.to_thread(self._child.join, GRACE)
            log.error("the inspector ended; it is started again", code=self._child.exitcode, seconds=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
            self._restarted()
            self._spawn()

    def _spawn(self) -> None:
        self._child = _spawning.Process(target=_serve, args=self._arguments, name="inspector", daemon=True)
        self._child.start()


async def _ended(child: BaseProcess) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(child.sentinel, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(child.sentinel)


def _serve(sock: socket.socket, main: Main, log_level: Level, log_format: Format) -> None:
    # Ctrl-C goes to all of a terminal's session: the bridge has to stop first and deliver its rest.
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure(log_level, log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(sock))
    except StartupError as error:
        log.error(str(error))  # noqa: TRY400 - a sentence for its operator
        sys.exit(START_FAILED)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
