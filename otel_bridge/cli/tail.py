"""`otel-bridge tail`: the receiving end of Galileo and Runscope in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from otel_bridge.asgi import StartupError, bound_address, listen, split_endpoint
from otel_bridge.config import ConfigError, load
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.inspector.masking import Masking
from otel_bridge.inspector.terminal.terminal import print_exchanges
from otel_bridge.inspector.wire.tokens import IngestToken
from otel_bridge.service.inspector import ingest_tokens
from otel_bridge.telemetry import logs

_START_FAILED = 3


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take inspector.endpoint, inspector.ingest_tokens and redaction from this file.",
)
def tail(config: Path | None) -> None:
    """Answer as Galileo and Runscope do, and print a line for each exchange.

    Point a galileo or runscope plugin, an old agent, or the bridge itself at inspector.endpoint
    (127.0.0.1:4380 unless configured). Lines go to stdout, all else to stderr. Nothing is stored.
    """
    try:
        settings = load(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    logs.configure(settings.telemetry.logs.level, settings.telemetry.logs.format)
    try:
        sock = listen(str(settings.inspector.endpoint))
    except StartupError as error:
        click.echo(f"otel-bridge tail: {error}", err=True)
        raise click.exceptions.Exit(_START_FAILED) from error
    tokens = ingest_tokens(settings.inspector)
    beyond = not settings.inspector.endpoint.is_loopback

    def greet() -> None:
        for text in _greeting(bound_address(sock), tokens, beyond=beyond):
            click.echo(text, err=True)

    mask = Masking(redaction_rules(settings.redaction)).apply
    asyncio.run(print_exchanges(sock, tokens=tokens, mask=mask, ready=greet))


def _greeting(address: str, tokens: Sequence[IngestToken], *, beyond: bool) -> Iterator[str]:
    host, port = split_endpoint(address)
    token = "one of inspector.ingest_tokens" if tokens else "any"
    yield f"Listening on http://{address}, a line for each exchange, Ctrl-C ends. Point here:"
    yield f"  Kong's galileo plugin   config.host={host} config.port={port} config.https=false"
    yield f"                          config.service_token={token}"
    yield f"  Kong's runscope plugin  config.api_endpoint=http://{address} config.bucket_key=any"
    yield f"                          config.access_token={token}"
    yield f"  other Galileo agents    http://{address}/1.1.0/single or /batch"
    if beyond and not tokens:
        yield "Warning: this listens beyond this machine and takes traffic from anybody."
        yield "Set inspector.ingest_tokens, or listen on 127.0.0.1."
