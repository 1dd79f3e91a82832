"""Galileo's settings: the names and defaults of Kong's plugin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from otel_bridge.delivery import Transport
from otel_bridge.exporters.environment import (
    Reader,
    SettingsError,
    bodies,
    check_range,
    check_secret,
    flag,
    read,
    seconds,
    whole,
)
from otel_bridge.retired import is_retired

PREFIX = "GALILEO_"

VARIABLES: Mapping[str, Reader] = {
    "service_token": str.strip,
    "host": str.strip,
    "port": whole,
    "https": flag,
    "https_verify": flag,
    "environment": str.strip,
    "log_bodies": bodies,
    "retry_count": whole,
    "connection_timeout": seconds,
    "flush_timeout": seconds,
    "queue_size": whole,
    "extensions": flag,
}

# A slow link may need several silences' worth of time for 20 MiB; a dripping answer must end.
_TOTAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GalileoSettings:
    """Durations are seconds. Raises SettingsError for a value that can't be used."""

    service_token: str = field(repr=False)
    host: str
    port: int = 443
    https: bool = True
    https_verify: bool = True
    environment: str | None = None
    log_bodies: bool = False
    retry_count: int = 10
    connection_timeout: float = 30.0
    flush_timeout: float = 2.0
    queue_size: int = 1000
    extensions: bool = False

    def __post_init__(self) -> None:
        check_secret("service_token", self.service_token)
        _check_host(self.host)
        check_range("port", self.port, 1, 65535)
        check_range("retry_count", self.retry_count, 0, 1_000_000)
        check_range("connection_timeout", self.connection_timeout, 0.001, 3600)
        check_range("flush_timeout", self.flush_timeout, 0, 3600)
        check_range("queue_size", self.queue_size, 0, 1_000_000)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """`GALILEO_SERVICE_TOKEN` and so on, for every setting that is not *given*."""
        return read(cls, PREFIX, VARIABLES, os.environ if environ is None else environ, given)

    @property
    def transport(self) -> Transport:
        return Transport(
            timeout=self.connection_timeout,
            total_timeout=_TOTAL * self.connection_timeout,
            keepalive=30.0,
            verify=self.https_verify,
        )


def _check_host(host: str) -> None:
    if not host or any(sign in host for sign in "/@? "):
        raise SettingsError("host", "has to be a host name or an address, without scheme or path")
    if is_retired(host):
        raise SettingsError("host", "names a Galileo collector that is shut down: name your own")
