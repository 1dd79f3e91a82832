"""A thread and an event loop for each pipeline, so that none waits for another's work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import structlog
import uvloop

from otel_bridge.pipeline.pipeline import Pipeline

# A pipeline that fails in a way nobody foresaw starts again from its cursor after this many seconds.
PAUSE = 1.0

log = structlog.get_logger(__name__)


class PipelineThread:
    """Runs one pipeline until it is drained or cancelled."""

    def __init__(self, name: str, *, build: Callable[[], Pipeline], failed: Callable[[], None]) -> None:
        """*build* makes a pipeline at its cursor; after a failure *failed* is called, then *build* again."""
        self.name = name
        self._build = build
        self._failed = failed
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self.pipeline: Pipeline | None = None
        self._thread = threading.Thread(target=self._run, name=f"pipeline {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def holds(self) -> bool:
        """Whether nothing can be delivered at the moment."""
        pipeline = self.pipeline
        return pipeline is not None and pipeline.state().hold_seconds is not None

    def drain(self) -> None:
        """Ask the pipeline to deliver what it can and end."""
        self._stopping.set()
        with self._guard:
            if self._loop is not None and self.pipeline is not None:
                self._loop.call_soon_threadsafe(self.pipeline.drain)

    def join(self, timeout: float) -> bool:
        """Wait for the end, at most *timeout* seconds, then cut it off; False if it had to be."""
        self._thread.join(timeout)
        if not self._thread.is_alive():
            return True
        with self._guard:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout=5)
        return False

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            while True:
                try:
                    runner.run(self._run_pipeline())
                except asyncio.CancelledError:
                    return
                except Exception:
                    # The thread's edge: whatever it was, the journal still has all that matters.
                    log.exception("a pipeline failed and starts again from its cursor", exporter=self.name)
                    self._failed()
                else:
                    return
                if self._stopping.wait(PAUSE):
                    return

    async def _run_pipeline(self) -> None:
        pipeline = self._build()
        with self._guard:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
            self.pipeline = pipeline
            if self._stopping.is_set():
                pipeline.drain()
        try:
            await pipeline.run()
        finally:
            with self._guard:
                self._loop = self._task = None
