"""The command line: `otel-bridge COMMAND`.

Each command is a module of its own, imported when it is called, so that `check-config` does not wait
for gRPC. Exit codes: 0 fine, 1 a fault in what the user gave, 2 wrong usage, 3 start-up failed.
"""

from __future__ import annotations

import difflib
import importlib

import click

from otel_bridge import __version__

_COMMANDS = {
    "alerts": "alerts",
    "check-config": "check_config",
    "convert": "convert",
    "dead-letters": "dead_letters",
    "demo": "demo",
    "erase": "erase",
    "export": "export",
    "inspector": "inspector",
    "kong": "kong",
    "serve": "serve",
    "tail": "tail",
}


class _Commands(click.Group):
    """Knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        name = _COMMANDS.get(cmd_name)
        if name is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"otel_bridge.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click suggests near misses only for groups that hold their commands.
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error
            raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="otel-bridge")
def main() -> None:
    """OTLP in, Galileo ALF and Runscope messages out: Kong's HTTP traffic log, on open standards."""
