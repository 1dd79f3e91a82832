"""Runscope's settings: the names and defaults of Kong's plugin."""

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
    milliseconds,
    read,
    seconds,
    whole,
)

PREFIX = "RUNSCOPE_"

VARIABLES: Mapping[str, Reader] = {
    "access_token": str.strip,
    "bucket_key": str.strip,
    "log_body": bodies,
    "api_endpoint": str.strip,
    "timeout": milliseconds,
    "keepalive": milliseconds,
    "https_verify": flag,
    "retry_count": whole,
    "flush_timeout": seconds,
    "queue_size": whole,
    "extensions": flag,
}

# A slow link may need several silences' worth of time for 20 MiB; a dripping answer must end.
_TOTAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunscopeSettings:
    """Durations are seconds, though their variables count milliseconds where the plugin's did.

    Raises SettingsError for a value that can't be used.
    """

    access_token: str = field(repr=False)
    bucket_key: str
    log_body: bool = False
    api_endpoint: str = "https://api.runscope.com"
    timeout: float = 10.0
    keepalive: float = 0.03
    https_verify: bool = True
    retry_count: int = 10
    flush_timeout: float = 2.0
    queue_size: int = 100
    extensions: bool = False

    def __post_init__(self) -> None:
        check_secret("access_token", self.access_token)
        if not self.bucket_key:
            raise SettingsError("bucket_key", "is empty")
        if not self.api_endpoint.startswith(("https://", "http://")):
            raise SettingsError("api_endpoint", "has to begin with https:// or http://")
        check_range("timeout", self.timeout, 0.001, 3600)
        check_range("keepalive", self.keepalive, 0, 3600)
        check_range("retry_count", self.retry_count, 0, 1_000_000)
        check_range("flush_timeout", self.flush_timeout, 0, 3600)
        check_range("queue_size", self.queue_size, 0, 1_000_000)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """`RUNSCOPE_ACCESS_TOKEN` and so on, for every setting that is not *given*."""
        return read(cls, PREFIX, VARIABLES, os.environ if environ is None else environ, given)

    @property
    def transport(self) -> Transport:
        return Transport(
            timeout=self.timeout,
            total_timeout=_TOTAL * self.timeout,
            keepalive=self.keepalive,
            verify=self.https_verify,
        )
