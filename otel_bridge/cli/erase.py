"""`otel-bridge erase`: exchanges that a query finds, out of everything the bridge keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import orjson

from otel_bridge import erasure
from otel_bridge.cli.asking import query_options
from otel_bridge.cli.tables import table, utc
from otel_bridge.config import Config, ConfigError, load
from otel_bridge.erasure import Erased, Receipt
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Period, StoreError
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.journal import JournalError

_HEADINGS = ("PLACE", "EXCHANGES", "FILES", "OLDEST", "NEWEST")


@click.command()
@query_options
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="The receipt as JSON, for programs.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take journal.directory and inspector.directory from this file.",
)
def erase(
    query: Query,
    start_us: int | None,
    end_us: int | None,
    config: Path | None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase the exchanges that a query finds, and print a receipt.

    From the journal, the dead letters and the inspector's store with its index and figures, pinned ones too.
    Works beside a running serve or without one. What was not delivered yet is not delivered any more, but
    for what a running serve has in memory.
    """
    if as_json and not (dry_run or yes):
        raise click.UsageError("--json takes --yes or --dry-run: nobody can be asked.")
    try:
        settings = load(config)
        period = Period(start_us, end_us)
        if not (dry_run or yes):
            _show(_erase(settings, query, period, dry_run=True), as_json=False)
            click.confirm("Erase them for good?", abort=True, err=True)
        _show(_erase(settings, query, period, dry_run=dry_run), as_json=as_json)
    except (ConfigError, JournalError, StoreError) as error:
        raise click.ClickException(str(error)) from error


def _erase(settings: Config, query: Query, period: Period, *, dry_run: bool) -> Receipt:
    directory = settings.inspector.directory
    if not directory.is_dir():
        return erasure.erase(settings.journal.directory, None, query, period, dry_run=dry_run)
    with closing(SqliteStore(directory)) as store:
        return erasure.erase(settings.journal.directory, store, query, period, dry_run=dry_run)


def _show(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(_fields(receipt)))
        return
    for line in _lines(receipt):
        click.echo(line)


def _fields(receipt: Receipt) -> dict[str, Any]:
    return {
        "dry_run": receipt.dry_run,
        "journal": _place(receipt.journal),
        "undelivered": receipt.undelivered,
        "dead_letters": _place(receipt.dead_letters),
        "inspector": {**_place(receipt.inspector), "pinned": receipt.pinned},
        "running": receipt.running,
        "unread": receipt.unread,
    }


def _place(erased: Erased) -> dict[str, Any]:
    return {
        "exchanges": erased.exchanges,
        "files": erased.files,
        "oldest": utc(erased.oldest_us) or None,
        "newest": utc(erased.newest_us) or None,
    }


def _lines(receipt: Receipt) -> Iterator[str]:
    places = {
        "journal": receipt.journal,
        "dead letters": receipt.dead_letters,
        "inspector": receipt.inspector,
    }
    yield from table([_HEADINGS, *(_row(name, erased) for name, erased in places.items())])
    if receipt.pinned:
        yield f"Of the inspector's, {receipt.pinned} pinned."
    for pipeline, exchanges in receipt.undelivered.items():
        yield f"Of the journal's, up to {exchanges} not delivered to {pipeline} yet: it does not get them."
    if receipt.running and receipt.undelivered:
        yield "A running serve may have some of these in memory, and may still deliver them."
    for path in receipt.unread:
        yield f"Damaged, so that nobody can look into it: {path}. Remove it if it may hold any of this."
    yield "This was a dry run: nothing is erased." if receipt.dry_run else "They are erased."


def _row(name: str, erased: Erased) -> tuple[str, ...]:
    return (
        name,
        str(erased.exchanges),
        str(erased.files),
        utc(erased.oldest_us),
        utc(erased.newest_us),
    )
