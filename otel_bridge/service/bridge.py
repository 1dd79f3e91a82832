"""The bridge as one thing that starts and stops.

    open:  sockets → journal → cursors
    start: inspector → pipelines → telemetry → receivers
    change: pipelines (drained, and others started) → redaction, tokens; everything else stays as it is
    stop:  receivers (answer what is in flight) → pipelines (deliver what can be) → the rest

What can fail for the user's sake fails in `open` or when the receivers start, with one sentence, and
before anything was accepted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from contextlib import AsyncExitStack
from functools import partial
from socket import socket
from typing import Any

import structlog

from otel_bridge.asgi import AsgiServer, StartupError, bound_address, listen
from otel_bridge.config import Config
from otel_bridge.inspector.wire.tokens import IngestToken
from otel_bridge.journal import Cursor, DeadLetters, Journal, JournalError
from otel_bridge.service.cursors import UnsettledError, check_leavers, reconcile
from otel_bridge.service.exporters import pipeline_names, plans
from otel_bridge.service.inspector import (
    ingest_tokens,
    inspector_settings,
    own_traffic,
    page,
    serve_inspector,
    start_token,
)
from otel_bridge.service.inspector_process import InspectorProcess, Main
from otel_bridge.service.pipelines import Pipelines
from otel_bridge.service.reception import Reception, check_tls
from otel_bridge.telemetry.instruments import INSPECTOR_RESTARTS
from otel_bridge.telemetry.journal import dead_letter_source, journal_source
from otel_bridge.telemetry.metrics import Metrics
from otel_bridge.telemetry.server import telemetry_app

# SIGTERM ends the process within 20 s: so much of it may go into answering senders, and into delivering.
RECEIVER_GRACE = 4.0
DRAIN_SECONDS = 12.0
# Dead letters past their age are looked for this often.
PRUNE_SECONDS = 3600.0
# Somebody waits at a terminal for what the journal is asked.
HEED_SECONDS = 1.0
OWN_ENVIRONMENT = "bridge"

log = structlog.get_logger(__name__)


class Bridge:
    """One configuration at work; belongs to the loop it is opened in."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.metrics = Metrics()
        self._undo = AsyncExitStack()
        # What the inspector knows this bridge by, where it lets in only those it knows.
        self._own_token = secrets.token_urlsafe()
        self._start_token = start_token(config.inspector)

    async def open(self, forget: Collection[str] = ()) -> None:
        """Take everything that somebody else could have taken.

        Raises StartupError, or UnsettledError where a pipeline that is not in *forget* left the
        configuration and still owes records.
        """
        try:
            self._bind()
            self._open_journal()
            if self._inspector_socket is not None:
                self._undo.enter_context(own_traffic(self.config.inspector.directory))
            self._plan(self.config, forget=forget)
        except BaseException:
            await self._undo.aclose()
            raise

    async def start(self) -> None:
        """Begin to work; returns once everything listens. Raises StartupError."""
        try:
            await self._start()
        except BaseException:
            await self._undo.aclose()
            raise

    async def stop(self) -> None:
        """Answer what is in flight, deliver what can be delivered now, leave the rest to the journal."""
        await self._reception.stop(RECEIVER_GRACE)
        await asyncio.to_thread(self._pipelines.stop, DRAIN_SECONDS)
        await self._undo.aclose()

    # Another configuration.

    def check(self, config: Config) -> None:
        """Whether *config* can follow this one without a loss.

        Raises StartupError where it has its journal elsewhere or TLS files that can't be used, and
        UnsettledError where it leaves out a pipeline that owes records and holds. What others owe is on
        its way: it is delivered before the change, or else the change fails.
        """
        if config.journal.directory != self.config.journal.directory:
            raise StartupError(
                f"journal.directory can't change while the bridge runs: what waits in "
                f"{self.config.journal.directory} would stay behind. Stop the bridge, move the directory, "
                "and start it again."
            )
        check_tls(config)
        check_leavers(self._journal, pipeline_names(config) | self._pipelines.delivering())

    def takes(self, config: Config) -> bool:
        """Whether `change` is enough for *config*; if not, another bridge has to take this one's place."""
        return _frame(config) == _frame(self.config)

    async def drain(self) -> None:
        """The first half of a change: deliver what is there now. What comes from here on waits."""
        self._drained = self._journal.end()
        await asyncio.to_thread(self._pipelines.stop, DRAIN_SECONDS)
        self.metrics.unregister_source(self._pipelines.readings)

    async def change(self, config: Config) -> None:
        """The second half: *config* is at work when this returns. Senders notice nothing of either.

        Where it raises, UnsettledError or StartupError, the old configuration is at work again.
        """
        try:
            self._plan(config, since=self._drained)
        except (UnsettledError, StartupError):
            # Leavers are forgotten last, so the old pipelines' cursors are all there.
            self._start_pipelines()
            raise
        self.config = config
        self._reception.change(config)
        self._start_pipelines()

    # What it says at start.

    @property
    def otlp_http(self) -> str:
        return self._reception.http_url

    @property
    def otlp_grpc(self) -> str:
        return self._reception.grpc_address

    @property
    def telemetry(self) -> str:
        return f"http://{bound_address(self._telemetry_socket)}/metrics"

    @property
    def inspector(self) -> str | None:
        """The URL for people."""
        if self._inspector_socket is None:
            return None
        return page(bound_address(self._inspector_socket), self._start_token)

    def _bind(self) -> None:
        config = self.config
        self._http_socket = self._listen(str(config.receivers.otlp.protocols.http.endpoint))
        self._telemetry_socket = self._listen(str(config.telemetry.metrics.endpoint))
        self._inspector_socket = (
            self._listen(str(config.inspector.endpoint)) if config.inspector.enabled else None
        )

    def _listen(self, endpoint: str) -> socket:
        return self._undo.enter_context(listen(endpoint))

    def _open_journal(self) -> None:
        config = self.config
        directory = config.journal.directory
        try:
            self._journal = Journal.open(
                directory, max_size=config.journal.max_size, min_free=config.journal.min_free
            )
            self._undo.callback(self._journal.close)
            self._letters = DeadLetters.open(
                directory, max_size=config.dead_letters.max_size, max_age_s=config.dead_letters.max_age
            )
            self._undo.callback(self._letters.close)
        except JournalError as error:
            raise _unusable(error) from error

    def _plan(self, config: Config, *, forget: Collection[str] = (), since: Cursor | None = None) -> None:
        """Which pipelines there are to be, in the journal too; as `reconcile` has it."""
        inspector = None
        if self._inspector_socket is not None:
            inspector = (bound_address(self._inspector_socket), self._own_token)
        planned = plans(config, inspector=inspector)
        try:
            reconcile(self._journal, {plan.name: plan.start_at for plan in planned}, forget, since=since)
        except JournalError as error:
            raise _unusable(error) from error
        self._plans = planned

    async def _start(self) -> None:
        config = self.config
        if self._inspector_socket is not None:
            process = InspectorProcess(
                self._inspector_socket,
                self._inspector_main(),
                log_level=config.telemetry.logs.level,
                log_format=config.telemetry.logs.format,
                restarted=self.metrics.counter(INSPECTOR_RESTARTS).inc,
            )
            await process.start()
            self._undo.push_async_callback(process.stop)
        await self._start_telemetry()
        self._reception = Reception(
            self.config, self._http_socket, journal=self._journal, metrics=self.metrics
        )
        self._undo.push_async_callback(self._reception.stop, 0)
        await self._reception.start()
        self._start_pipelines()
        pruning = asyncio.create_task(self._prune(), name="prune dead letters")
        self._undo.callback(pruning.cancel)
        heeding = asyncio.create_task(self._heed(), name="heed other processes")
        self._undo.callback(heeding.cancel)

    def _start_pipelines(self) -> None:
        self._pipelines = Pipelines(
            self._plans, journal=self._journal, letters=self._letters, metrics=self.metrics
        )
        self.metrics.register_source(self._pipelines.readings)
        self._pipelines.start()

    def _inspector_main(self) -> Main:
        senders = ingest_tokens(self.config.inspector)
        if senders:
            senders.append(IngestToken(token=self._own_token, environment=OWN_ENVIRONMENT))
        settings = inspector_settings(
            self.config,
            start_token=self._start_token,
            senders=senders,
            bridge_metrics=bound_address(self._telemetry_socket),
        )
        return partial(serve_inspector, settings=settings)

    async def _start_telemetry(self) -> None:
        self.metrics.register_source(journal_source(self._journal))
        self.metrics.register_source(
            dead_letter_source(self._letters, max_size=self.config.dead_letters.max_size)
        )
        app = telemetry_app(self.metrics, why_not_ready=lambda: self._journal.stats().fault or None)
        server = AsgiServer(app, self._telemetry_socket)
        await server.start()
        self._undo.push_async_callback(server.stop, 1.0)

    async def _prune(self) -> None:
        while True:
            try:
                dropped = await asyncio.to_thread(self._letters.prune)
            except JournalError as error:
                log.warning("old dead letters can't be dropped for now", why=str(error))
            else:
                if dropped:
                    log.warning("dead letters past dead_letters.max_age were dropped", letters=dropped)
            await asyncio.sleep(PRUNE_SECONDS)

    async def _heed(self) -> None:
        while True:
            # A disk that hangs must hold up nobody else.
            await asyncio.to_thread(self._journal.heed)
            await asyncio.sleep(HEED_SECONDS)


def _frame(config: Config) -> dict[str, Any]:
    """What receivers, journal and inspector are built from, and so can't change beside them."""
    beside: dict[str, Any] = {
        "exporters": True,
        "receivers": {"otlp": {"auth"}},
        "telemetry": {"logs"},
    }
    # The inspector masks by it what does not come through the bridge.
    if not config.inspector.enabled:
        beside["redaction"] = True
    return config.model_dump(exclude=beside)


def _unusable(error: JournalError) -> StartupError:
    return StartupError(f"Cannot use the journal: {error}.")
