"""`otel-bridge export`: exchanges that a query finds, to a file or to stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import click

from otel_bridge.cli.asking import query_options
from otel_bridge.config import ConfigError, load
from otel_bridge.inspector import export as exporting
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Period, Store, StoreError
from otel_bridge.inspector.store.sqlite import SqliteStore

# Counting is only for the progress bar.
_COUNT_SECONDS = 2.0


@click.command()
@query_options
@click.option(
    "--format",
    "name",
    type=click.Choice(list(exporting.FORMATS)),
    required=True,
    help="har: one HAR 1.2; ndjson: everything, a JSON object a line; otlp: OTLP JSON lines, which `convert` "
    "reads; csv: a row each, without headers and bodies.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of stdout.")
@click.option("--config", type=click.Path(path_type=Path), help="Take inspector.directory from this file.")
def export(
    query: Query,
    start_us: int | None,
    end_us: int | None,
    name: str,
    output: Path | None,
    config: Path | None,
) -> None:
    """Write the exchanges that a query finds in the inspector's store, newest first.

    Works beside a running inspector or without one. Bodies are as they were kept: what was masked, cut or
    expired stays so.
    """
    period = Period(start_us, end_us)
    try:
        directory = load(config).inspector.directory
        with ExitStack() as stack:
            store = stack.enter_context(closing(SqliteStore(directory)))
            file = stack.enter_context(_opened(output))
            exchanges = stack.enter_context(
                _watched(exporting.found(store, query, period), store, query, period)
            )
            for piece in exporting.written(exchanges, exporting.FORMATS[name]):
                file.write(piece)
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        if output is None:
            raise
        raise click.ClickException(f"can't write to {output}: {error.strerror}") from error


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """People's data is nobody else's business: a file that is made is for its owner alone."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file


@contextmanager
def _watched(
    exchanges: Iterable[Exchange], store: Store, query: Query, period: Period
) -> Iterator[Iterable[Exchange]]:
    """With a progress bar where somebody can see it."""
    if not sys.stderr.isatty():
        yield exchanges
        return
    deadline = monotonic() + _COUNT_SECONDS
    length = exporting.total(store, query, period, stop=lambda: monotonic() > deadline)
    with click.progressbar(
        exchanges, length=length, label="exchanges", file=sys.stderr, show_pos=True
    ) as watched:
        yield watched
