"""The bridge as one thing that starts and stops.

    open:  sockets → journal → cursors
    start: inspector → pipelines → telemetry → receivers
    stop:  receivers (answer what is in flight) → pipelines (deliver what can be) → the rest

What can fail for the user's sake fails in `open` or when the receivers start, with one sentence, and
before anything was accepted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from contextlib import AsyncExitStack
from socket import socket

import structlog

from otel_bridge.asgi import AsgiServer, StartupError, Tls, bound_address, listen
from otel_bridge.config import Config
from otel_bridge.config.models import Tls as TlsSection
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.inspector.wire.tokens import IngestToken
from otel_bridge.journal import DeadLetters, Journal, JournalError
from otel_bridge.receiver.admission import Admission
from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.intake import Intake
from otel_bridge.receiver.otlp_grpc import GrpcReceiver
from otel_bridge.receiver.otlp_http import HttpReceiver, http_app
from otel_bridge.redaction import Redactor
from otel_bridge.service.cursors import check_leavers, reconcile
from otel_bridge.service.exporters import pipeline_names, plans, wants_bodies
from otel_bridge.service.inspector_process import InspectorProcess
from otel_bridge.service.pipelines import Pipelines
from otel_bridge.telemetry.instruments import INSPECTOR_RESTARTS
from otel_bridge.telemetry.journal import dead_letter_source, journal_source
from otel_bridge.telemetry.metrics import Metrics
from otel_bridge.telemetry.server import telemetry_app

# SIGTERM ends the process within 20 s: so much of it may go into answering senders, and into delivering.
RECEIVER_GRACE = 4.0
DRAIN_SECONDS = 12.0
# Dead letters past their age are looked for this often.
PRUNE_SECONDS = 3600.0
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

    async def open(self, forget: Collection[str] = ()) -> None:
        """Take everything that somebody else could have taken.

        Raises StartupError, or UnsettledError where a pipeline that is not in *forget* left the
        configuration and still owes records.
        """
        try:
            self._bind()
            self._open_journal(forget)
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
        await asyncio.gather(self._http.stop(RECEIVER_GRACE), self._grpc.stop(RECEIVER_GRACE))
        await asyncio.to_thread(self._pipelines.stop, DRAIN_SECONDS)
        await self._undo.aclose()

    def check_leavers(self, config: Config) -> None:
        """Raises UnsettledError where *config* leaves out a pipeline that owes records and holds.

        What others owe is on its way: `stop` delivers it, or else the next bridge refuses to open.
        """
        check_leavers(self._journal, pipeline_names(config) | self._pipelines.delivering())

    # What it says at start.

    @property
    def otlp_http(self) -> str:
        scheme = "https" if self.config.receivers.otlp.protocols.http.tls else "http"
        return f"{scheme}://{bound_address(self._http_socket)}/v1/traces"

    @property
    def otlp_grpc(self) -> str:
        return self._grpc.address

    @property
    def telemetry(self) -> str:
        return f"http://{bound_address(self._telemetry_socket)}/metrics"

    @property
    def inspector(self) -> str | None:
        return f"http://{bound_address(self._inspector_socket)}" if self._inspector_socket else None

    def _bind(self) -> None:
        config = self.config
        self._http_socket = self._listen(str(config.receivers.otlp.protocols.http.endpoint))
        self._telemetry_socket = self._listen(str(config.telemetry.metrics.endpoint))
        self._inspector_socket = (
            self._listen(str(config.inspector.endpoint)) if config.inspector.enabled else None
        )

    def _listen(self, endpoint: str) -> socket:
        return self._undo.enter_context(listen(endpoint))

    def _open_journal(self, forget: Collection[str]) -> None:
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
            inspector = None
            if self._inspector_socket is not None:
                inspector = (bound_address(self._inspector_socket), self._own_token)
            self._plans = plans(config, inspector=inspector)
            reconcile(self._journal, {plan.name: plan.start_at for plan in self._plans}, forget)
        except JournalError as error:
            raise StartupError(f"Cannot use the journal: {error}.") from error

    async def _start(self) -> None:
        config = self.config
        if self._inspector_socket is not None:
            inspector = InspectorProcess(
                self._inspector_socket,
                tokens=self._ingest_tokens(),
                log_level=config.telemetry.logs.level,
                log_format=config.telemetry.logs.format,
                restarted=self.metrics.counter(INSPECTOR_RESTARTS).inc,
            )
            await inspector.start()
            self._undo.push_async_callback(inspector.stop)
        self._pipelines = Pipelines(
            self._plans, journal=self._journal, letters=self._letters, metrics=self.metrics
        )
        await self._start_telemetry()
        await self._start_receivers()
        self._pipelines.start()
        pruning = asyncio.create_task(self._prune(), name="prune dead letters")
        self._undo.callback(pruning.cancel)

    def _ingest_tokens(self) -> list[IngestToken]:
        configured = [
            IngestToken(token=each.token.get_secret_value(), environment=each.environment, bucket=each.bucket)
            for each in self.config.inspector.ingest_tokens
        ]
        own = IngestToken(token=self._own_token, environment=OWN_ENVIRONMENT)
        return [*configured, own] if configured else []

    async def _start_telemetry(self) -> None:
        self.metrics.register_source(journal_source(self._journal))
        self.metrics.register_source(
            dead_letter_source(self._letters, max_size=self.config.dead_letters.max_size)
        )
        app = telemetry_app(self.metrics, why_not_ready=lambda: self._journal.stats().fault or None)
        server = AsgiServer(app, self._telemetry_socket)
        await server.start()
        self._undo.push_async_callback(server.stop, 1.0)

    async def _start_receivers(self) -> None:
        otlp = self.config.receivers.otlp
        admission = Admission(otlp.max_in_flight)
        self.metrics.register_source(admission.readings)
        tokens = BearerTokens(token.get_secret_value() for token in otlp.auth.bearer_tokens)
        redactor = Redactor(redaction_rules(self.config.redaction), keep_bodies=wants_bodies(self.config))
        intake = Intake(self._journal, redactor, self.metrics)
        receiver = HttpReceiver(
            intake,
            admission=admission,
            metrics=self.metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=tokens,
        )
        app = http_app(receiver, allowed_origins=otlp.protocols.http.cors.allowed_origins)
        self._http = AsgiServer(app, self._http_socket, tls=_tls(otlp.protocols.http.tls))
        self._grpc = GrpcReceiver(
            intake,
            admission=admission,
            metrics=self.metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=tokens,
            endpoint=str(otlp.protocols.grpc.endpoint),
            tls=_tls(otlp.protocols.grpc.tls),
        )
        await self._grpc.start()
        self._undo.push_async_callback(self._grpc.stop, 0)
        await self._http.start()

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


def _tls(section: TlsSection | None) -> Tls | None:
    if section is None:
        return None
    return Tls(cert_file=section.cert_file, key_file=section.key_file, client_ca_file=section.client_ca_file)
