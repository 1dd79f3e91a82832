"""The receiving side: both transports over one intake, built from the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from socket import socket

from otel_bridge.asgi import AsgiServer, Closed, Tls, TlsFiles
from otel_bridge.config import Config
from otel_bridge.config.advice import unprotected
from otel_bridge.config.models import Tls as TlsSection
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.journal import Journal
from otel_bridge.receiver.admission import Admission
from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.intake import Intake
from otel_bridge.receiver.otlp_grpc import GrpcReceiver
from otel_bridge.receiver.otlp_http import HttpReceiver, http_app
from otel_bridge.redaction import Redactor
from otel_bridge.service.exporters import wants_bodies
from otel_bridge.telemetry.instruments import CLOSED_CONNECTIONS, CONNECTIONS, TLS_RELOADS, UNPROTECTED
from otel_bridge.telemetry.metrics import Metrics, Reading


class Reception:
    """OTLP over HTTP on a socket that is there already, and over gRPC; belongs to one loop."""

    def __init__(self, config: Config, http_socket: socket, *, journal: Journal, metrics: Metrics) -> None:
        """Raises StartupError where TLS names files that can't be used."""
        otlp = config.receivers.otlp
        admission = Admission(otlp.max_in_flight)
        self._unprotected = unprotected(config)
        self._metrics = metrics
        self._intake = Intake(journal, _redactor(config), metrics)
        self._receiver = HttpReceiver(
            self._intake,
            admission=admission,
            metrics=metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=_tokens(config),
        )
        self._tls = {
            name: self._tls_files(name, section) for name, section in _tls_sections(config).items() if section
        }
        self._watching: list[asyncio.Task[None]] = []
        app = http_app(self._receiver, allowed_origins=otlp.protocols.http.cors.allowed_origins)
        self._http = AsgiServer(app, http_socket, tls=self._tls.get("http"), closed=self._count_closed)
        self._grpc = GrpcReceiver(
            self._intake,
            admission=admission,
            metrics=metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=_tokens(config),
            endpoint=str(otlp.protocols.grpc.endpoint),
            tls=self._tls.get("grpc"),
        )
        metrics.register_source(admission.readings)
        metrics.register_source(self._readings)

    @property
    def http_url(self) -> str:
        scheme = "https" if "http" in self._tls else "http"
        return f"{scheme}://{self._http.address}/v1/traces"

    @property
    def grpc_address(self) -> str:
        return self._grpc.address

    async def start(self) -> None:
        """Returns once both are listened on. Raises StartupError."""
        await self._grpc.start()
        await self._http.start()
        self._watching = [asyncio.create_task(files.watch()) for files in self._tls.values()]

    async def stop(self, grace: float) -> None:
        """Accept nothing new, answer what is in flight, cut off what takes longer than *grace* seconds."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(self._http.stop(grace), self._grpc.stop(grace))

    def change(self, config: Config) -> None:
        """Take redaction and tokens from *config*, and what is in the TLS files now; nothing else."""
        for files in self._tls.values():
            files.reread()
        self._unprotected = unprotected(config)
        self._intake.redactor = _redactor(config)
        self._receiver.tokens = self._grpc.tokens = _tokens(config)

    def _tls_files(self, protocol: str, section: TlsSection) -> TlsFiles:
        counters = {
            outcome: self._metrics.counter(TLS_RELOADS, protocol, outcome) for outcome in ("taken", "refused")
        }
        return TlsFiles(_tls(section), taken=counters["taken"].inc, refused=counters["refused"].inc)

    def _count_closed(self, why: Closed) -> None:
        self._metrics.counter(CLOSED_CONNECTIONS, why).inc()

    def _readings(self) -> Iterator[Reading]:
        yield Reading(CONNECTIONS, len(self._http.connections))
        for protocol, is_unprotected in self._unprotected.items():
            yield Reading(UNPROTECTED, is_unprotected, (protocol,))


def check_tls(config: Config) -> None:
    """Raise StartupError where *config* names TLS files that can't be used."""
    for section in _tls_sections(config).values():
        if section:
            TlsFiles(_tls(section))


def _redactor(config: Config) -> Redactor:
    return Redactor(redaction_rules(config.redaction), keep_bodies=wants_bodies(config))


def _tokens(config: Config) -> BearerTokens:
    return BearerTokens(token.get_secret_value() for token in config.receivers.otlp.auth.bearer_tokens)


def _tls_sections(config: Config) -> dict[str, TlsSection | None]:
    protocols = config.receivers.otlp.protocols
    return {"grpc": protocols.grpc.tls, "http": protocols.http.tls}


def _tls(section: TlsSection) -> Tls:
    return Tls(cert_file=section.cert_file, key_file=section.key_file, client_ca_file=section.client_ca_file)
