"""`otel-bridge kong`: make Kong capture, find out why it sends nothing, bring its old plugins over."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from otel_bridge.kong.admin import AdminError, read_gateway
from otel_bridge.kong.check import examine
from otel_bridge.kong.declarative import DeclarativeError, read_file
from otel_bridge.kong.files import write_plugin
from otel_bridge.kong.imports import NothingToImportError, convert
from otel_bridge.kong.recipe import DEFAULT_ENDPOINT, plugin_recipe, prefunction_recipe, traces_endpoint
from otel_bridge.kong.settings import SettingError, parse


@click.group()
def kong() -> None:
    """Make Kong capture, check what it sends, import its old plugins."""


@kong.command(
    short_help="What makes Kong add headers and bodies to its spans.",
    options_metavar="[--as plugin DIR | --as pre-function] [--endpoint URL]",
)
@click.option("--as", "form", type=click.Choice(["plugin", "pre-function"]), default="pre-function")
@click.option("--endpoint", default=DEFAULT_ENDPOINT, show_default=True, help="Where Kong posts its spans.")
@click.argument("arguments", nargs=-1, metavar="[DIR] [SETTING=VALUE]...")
def capture(form: str, endpoint: str, arguments: tuple[str, ...]) -> None:
    """Print what makes Kong add headers and bodies to its spans, for kong.yml and kong.conf.

    \b
    --as plugin DIR    writes the plugin otel-capture below DIR, for Kong's lua_package_path
    --as pre-function  needs nothing installed (the default)

    Settings are the plugin's: bodies=none|errors|all, max_body_size=65536, content_types,
    redact_headers, redact_query, redact_json_fields=password,pin. Lists are separated by commas.
    """
    directories = [argument for argument in arguments if "=" not in argument]
    assignments = [argument for argument in arguments if "=" in argument]
    expected = 1 if form == "plugin" else 0
    if len(directories) < expected:
        raise click.UsageError("--as plugin needs the directory to write to: --as plugin DIR")
    if len(directories) > expected:
        raise click.UsageError(f"{directories[-1]!r} is neither a setting (name=value) nor expected here")
    try:
        settings, url = parse(assignments), traces_endpoint(endpoint)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
    except ValueError as error:
        raise click.ClickException(f"--endpoint {error}") from error
    if form == "pre-function":
        click.echo(prefunction_recipe(settings, url), nl=False)
        return
    directory = Path(directories[0]).absolute()
    for path in _write(directory):
        click.echo(f"wrote {path}", err=True)
    given = {assignment.partition("=")[0] for assignment in assignments}
    click.echo(plugin_recipe(directory, settings, url, given), nl=False)


@kong.command(short_help="Why Kong sends nothing, or not all.")
@click.option("--file", type=click.Path(path_type=Path), metavar="KONG.yml", help="A declarative file.")
@click.option("--admin-url", metavar="URL", help="A running Kong's Admin API; it is only read.")
def check(file: Path | None, admin_url: str | None) -> None:
    """Find out why Kong sends nothing, or not all. Exits 1 if anything is wrong."""
    if (file is None) == (admin_url is None):
        raise click.UsageError("give --file KONG.yml or --admin-url URL, one of them")
    try:
        gateway = read_file(file) if file else read_gateway(admin_url or "")
    except (DeclarativeError, AdminError) as error:
        raise click.ClickException(str(error)) from error
    findings = examine(gateway)
    for finding in findings:
        click.echo(f"{'wrong' if finding.wrong else 'note '}  {finding.message}")
        click.echo(textwrap.indent(finding.remedy, " " * 7))
    wrong = sum(finding.wrong for finding in findings)
    click.echo(f"{wrong} wrong" if wrong else "Nothing is wrong.")
    if wrong:
        raise click.exceptions.Exit(1)


@kong.command("import", short_help="Old galileo and runscope plugin blocks to a configuration.")
@click.argument("file", type=click.Path(path_type=Path), metavar="KONG.yml")
def import_(file: Path) -> None:
    """Print a configuration that does what the `galileo` and `runscope` plugins of KONG.yml did."""
    try:
        click.echo(convert(read_file(file)), nl=False)
    except DeclarativeError as error:
        raise click.ClickException(str(error)) from error
    except NothingToImportError as error:
        raise click.ClickException(f"{file}: {error}") from error


def _write(directory: Path) -> list[Path]:
    try:
        return write_plugin(directory)
    except OSError as error:
        raise click.ClickException(f"{error.filename or directory}: {error.strerror}") from error
