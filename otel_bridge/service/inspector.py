"""From the configuration to what the inspector runs with."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_bridge.asgi import StartupError
from otel_bridge.config.models import Config, Inspector
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.inspector.access import AccessToken, Role
from otel_bridge.inspector.settings import InspectorSettings, LogBodies
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.wire.tokens import IngestToken
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.service.alert_channels import channel_settings


async def serve_inspector(sock: socket.socket, *, settings: InspectorSettings) -> None:
    """`otel_bridge.inspector.serve`, imported only where it is called.

    The bridge hands this to its child process, and has itself no use for the store.
    """
    from otel_bridge.inspector.serve import serve

    await serve(sock, settings)


@contextmanager
def own_traffic(directory: Path) -> Iterator[None]:
    """Be the one inspector that writes to *directory* as long as the block lasts. Raises StartupError.

    The bridge does it for its child process: so a second one ends at its start, and not the child, time
    and again.
    """
    try:
        lock = DirectoryLock(directory, owner="inspector")
    except JournalError as error:
        raise StartupError(f"Cannot use the inspector's store: {error}.") from error
    try:
        yield
    finally:
        lock.release()


def inspector_settings(
    config: Config, *, start_token: str, senders: Iterable[IngestToken], bridge_metrics: str | None = None
) -> InspectorSettings:
    """*start_token* is an admin's where the configuration has no tokens of people.

    *bridge_metrics* is where the bridge's metrics are to be had, `host:port`.
    """
    section, retention = config.inspector, config.inspector.retention
    people = [
        AccessToken(token=each.token.get_secret_value(), role=Role(each.role)) for each in section.tokens
    ]
    return InspectorSettings(
        directory=section.directory,
        retention=Retention(
            age=retention.age, size=retention.size, bodies=retention.bodies, min_free=retention.min_free
        ),
        log_bodies=LogBodies(section.log_bodies),
        exclude=section.exclude,
        redaction=redaction_rules(config.redaction),
        tokens=tuple(people) or (AccessToken(token=start_token, role=Role.ADMIN),),
        ingest_tokens=tuple(senders),
        allowed_hosts=section.allowed_hosts,
        public_url=section.public_url,
        sampling_rate=section.sampling_rate,
        channels=channel_settings(section.alerts),
        bridge_metrics=bridge_metrics,
    )


def ingest_tokens(section: Inspector) -> list[IngestToken]:
    return [
        IngestToken(token=each.token.get_secret_value(), environment=each.environment, bucket=each.bucket)
        for each in section.ingest_tokens
    ]


def start_token(section: Inspector) -> str:
    """A new token for whoever may read what is printed at start; "" where tokens are configured."""
    return "" if section.tokens else secrets.token_urlsafe()


def page(address: str, token: str) -> str:
    """The inspector's URL for people; *token* as `start_token` made it."""
    return f"http://{address}/?token={token}" if token else f"http://{address}/"
