"""`otel-bridge check-config FILE`: every fault at once, or what goes where."""

from __future__ import annotations

from pathlib import Path

import click

from otel_bridge.config import check, describe, load
from otel_bridge.config.summary import summary


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=Path))
def check_config(file: Path) -> None:
    """Check the configuration FILE without running anything.

    Prints every fault and warning with its line; exits 1 if there are faults. Without any it says
    what goes where.
    """
    report = check(file)
    for fault in report.faults:
        click.echo(describe(fault, file))
    for warning in report.warnings:
        click.echo(f"warning: {describe(warning, file)}")
    if not report.faults:
        for line in summary(load(file)):
            click.echo(line)
    counts = f"{_count(len(report.faults), 'fault')}, {_count(len(report.warnings), 'warning')}"
    click.echo(f"{file}: {counts}")
    if report.faults:
        raise click.exceptions.Exit(1)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
