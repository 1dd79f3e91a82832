"""`otel-bridge inspector`: the receiving end alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click
import uvloop

from otel_bridge.asgi import StartupError, bound_address, listen
from otel_bridge.config import Config, ConfigError, load
from otel_bridge.inspector.serve import serve
from otel_bridge.service.inspector import ingest_tokens, inspector_settings, own_traffic, page, start_token
from otel_bridge.telemetry import logs

_START_FAILED = 3


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take the sections inspector, redaction and telemetry.logs from this file; without one, defaults.",
)
def inspector(config: Path | None) -> None:
    """Receive what Galileo agents and Runscope clients post, and keep it.

    Listens on inspector.endpoint (127.0.0.1:4380 unless configured). Not beside a `serve` that has its
    inspector on: both would want the port and the directory.
    """
    try:
        settings = load(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    logs.configure(settings.telemetry.logs.level, settings.telemetry.logs.format)
    try:
        _run(settings)
    except StartupError as error:
        click.echo(f"otel-bridge inspector: {error}", err=True)
        raise click.exceptions.Exit(_START_FAILED) from error


def _run(config: Config) -> None:
    section = config.inspector
    sock = listen(str(section.endpoint))
    senders = ingest_tokens(section)
    token = start_token(section)
    chosen = inspector_settings(config, start_token=token, senders=senders)

    def greet() -> None:
        for line in _greeting(page(bound_address(sock), token), chosen.directory):
            click.echo(line)
        if not senders and not section.endpoint.is_loopback:
            click.echo("Warning: this listens beyond this machine and takes traffic from anybody.", err=True)
            click.echo("Set inspector.ingest_tokens, or listen on 127.0.0.1.", err=True)

    with sock, own_traffic(chosen.directory), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sock, chosen, ready=greet))


def _greeting(url: str, directory: Path) -> Iterator[str]:
    yield f"  inspector  {url}"
    yield f"  traffic    {directory}"
    yield "ready"
