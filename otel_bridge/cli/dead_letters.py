"""`otel-bridge dead-letters`: what destinations refused, to look at, send again or drop."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import click
import orjson
from google.protobuf.message import DecodeError

from otel_bridge.cli.tables import counted, table, utc
from otel_bridge.config import ConfigError, load
from otel_bridge.journal import DeadLetter, DeadLetters, JournalError, State, state
from otel_bridge.mapping import HttpExchange, spot
from otel_bridge.service.exporters import pipeline_names

_HEADINGS = ("ID", "SINCE", "STATE", "EXPORTER", "API", "EXCHANGES", "BYTES", "REASON")


@click.group("dead-letters")
@click.option("--config", type=click.Path(path_type=Path), help="Take journal.directory from this file.")
@click.pass_context
def dead_letters(context: click.Context, config: Path | None) -> None:
    """Exchanges that a destination refused for good, and what was given up.

    Works beside a running serve. A dead letter keeps its exchanges as redacted OTLP until it is
    replayed, dropped, or older than dead_letters.max_age.
    """
    context.obj = config


@dead_letters.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
@click.pass_obj
def list_letters(config: Path | None, *, as_json: bool) -> None:
    """List all dead letters, oldest first."""
    with _store(config) as store:
        letters = store.list() if store else []
    if as_json:
        click.echo(orjson.dumps([_fields(letter) for letter in letters]).decode())
    elif letters:
        for line in table([_HEADINGS, *map(_row, letters)]):
            click.echo(line)
    else:
        click.echo("There are no dead letters.")


@dead_letters.command("show")
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def show(config: Path | None, number: int) -> None:
    """Show one dead letter: why it was refused, and which exchanges it holds."""
    with _store(config) as store:
        letter = store.get(number) if store else None
    if letter is None:
        raise click.ClickException(_unknown([number]))
    for line in _description(letter):
        click.echo(line)


@dead_letters.command("replay")
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that can be sent again.")
@click.pass_obj
def replay(config: Path | None, numbers: tuple[int, ...], *, every: bool) -> None:
    """Have dead letters sent again, each to the exporter that it was refused for and to no other.

    What is delivered leaves the list; what is refused again stays, with the new reason.
    """
    chosen = _chosen(numbers, every=every)
    with _store(config) as store:
        letters = _pick(store, chosen)
        # Whoever says --all does not mean what has nothing in it.
        lost = [] if every else [letter for letter in letters if letter.state is State.GIVEN_UP]
        if store:
            store.mark_replay(chosen)
    marked = [letter for letter in letters if letter.state is not State.GIVEN_UP]
    pipelines = pipeline_names(load(config))
    waiting = sum(1 for letter in marked if letter.exporter in pipelines)
    click.echo(f"{counted(waiting, 'dead letter')} will be sent again by the running serve, or by the next.")
    complaints = [
        f"Dead letter {letter.id} was given up unread: there is nothing to send." for letter in lost
    ]
    _complain([*complaints, *_missing(chosen, letters), *_unsent(marked, pipelines)])


@dead_letters.command("drop")
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="All there are.")
@click.pass_obj
def drop(config: Path | None, numbers: tuple[int, ...], *, every: bool) -> None:
    """Delete dead letters for good."""
    chosen = _chosen(numbers, every=every)
    with _store(config) as store:
        letters = _pick(store, chosen)
        dropped = store.drop(chosen) if store else 0
    exchanges = sum(letter.exchanges for letter in letters)
    click.echo(f"{counted(dropped, 'dead letter')} dropped, with {counted(exchanges, 'exchange')}.")
    _complain(_missing(chosen, letters))


@contextmanager
def _store(config: Path | None) -> Iterator[DeadLetters | None]:
    """The dead letters; None where no serve has made a journal yet. Any error is a sentence, exit 1."""
    try:
        settings = load(config)
        directory = settings.journal.directory
        if not (directory / state.FILE).exists():
            yield None
            return
        limits = settings.dead_letters
        with closing(
            DeadLetters.open(directory, max_size=limits.max_size, max_age_s=limits.max_age)
        ) as store:
            yield store
    except (ConfigError, JournalError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _chosen(numbers: tuple[int, ...], *, every: bool) -> Collection[int] | Literal["all"]:
    if every == bool(numbers):
        raise click.UsageError("Name the IDs, or say --all.")
    return "all" if every else set(numbers)


def _pick(store: DeadLetters | None, chosen: Collection[int] | Literal["all"]) -> list[DeadLetter]:
    letters = store.list() if store else []
    return [letter for letter in letters if chosen == "all" or letter.id in chosen]


def _missing(chosen: Collection[int] | Literal["all"], letters: Sequence[DeadLetter]) -> list[str]:
    known = {letter.id for letter in letters}
    unknown = [] if chosen == "all" else sorted(set(chosen) - known)
    return [_unknown(unknown)] if unknown else []


def _unsent(letters: Sequence[DeadLetter], pipelines: Collection[str]) -> Iterator[str]:
    for letter in letters:
        if letter.exporter not in pipelines:
            yield (
                f"Dead letter {letter.id} waits until {_printable(letter.exporter)} is configured again, "
                "or you drop it."
            )


def _unknown(numbers: Sequence[int]) -> str:
    return f"There is no dead letter {', '.join(map(str, numbers))}."


def _complain(complaints: Sequence[str]) -> None:
    for complaint in complaints:
        click.echo(f"Error: {complaint}", err=True)
    if complaints:
        raise click.exceptions.Exit(1)


def _fields(letter: DeadLetter) -> dict[str, str | int]:
    return {
        "id": letter.id,
        "since": utc(letter.at_ns // 1000),
        "state": letter.state.value,
        "exporter": letter.exporter,
        "api": letter.api,
        "reason": letter.reason,
        "answer": letter.answer,
        "exchanges": letter.exchanges,
        "first": utc(letter.first_ns // 1000),
        "last": utc(letter.last_ns // 1000),
        "bytes": letter.size,
    }


def _row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        str(letter.id),
        utc(letter.at_ns // 1000),
        letter.state.value,
        _printable(letter.exporter),
        _printable(letter.api),
        str(letter.exchanges),
        str(letter.size),
        _printable(letter.reason),
    )


def _description(letter: DeadLetter) -> Iterator[str]:
    yield f"Dead letter {letter.id}, {letter.state.value} since {utc(letter.at_ns // 1000)}"
    yield f"  exporter   {_printable(letter.exporter)}"
    if letter.api:
        yield f"  api        {_printable(letter.api)}"
    yield f"  reason     {_printable(letter.reason)}"
    if letter.answer:
        yield f"  answer     {_printable(letter.answer)}"
    yield f"  received   {utc(letter.first_ns // 1000)} to {utc(letter.last_ns // 1000)}"
    yield f"  exchanges  {letter.exchanges}"
    if letter.otlp is None:
        return
    yield ""
    try:
        exchanges = [found.exchange for found in spot(letter.otlp).exchanges]
    except DecodeError:
        yield f"  Its {letter.size} bytes of OTLP can't be read."
    else:
        yield from map(_line, exchanges)


def _line(exchange: HttpExchange) -> str:
    status = exchange.status or "---"
    return f"  {utc(exchange.start_ns // 1000)}  {status}  {_printable(f'{exchange.method} {exchange.url}')}"


def _printable(text: str) -> str:
    """*text* on one line and without what a terminal would obey: it came from anybody."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
