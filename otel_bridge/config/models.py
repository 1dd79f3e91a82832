"""The configuration as frozen values, one class for each section of the file.

Durations are seconds (float) whatever unit a plain number has in the file, sizes are bytes (int),
tokens are SecretStr. Defaults of the exporters are those of Kong's retired plugins, under the same
names, so that a Kong user finds them again; `docs/configuration.md` explains every key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from otel_bridge.config import checks
from otel_bridge.config.channels import Channel
from otel_bridge.config.fields import (
    DAY,
    GIB,
    KIB,
    MIB,
    TIB,
    Age,
    Count,
    Days,
    Directory,
    Host,
    InMemory,
    Listen,
    Milliseconds,
    Names,
    OptionalText,
    Pattern,
    Query,
    QueueSize,
    ReadableFile,
    Room,
    Seconds,
    Secret,
    SecretName,
    Section,
    Share,
    Size,
    Stored,
    Text,
    Timeout,
    Url,
    Wait,
)
from otel_bridge.documents import values
from otel_bridge.documents.values import Endpoint, show_bytes, within


class Tls(Section):
    cert_file: ReadableFile
    key_file: ReadableFile
    client_ca_file: ReadableFile | None = None
    """Clients must then show a certificate signed by it."""


class Cors(Section):
    allowed_origins: tuple[Text, ...] = ()


class GrpcProtocol(Section):
    endpoint: Listen = Endpoint("127.0.0.1", 4317)
    tls: Tls | None = None


class HttpProtocol(Section):
    endpoint: Listen = Endpoint("127.0.0.1", 4318)
    tls: Tls | None = None
    cors: Cors = Cors()


class Protocols(Section):
    grpc: GrpcProtocol = GrpcProtocol()
    http: HttpProtocol = HttpProtocol()


class ReceiverAuth(Section):
    bearer_tokens: tuple[Secret, ...] = ()


class OtlpReceiver(Section):
    protocols: Protocols = Protocols()
    max_request_body_size: Annotated[Size, InMemory] = 64 * MIB
    max_in_flight: Annotated[Size, InMemory] = 256 * MIB
    auth: ReceiverAuth = ReceiverAuth()


class Receivers(Section):
    otlp: OtlpReceiver = OtlpReceiver()


class Journal(Section):
    directory: Directory = Field(default_factory=lambda: values.directory("~/.local/state/otel-bridge"))
    max_size: Annotated[Size, Stored] = 2 * GIB
    min_free: Annotated[Size, Room] = 1 * GIB


class DeadLetters(Section):
    # The file takes 32 KiB with nothing in it: with less than that it would be full from the start.
    max_size: Annotated[Size, AfterValidator(within(64 * KIB, 1024 * TIB, show_bytes))] = 1 * GIB
    max_age: Annotated[Days, Age] = 30 * DAY


class ApplyTo(Section):
    """Which exchanges an exporter takes: all given parts must match."""

    service: Names | None = None
    route: Names | None = None
    consumer: Names | None = None
    host: Names | None = None
    scope: Names | None = None
    service_name: Names | None = None

    @property
    def parts(self) -> dict[str, frozenset[str]]:
        """What is given, by name; empty where the exporter takes everything."""
        return {name: frozenset(names) for name, names in self if names}


class ExporterSettings(Section):
    """What exporters of both types share; each has its own default `queue_size`."""

    apply_to: ApplyTo = ApplyTo()
    retry_count: Annotated[Count, AfterValidator(within(0, 1_000_000))] = 10
    flush_timeout: Annotated[Seconds, Wait] = 2.0
    https_verify: bool = True
    extensions: bool = False
    max_backlog: Annotated[Size, Stored] | None = None
    start_at: Literal["beginning", "end"] | None = None


class GalileoSettings(ExporterSettings):
    service_token: Secret
    host: Annotated[Host, AfterValidator(checks.not_retired)]
    port: Annotated[Count, AfterValidator(within(1, 65535))] = 443
    https: bool = True
    environment: OptionalText = None
    log_bodies: bool = False
    connection_timeout: Annotated[Seconds, Timeout] = 30.0
    queue_size: QueueSize = 1000


class RunscopeSettings(ExporterSettings):
    access_token: Secret
    bucket_key: Text
    log_body: bool = False
    api_endpoint: Url = "https://api.runscope.com"
    timeout: Annotated[Milliseconds, Timeout] = 10.0
    keepalive: Annotated[Milliseconds, Wait] = 0.03
    queue_size: QueueSize = 100


Exporter = GalileoSettings | RunscopeSettings
EXPORTER_TYPES: dict[str, type[GalileoSettings | RunscopeSettings]] = {
    "galileo": GalileoSettings,
    "runscope": RunscopeSettings,
}
"""By the first part of an exporter's key."""


class Redaction(Section):
    defaults: bool = True
    """False: only what the lists below name."""
    headers: tuple[SecretName, ...] = ()
    query: tuple[SecretName, ...] = ()
    fields: tuple[SecretName, ...] = ()
    patterns: tuple[Pattern, ...] = ()


class Retention(Section):
    age: Annotated[Days, Age] = 7 * DAY
    size: Annotated[Size, Stored] = 10 * GIB
    bodies: Annotated[Days, Age] = 7 * DAY
    min_free: Annotated[Size, Room] = 2 * GIB


class InspectorToken(Section):
    token: Secret
    role: Literal["viewer", "admin"]


class IngestToken(Section):
    """A token that a sender has to show, and where its traffic goes: exactly one of the two."""

    token: Secret
    environment: Text | None = None
    bucket: Text | None = None

    @model_validator(mode="after")
    def _one_place(self) -> IngestToken:
        if (self.environment is None) == (self.bucket is None):
            raise ValueError("needs `environment` (for Galileo) or `bucket` (for Runscope), one of them")
        return self


class Alerts(Section):
    channels: dict[str, Channel] = Field(default={})
    """By key, `type` or `type/name`; rules name them by it."""
    allow_link_local: bool = False


class Inspector(Section):
    enabled: bool = True
    """In a `Config` this is settled: without the section it is on only if there is no exporter."""
    endpoint: Listen = Endpoint("127.0.0.1", 4380)
    allowed_hosts: tuple[Host, ...] = ("localhost", "127.0.0.1")
    public_url: Url | None = None
    sampling_rate: Share = 1.0
    directory: Directory = Field(
        default_factory=lambda: values.directory("~/.local/state/otel-bridge/inspector")
    )
    log_bodies: Literal["all", "errors", "none"] = "all"
    exclude: tuple[Query, ...] = ()
    retention: Retention = Retention()
    tokens: tuple[InspectorToken, ...] = ()
    ingest_tokens: tuple[IngestToken, ...] = ()
    alerts: Alerts = Alerts()


class Metrics(Section):
    endpoint: Listen = Endpoint("127.0.0.1", 9464)


class Logs(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Telemetry(Section):
    metrics: Metrics = Metrics()
    logs: Logs = Logs()


class Config(Section):
    receivers: Receivers = Receivers()
    journal: Journal = Field(default_factory=Journal)
    dead_letters: DeadLetters = DeadLetters()
    exporters: dict[str, Exporter] = Field(default={})
    """By key, `type` or `type/name`; the key is the pipeline's name."""
    redaction: Redaction = Redaction()
    inspector: Inspector = Field(default_factory=Inspector)
    telemetry: Telemetry = Telemetry()

    @model_validator(mode="before")
    @classmethod
    def _settle_inspector(cls, data: Any) -> Any:
        if isinstance(data, dict) and "inspector" not in data:
            return data | {"inspector": {"enabled": not data.get("exporters")}}
        return data
