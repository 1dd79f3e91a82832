"""`otel-bridge alerts`: rules in a file, checked, applied, and tried on stored traffic."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click

from otel_bridge.cli.asking import moment
from otel_bridge.cli.tables import counted, table, utc
from otel_bridge.config import Config, ConfigError, describe, load
from otel_bridge.documents.document import text_of
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook, Applied, BookError
from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.document import RuleDocument, read_rules
from otel_bridge.inspector.alerts.notification import Outcome, Result
from otel_bridge.inspector.alerts.preview import Preview, WouldFire, preview
from otel_bridge.inspector.alerts.rule import Origin, Rule, Share
from otel_bridge.inspector.alerts.sentence import percent, rule_sentence
from otel_bridge.inspector.alerts.trial import trial
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.query.hints import hints
from otel_bridge.inspector.store.interface import Period, StoreError
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.service.alert_channels import channel_settings

MOST_SHOWN = 10
"""Firings of one rule."""

_Command = TypeVar("_Command", bound=Callable[..., Any])

_COUNTS = ("RULE", "MATCHED", "FIRED", "LAST")
_FIRINGS = ("BEGAN", "ENDED", "RULE", "GROUP", "FOUND")
_OUTCOMES = ("CHANNEL", "RESULT", "ANSWER")


def _file(command: _Command) -> _Command:
    return click.argument("file", type=click.Path(path_type=Path))(command)


def _config(help: str) -> Callable[[_Command], _Command]:  # noqa: A002 - click's
    return click.option("--config", type=click.Path(path_type=Path), help=help)


@click.group()
def alerts() -> None:
    """Alert rules in a YAML file that can live in git (docs/alerts.md)."""


@alerts.command()
@_file
@_config("Also check that the channels named by the rules are configured in this file.")
def check(file: Path, config: Path | None) -> None:
    """Check the rules in FILE without running anything.

    Prints every fault with its line, and exits 1; or else each rule as a sentence.
    """
    channels = None if config is None else _load(config).inspector.alerts.channels
    try:
        documents = read_rules(text_of(file), channels=channels)
    except ConfigError as error:
        for fault in error.faults:
            click.echo(describe(fault, file))
        click.echo(f"{file}: {counted(len(error.faults), 'fault')}")
        raise click.exceptions.Exit(1) from error
    for rule in _rules(documents):
        click.echo(f"{rule.name}: {rule_sentence(rule)}{'' if rule.enabled else ' (disabled)'}")
        for hint in hints(parse(rule.query)):
            click.echo(f"warning: {rule.name}: {hint.message}")
    click.echo(f"{file}: {counted(len(documents), 'rule')}, no faults")


@alerts.command()
@_file
@_config("Take inspector.directory and the channels from this file.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def apply(file: Path, config: Path | None, *, dry_run: bool) -> None:
    """Make the rules that come from a file exactly those in FILE.

    Rules are matched by name. Those made in the pages stay as they are. Works beside a running inspector,
    which goes by them within seconds, or without one.
    """
    settings = _load(config)
    rules = _rules(_read(file, settings))
    try:
        before = _book_rules(settings)
        applied = _dry(before, rules) if dry_run else _apply(settings, rules)
    except BookError as error:
        raise click.ClickException(str(error)) from error
    for line in _changes(applied, before, rules):
        click.echo(line)
    if dry_run:
        click.echo("This was a dry run: nothing is changed.")
    if not settings.inspector.enabled:
        click.echo("Warning: in this configuration the inspector is off; rules are its business.", err=True)


@alerts.command()
@_file
@_config("Take inspector.directory and the channels from this file.")
@click.option(
    "--last",
    "since_us",
    metavar="T",
    default="24h",
    show_default=True,
    callback=moment,
    help="How far to look back: 90m, 24h, 7d; or the time to begin with.",
)
@click.option("--notify", is_flag=True, help="Send one test through each channel that a rule names.")
def test(file: Path, config: Path | None, *, since_us: int, notify: bool) -> None:
    """Tell how often the rules in FILE would have fired on the traffic that is stored, and when.

    Nothing is changed, and nobody is told; with --notify a test notification goes through each channel, and
    the exit code is 1 if one does not take it.
    """
    settings = _load(config)
    rules = _rules(_read(file, settings))
    try:
        with closing(SqliteStore(settings.inspector.directory)) as store:
            previews = _previews(store, rules, since_us)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    for line in _report(rules, previews):
        click.echo(line)
    if notify and not _notify(settings, rules):
        raise click.exceptions.Exit(1)


def _load(config: Path | None) -> Config:
    try:
        return load(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def _read(file: Path, settings: Config) -> Sequence[RuleDocument]:
    try:
        return read_rules(text_of(file), channels=settings.inspector.alerts.channels)
    except ConfigError as error:
        raise click.ClickException(str(ConfigError(error.faults, file))) from error


def _rules(documents: Sequence[RuleDocument]) -> list[Rule]:
    return [document.rule(id="", origin=Origin.FILE) for document in documents]


def _book_rules(settings: Config) -> Sequence[Rule]:
    path = settings.inspector.directory / FILE_NAME
    if not path.exists():
        return []
    with closing(AlertBook(path)) as book:
        return book.rules()


def _apply(settings: Config, rules: Sequence[Rule]) -> Applied:
    with closing(AlertBook(settings.inspector.directory / FILE_NAME)) as book:
        return book.apply(rules)


def _dry(before: Sequence[Rule], rules: Sequence[Rule]) -> Applied:
    """What it would do, done to a copy."""
    with TemporaryDirectory() as directory, closing(AlertBook(Path(directory) / FILE_NAME)) as copy:
        for rule in before:
            copy.put(rule)
        return copy.apply(rules)


def _changes(applied: Applied, before: Sequence[Rule], rules: Sequence[Rule]) -> Iterator[str]:
    old, new = ({rule.name: rule for rule in each} for each in (before, rules))
    for name in applied.created:
        yield f"+ {name}"
    for name in applied.changed:
        yield f"~ {name}: {', '.join(_differences(old[name], new[name]))}"
    for name in applied.removed:
        yield f"- {name}"
    counts = zip(Applied._fields, map(len, applied), strict=True)
    yield ", ".join(f"{number} {what}" for what, number in counts)


def _differences(old: Rule, new: Rule) -> Iterator[str]:
    before, after = (RuleDocument.of(rule).model_dump(mode="json") for rule in (old, new))
    for key in RuleDocument.model_fields:
        if before[key] != after[key]:
            yield f"{key} {_shown(before[key])} → {_shown(after[key])}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return "none" if value in (None, "") else " ".join(str(value).split())


def _previews(store: SqliteStore, rules: Sequence[Rule], since_us: int) -> Sequence[Preview]:
    now_us = time.time_ns() // 1000
    period = Period(since_us, now_us)
    if not sys.stderr.isatty():
        return [preview(store, rule, period, now_us=now_us) for rule in rules]
    with click.progressbar(rules, label="rules", file=sys.stderr, show_pos=True) as watched:
        return [preview(store, rule, period, now_us=now_us) for rule in watched]


def _report(rules: Sequence[Rule], previews: Sequence[Preview]) -> Iterator[str]:
    pairs = list(zip(rules, previews, strict=True))
    yield from table([_COUNTS, *(_counts_row(rule, found) for rule, found in pairs)])
    if any(not found.complete for found in previews):
        yield "+: there is more traffic than is looked at; the oldest is left out."
    rows = [_firing_row(rule, firing) for rule, found in pairs for firing in found.firings[:MOST_SHOWN]]
    if rows:
        yield ""
        yield from table([_FIRINGS, *rows])
    for rule, found in pairs:
        if len(found.firings) > MOST_SHOWN:
            yield f"Of {rule.name}, {len(found.firings) - MOST_SHOWN} earlier ones are left out."


def _counts_row(rule: Rule, found: Preview) -> tuple[str, ...]:
    more = "" if found.complete else "+"
    last = utc(found.firings[0].start_us) if found.firings else ""
    return rule.name, f"{found.matched}{more}", f"{len(found.firings)}{more}", last


def _firing_row(rule: Rule, firing: WouldFire) -> tuple[str, ...]:
    value = percent(firing.value) if isinstance(rule.condition, Share) else f"{firing.value:.0f}"
    return utc(firing.start_us), utc(firing.end_us) or "still fires", rule.name, firing.group, value


def _notify(settings: Config, rules: Sequence[Rule]) -> bool:
    """Whether all channels took the test."""
    names = list(dict.fromkeys(name for rule in rules for name in rule.channels))
    if not names:
        click.echo("No rule names a channel: there is nobody to notify.")
        return True
    outcomes = asyncio.run(_send(settings, names))
    rows = [(name, str(each.result), each.detail) for name, each in zip(names, outcomes, strict=True)]
    click.echo()
    for line in table([_OUTCOMES, *rows]):
        click.echo(line)
    return all(each.result is Result.DELIVERED for each in outcomes)


async def _send(settings: Config, names: Collection[str]) -> Sequence[Outcome]:
    section = settings.inspector.alerts
    channels = build_channels([each for each in channel_settings(section) if each.name in names])
    now_us = time.time_ns() // 1000
    try:
        return await asyncio.gather(
            *(channels[name].send(trial(name, id=token_hex(16), now_us=now_us)) for name in names)
        )
    finally:
        for channel in channels.values():
            await channel.close()
