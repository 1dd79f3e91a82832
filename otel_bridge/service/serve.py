"""The life of `otel-bridge serve`: start, run, reload, stop.

SIGTERM and SIGINT drain and end; a second one ends at once, which loses nothing that was acknowledged.
SIGHUP reads the configuration anew: a faulty one is refused and the old one goes on; a good one takes
the place of the old, with every cursor where it was.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from otel_bridge.asgi import StartupError
from otel_bridge.config import Config, ConfigError, load
from otel_bridge.config.advice import warnings
from otel_bridge.journal import JournalError
from otel_bridge.service.bridge import Bridge
from otel_bridge.service.cursors import UnsettledError
from otel_bridge.telemetry import logs

EXIT_KILLED = 130
# Exchanges form no cycles, and Python's own 700 has the collector look for some all the time.
GC_THRESHOLD = 20_000

log = structlog.get_logger(__name__)


class Service:
    """Runs one bridge after the other, one at a time; belongs to one loop."""

    def __init__(
        self, path: Path | None, *, forget: Collection[str], started: Callable[[Bridge], None]
    ) -> None:
        """*started* is called with each bridge once it listens."""
        self._path = path
        self._forget = forget
        self._started = started
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self, config: Config) -> None:
        """Until SIGTERM. Raises StartupError or UnsettledError where the first start fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        bridge: Bridge | None = await self._begin(config, self._forget)
        while bridge is not None:
            await self._something_happens()
            if self._stop.is_set():
                await bridge.stop()
                return
            self._reload.clear()
            bridge = await self._replace(bridge)

    async def _begin(self, config: Config, forget: Collection[str]) -> Bridge:
        logs.configure(config.telemetry.logs.level, config.telemetry.logs.format)
        for where, message in warnings(config):
            log.warning(message, setting=".".join(where))
        bridge = Bridge(config)
        await bridge.open(forget)
        await bridge.start()
        spare_collector()
        self._started(bridge)
        return bridge

    async def _replace(self, bridge: Bridge) -> Bridge | None:
        """The bridge that works from now on; None where the end was asked for in the middle of this."""
        try:
            config = load(self._path)
            bridge.check_leavers(config)
        except (ConfigError, UnsettledError, JournalError) as error:
            log.error("the new configuration is refused; the old one goes on", why=str(error))  # noqa: TRY400
            return bridge
        await bridge.stop()
        if self._stop.is_set():
            # Another one would only have to be stopped too, and the time for that is running.
            return None
        try:
            replacement = await self._begin(config, ())
        except (StartupError, UnsettledError) as error:
            log.error("the new configuration can't start; back to the old one", why=str(error))  # noqa: TRY400
            return await self._begin(bridge.config, ())
        log.info("the configuration was read anew")
        return replacement

    async def _something_happens(self) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._reload)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _on_stop(self) -> None:
        if self._stop.is_set():
            os._exit(EXIT_KILLED)
        self._stop.set()


def spare_collector() -> None:
    """Keep the garbage collector off what start-up has made: walking that stops all threads for 40 ms."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
