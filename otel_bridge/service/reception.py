"""The receiving side: both transports over one intake, built from the configuration."""

from __future__ import annotations

import asyncio
from socket import socket

from otel_bridge.asgi import AsgiServer, Tls
from otel_bridge.config import Config
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
from otel_bridge.telemetry.metrics import Metrics


class Reception:
    """OTLP over HTTP on a socket that is there already, and over gRPC; belongs to one loop."""

    def __init__(self, config: Config, http_socket: socket, *, journal: Journal, metrics: Metrics) -> None:
        """Raises StartupError where TLS names files that can't be used."""
        otlp = config.receivers.otlp
        admission = Admission(otlp.max_in_flight)
        metrics.register_source(admission.readings)
        self._intake = Intake(journal, _redactor(config), metrics)
        self._receiver = HttpReceiver(
            self._intake,
            admission=admission,
            metrics=metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=_tokens(config),
        )
        app = http_app(self._receiver, allowed_origins=otlp.protocols.http.cors.allowed_origins)
        self._http = AsgiServer(app, http_socket, tls=_tls(otlp.protocols.http.tls))
        self._scheme = "https" if otlp.protocols.http.tls else "http"
        self._grpc = GrpcReceiver(
            self._intake,
            admission=admission,
            metrics=metrics,
            max_request_body_size=otlp.max_request_body_size,
            tokens=_tokens(config),
            endpoint=str(otlp.protocols.grpc.endpoint),
            tls=_tls(otlp.protocols.grpc.tls),
        )

    @property
    def http_url(self) -> str:
        return f"{self._scheme}://{self._http.address}/v1/traces"

    @property
    def grpc_address(self) -> str:
        return self._grpc.address

    async def start(self) -> None:
        """Returns once both are listened on. Raises StartupError."""
        await self._grpc.start()
        await self._http.start()

    async def stop(self, grace: float) -> None:
        """Accept nothing new, answer what is in flight, cut off what takes longer than *grace* seconds."""
        await asyncio.gather(self._http.stop(grace), self._grpc.stop(grace))

    def change(self, config: Config) -> None:
        """Take redaction and tokens from *config*; nothing else of it."""
        self._intake.redactor = _redactor(config)
        self._receiver.tokens = self._grpc.tokens = _tokens(config)


def _redactor(config: Config) -> Redactor:
    return Redactor(redaction_rules(config.redaction), keep_bodies=wants_bodies(config))


def _tokens(config: Config) -> BearerTokens:
    return BearerTokens(token.get_secret_value() for token in config.receivers.otlp.auth.bearer_tokens)


def _tls(section: TlsSection | None) -> Tls | None:
    if section is None:
        return None
    return Tls(cert_file=section.cert_file, key_file=section.key_file, client_ca_file=section.client_ca_file)
