"""The life of `otel-bridge serve`: start, run, reload, stop.

SIGTERM and SIGINT drain and end; a second one ends at once, which loses nothing that was acknowledged.
SIGHUP reads the configuration anew: a faulty one is refused and the old one goes on; a good one takes
the place of the old, with every cursor where it was. Receivers go on meanwhile, unless it is they, the
journal, the inspector or the metrics that change: then another bridge takes the place of the first.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from otel_bridge.asgi import StartupError
from otel_bridge.config import Config, ConfigError, load
from otel_bridge.config.advice import warnings
from otel_bridge.garbage import spare_collector
from otel_bridge.journal import JournalError
from otel_bridge.service.bridge import Bridge
from otel_bridge.service.cursors import UnsettledError
from otel_bridge.telemetry import logs

# The shell's way to say which signal ended a process.
EXIT_BY_SIGNAL = 128

_BACK = "the new configuration can't start; back to the old one"
_DONE = "the configuration was read anew"

log = structlog.get_logger(__name__)


class Service:
    """Runs one bridge after the other, one at a time; belongs to one loop."""

    def __init__(
        self, path: Path | None, *, forget: Collection[str], started: Callable[[Bridge], None]
    ) -> None:
        """*started* is called with the bridge once it listens, and after each reload."""
        self._path = path
        self._forget = forget
        self._started = started
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self, config: Config) -> None:
        """Until SIGTERM. Raises StartupError or UnsettledError where the first start fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        bridge: Bridge | None = await self._begin(config, self._forget)
        while bridge is not None:
            await self._something_happens()
            if self._stop.is_set():
                await bridge.stop()
                return
            self._reload.clear()
            bridge = await self._reread(bridge)

    async def _begin(self, config: Config, forget: Collection[str]) -> Bridge:
        _heed(config)
        bridge = Bridge(config)
        await bridge.open(forget)
        await bridge.start()
        self._say(bridge)
        return bridge

    async def _reread(self, bridge: Bridge) -> Bridge | None:
        """The bridge that works from now on; None where the end was asked for in the middle of this."""
        try:
            config = load(self._path)
            bridge.check(config)
        except (ConfigError, UnsettledError, StartupError, JournalError) as error:
            log.error("the new configuration is refused; the old one goes on", why=str(error))  # noqa: TRY400
            return bridge
        if not bridge.takes(config):
            return await self._replace(bridge, config)
        log.info("a new configuration: what is on its way is delivered first")
        await bridge.drain()
        if not self._stop.is_set():
            await self._change(bridge, config)
        return bridge

    async def _change(self, bridge: Bridge, config: Config) -> None:
        try:
            await bridge.change(config)
        except (UnsettledError, StartupError) as error:
            log.error(_BACK, why=str(error))  # noqa: TRY400
            return
        _heed(config)
        self._say(bridge)
        log.info(_DONE)

    async def _replace(self, bridge: Bridge, config: Config) -> Bridge | None:
        await bridge.stop()
        if self._stop.is_set():
            # Another one would only have to be stopped too, and the time for that is running.
            return None
        try:
            replacement = await self._begin(config, ())
        except (StartupError, UnsettledError) as error:
            log.error(_BACK, why=str(error))  # noqa: TRY400
            return await self._begin(bridge.config, ())
        log.info(_DONE)
        return replacement

    def _say(self, bridge: Bridge) -> None:
        spare_collector()
        self._started(bridge)

    async def _something_happens(self) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._reload)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _on_stop(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            os._exit(EXIT_BY_SIGNAL + number)
        self._stop.set()


def _heed(config: Config) -> None:
    logs.configure(config.telemetry.logs.level, config.telemetry.logs.format)
    for where, message in warnings(config):
        log.warning(message, setting=".".join(where))
