"""`otel-bridge convert`: OTLP files to payloads on stdout, offline and the same every time."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from otel_bridge.config import ConfigError, ConvertSettings, load_for_convert
from otel_bridge.formats import alf, har, runscope
from otel_bridge.formats.offline import gather
from otel_bridge.mapping import Api, api
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp import files
from otel_bridge.otlp.errors import UndecodableError
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import Redactor

# Stands where a service token would be.
_NO_TOKEN = "convert"  # noqa: S105


@click.command()
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.option("--to", "target", type=click.Choice(["alf", "runscope", "har"]), required=True)
@click.option("--bodies/--no-bodies", default=True, show_default=True, help="Put bodies into the output.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take redaction, service token and environment from this file.",
)
def convert(names: tuple[str, ...], target: str, *, bodies: bool, config: Path | None) -> None:
    """Convert OTLP files to payloads on stdout.

    A FILE is OTLP protobuf, OTLP JSON or the Collector's JSON lines; - is stdin. alf prints one ALF a
    line for each API, runscope one array, har one HAR. Secrets are redacted as `serve` would. A bad
    file is reported, the others are converted, and the exit code is then 1.
    """
    try:
        settings = load_for_convert(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    redactor = Redactor(settings.redaction)
    faults: list[str] = []
    gathered = gather(redactor.redact(record).record for record in _records(names, faults))
    for line in _payloads(target, gathered.exchanges, settings, bodies=bodies):
        click.echo(line)
    for fault in faults:
        click.echo(f"otel-bridge convert: {fault}", err=True)
    if faults:
        raise click.exceptions.Exit(1)
    if not gathered.exchanges:
        spans = sum(gathered.skipped.values())
        click.echo(f"otel-bridge convert: no HTTP exchange among {spans} spans", err=True)


def _records(names: Iterable[str], faults: list[str]) -> Iterator[bytes]:
    """The normalised requests in the files; what is wrong with a file is one sentence in *faults*."""
    for name in names:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            faults.append(f"{name}: can't be read: {error.strerror}")
            continue
        contents = files.read(data)
        bad = list(contents.faults)
        for request in contents.requests:
            try:
                yield normalise(request).record
            except UndecodableError as error:
                bad.append(files.Fault(None, str(error)))
        if bad:
            faults.append(_sentence(name, bad))


def _sentence(name: str, faults: list[files.Fault]) -> str:
    first, more = faults[0], len(faults) - 1
    place = name if first.line is None else f"{name}: line {first.line}"
    return f"{place}: {first.reason}" + (f" (and {more} more such lines)" if more else "")


def _payloads(
    target: str, exchanges: list[HttpExchange], settings: ConvertSettings, *, bodies: bool
) -> Iterator[bytes]:
    if target == "runscope":
        yield runscope.document(runscope.message(e, bodies=bodies, extension=False) for e in exchanges)
    elif target == "har":
        yield har.document(har.entry(e, bodies=bodies) for e in exchanges)
    else:
        token = settings.service_token.get_secret_value() if settings.service_token else _NO_TOKEN
        by_api: dict[Api, list[bytes]] = {}
        for exchange in exchanges:
            by_api.setdefault(api(exchange), []).append(alf.entry(exchange, bodies=bodies, extension=False))
        for entries in by_api.values():
            yield alf.document(entries, service_token=token, environment=settings.environment)
