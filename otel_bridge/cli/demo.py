"""`otel-bridge demo`: the whole bridge with recorded Kong traffic, leaving nothing behind."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import click
import uvloop

import otel_bridge.demo
from otel_bridge.asgi import StartupError
from otel_bridge.config import Config
from otel_bridge.demo.player import Played, play
from otel_bridge.documents.values import duration
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.document import read_rules
from otel_bridge.inspector.alerts.rule import Origin
from otel_bridge.service.bridge import Bridge
from otel_bridge.service.exporters import INSPECTOR
from otel_bridge.service.greeting import greeting
from otel_bridge.telemetry import logs
from otel_bridge.telemetry.instruments import SENT_EXCHANGES

_START_FAILED = 3
_ANY_PORT = "127.0.0.1:0"
_RATE = 6.0


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return duration(1.0)(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option(
    "--duration", "seconds", type=_Duration(), default="60s", show_default=True, help="Such as 30s or 5m."
)
def demo(seconds: float) -> None:
    """Run the bridge in a temporary directory on free ports and play recorded Kong traffic to it.

    Prints the address of the page that shows the traffic, and a summary at the end.
    """
    with tempfile.TemporaryDirectory(prefix="otel-bridge-demo-") as directory:
        config = _config(Path(directory))
        try:
            _add_rules(config.inspector.directory)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_run(config, seconds))
        except StartupError as error:
            click.echo(f"otel-bridge demo: {error}", err=True)
            raise click.exceptions.Exit(_START_FAILED) from error


def _config(directory: Path) -> Config:
    protocols = {"grpc": {"endpoint": _ANY_PORT}, "http": {"endpoint": _ANY_PORT}}
    return Config.model_validate(
        {
            "receivers": {"otlp": {"protocols": protocols}},
            "journal": {"directory": str(directory), "min_free": 0},
            "inspector": {"endpoint": _ANY_PORT, "directory": str(directory / "inspector")},
            "telemetry": {"metrics": {"endpoint": _ANY_PORT}, "logs": {"level": "warning"}},
        }
    )


def _add_rules(directory: Path) -> None:
    """Alert rules, before anything arrives that they could fire on."""
    text = files(otel_bridge.demo).joinpath("alerts.yaml").read_text(encoding="utf-8")
    directory.mkdir(mode=0o700)
    book = AlertBook(directory / FILE_NAME)
    try:
        book.apply([each.rule(id="", origin=Origin.FILE) for each in read_rules(text, channels=())])
    finally:
        book.close()


async def _run(config: Config, seconds: float) -> None:
    logs.configure(config.telemetry.logs.level, config.telemetry.logs.format)
    bridge = Bridge(config)
    await bridge.open()
    await bridge.start()
    for line in greeting(bridge):
        click.echo(line)
    click.echo(f"Recorded Kong traffic plays for {seconds:g} s; Ctrl-C ends it. Look at it:\n")
    click.echo(f"  {bridge.inspector}\n")
    played = await _play(bridge.otlp_http, seconds)
    await bridge.stop()
    delivered = int(bridge.metrics.value(SENT_EXCHANGES, INSPECTOR))
    click.echo(
        f"{played.requests} OTLP requests with {played.exchanges} exchanges were sent, "
        f"{delivered} exchanges were delivered to the inspector."
    )


async def _play(url: str, seconds: float) -> Played:
    """Play until the time is over or somebody interrupts."""
    last = Played()

    def progress(played: Played) -> None:
        nonlocal last
        last = played
        if sys.stderr.isatty():
            click.echo(f"\r{played.exchanges} exchanges sent ", nl=False, err=True)

    playing = asyncio.ensure_future(
        play(url, duration=seconds, rate=_RATE, rng=random.Random(), progress=progress)  # noqa: S311 - no secret
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        return await playing
    except asyncio.CancelledError:
        return last
