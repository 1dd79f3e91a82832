"""Warnings: what is allowed in a configuration and yet seldom meant."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from otel_bridge.config.channels import (
    AlertmanagerChannel,
    Channel,
    EmailChannel,
    PagerdutyChannel,
    SlackChannel,
    WebhookChannel,
)
from otel_bridge.config.models import Config, GalileoSettings, GrpcProtocol, HttpProtocol
from otel_bridge.documents.values import is_loopback

_FROM_CAPTURE = ("service", "route", "consumer")

Advice = tuple[tuple[str, ...], str]
"""Path and message."""


def warnings(config: Config) -> Iterator[Advice]:
    yield from _receiver_warnings(config)
    yield from _exporter_warnings(config)
    yield from _inspector_warnings(config)
    yield from _channel_warnings(config)
    yield from _size_warnings(config)


def unprotected(config: Config) -> dict[str, bool]:
    """Whether anybody in the network may send, for each of the protocols grpc and http."""
    has_tokens = bool(config.receivers.otlp.auth.bearer_tokens)
    return {
        name: not (
            has_tokens or protocol.endpoint.is_loopback or (protocol.tls and protocol.tls.client_ca_file)
        )
        for name, protocol in _protocols(config).items()
    }


def _protocols(config: Config) -> dict[str, GrpcProtocol | HttpProtocol]:
    protocols = config.receivers.otlp.protocols
    return {"grpc": protocols.grpc, "http": protocols.http}


def _receiver_warnings(config: Config) -> Iterator[Advice]:
    otlp = config.receivers.otlp
    is_unprotected = unprotected(config)
    for name, protocol in _protocols(config).items():
        path = ("receivers", "otlp", "protocols", name, "endpoint")
        if protocol.endpoint.is_loopback:
            continue
        if is_unprotected[name]:
            yield (
                path,
                (
                    "listens beyond this machine and takes spans from anybody:"
                    " set receivers.otlp.auth.bearer_tokens, or listen on 127.0.0.1"
                ),
            )
        elif otlp.auth.bearer_tokens and protocol.tls is None:
            yield path, "listens beyond this machine without tls: bearer tokens arrive in plain text"


def _exporter_warnings(config: Config) -> Iterator[Advice]:
    for key, exporter in config.exporters.items():
        path = ("exporters", key)
        for part in _FROM_CAPTURE:
            if getattr(exporter.apply_to, part):
                yield (
                    (*path, "apply_to", part),
                    (
                        f"only spans with Kong's {part} name can match, and Kong sends it only with the"
                        " capture plugin (`otel-bridge kong capture`)"
                    ),
                )
        if isinstance(exporter, GalileoSettings):
            secure, host, key_of_scheme = exporter.https, exporter.host, "https"
        else:
            parts = urlsplit(exporter.api_endpoint)
            secure, host, key_of_scheme = parts.scheme == "https", parts.hostname or "", "api_endpoint"
        if not secure and not is_loopback(host):
            yield (*path, key_of_scheme), "without https the token and all traffic go out in plain text"
        if secure and not exporter.https_verify:
            yield (*path, "https_verify"), "certificates are not checked: anybody between can read the token"


def _inspector_warnings(config: Config) -> Iterator[Advice]:
    inspector = config.inspector
    if not inspector.enabled and not config.exporters:
        yield ("inspector", "enabled"), "nothing takes the exchanges: there is no exporter either"
    if inspector.enabled and not inspector.endpoint.is_loopback and not inspector.ingest_tokens:
        yield (
            ("inspector", "endpoint"),
            ("listens beyond this machine and takes traffic from anybody: set inspector.ingest_tokens"),
        )


def _channel_warnings(config: Config) -> Iterator[Advice]:
    inspector = config.inspector
    place = ("inspector", "alerts", "channels")
    for key, channel in inspector.alerts.channels.items():
        setting = _lets_be_read(channel)
        if setting:
            yield (*place, key, setting), "without TLS what is secret goes out in plain text"
    if inspector.alerts.channels and not inspector.enabled:
        yield place, "nothing is told: the inspector is switched off"


def _lets_be_read(channel: Channel) -> str | None:
    """The setting by which a secret of *channel* leaves this machine as plain text."""
    match channel:
        case EmailChannel(tls="none", password=SecretStr()):
            return None if is_loopback(channel.host) else "tls"
        case SlackChannel() | WebhookChannel():
            url = channel.url.get_secret_value()
        case PagerdutyChannel() | AlertmanagerChannel(password=SecretStr()):
            url = channel.url
        case _:
            return None
    parts = urlsplit(url)
    return None if parts.scheme == "https" or is_loopback(parts.hostname or "") else "url"


def _size_warnings(config: Config) -> Iterator[Advice]:
    otlp = config.receivers.otlp
    if otlp.max_in_flight < otlp.max_request_body_size:
        yield (
            ("receivers", "otlp", "max_in_flight"),
            ("is less than max_request_body_size: a request between the two is never admitted"),
        )
    # A record lies in the write-ahead log and in the database before the log is emptied.
    if config.journal.max_size < 2 * otlp.max_request_body_size:
        yield (
            ("journal", "max_size"),
            "is less than twice receivers.otlp.max_request_body_size: the largest requests never fit",
        )
