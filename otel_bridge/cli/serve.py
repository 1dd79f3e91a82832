"""`otel-bridge serve`: OTLP in, everything else out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import uvloop

from otel_bridge.asgi import StartupError
from otel_bridge.config import ConfigError, load
from otel_bridge.service.bridge import Bridge
from otel_bridge.service.cursors import UnsettledError
from otel_bridge.service.greeting import greeting
from otel_bridge.service.serve import Service

_START_FAILED = 3


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="The configuration; without one, defaults.")
@click.option(
    "--forget",
    multiple=True,
    metavar="NAME",
    help="Give up what a pipeline that left the configuration still owes.",
)
def serve(config: Path | None, forget: tuple[str, ...]) -> None:
    """Receive OTLP, keep it in the journal, deliver it.

    Without a configuration: OTLP on 127.0.0.1:4317 and :4318, and the inspector on :4380, which keeps
    the exchanges.
    SIGTERM delivers what it can within 20 s and ends, SIGHUP reads the configuration anew.
    """
    try:
        settings = load(config)
        service = Service(config, forget=forget, started=_greet)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(service.run(settings))
    except (ConfigError, UnsettledError) as error:
        raise click.ClickException(str(error)) from error
    except StartupError as error:
        click.echo(f"otel-bridge serve: {error}", err=True)
        raise click.exceptions.Exit(_START_FAILED) from error


def _greet(bridge: Bridge) -> None:
    for line in greeting(bridge):
        click.echo(line)
