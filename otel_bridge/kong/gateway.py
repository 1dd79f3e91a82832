"""A Kong's configuration as far as tracing is concerned, wherever it was read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """What a plugin is configured on; names where Kong has them, else ids, "" for none."""

    service: str = ""
    route: str = ""
    consumer: str = ""
    group: str = ""

    def __str__(self) -> str:
        parts = (f"{kind} {name}" for kind, name in zip(self._fields, self, strict=True) if name)
        return " and ".join(parts) or "everything"


EVERYTHING = Scope()


class Plugin(NamedTuple):
    name: str
    config: Mapping[str, Any]
    scope: Scope = EVERYTHING
    enabled: bool = True

    @property
    def place(self) -> str:
        return "globally" if self.scope == EVERYTHING else f"on {self.scope}"


class Route(NamedTuple):
    name: str
    service: str = ""
    request_buffering: bool = True

    def is_in(self, scope: Scope) -> bool:
        """Whether a plugin on *scope* runs for this route whoever calls."""
        return (
            not scope.consumer
            and not scope.group
            and scope.route in ("", self.name)
            and scope.service in ("", self.service)
        )


class Node(NamedTuple):
    """What the Admin API tells about the running Kong beside its entities."""

    version: tuple[int, int]
    configuration: Mapping[str, Any]
    """kong.conf, by name."""
    available_plugins: frozenset[str]


class Gateway(NamedTuple):
    plugins: tuple[Plugin, ...] = ()
    routes: tuple[Route, ...] = ()
    node: Node | None = None
    """None where only a declarative file is known."""

    def enabled(self, name: str) -> Iterator[Plugin]:
        return (plugin for plugin in self.plugins if plugin.name == name and plugin.enabled)


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of `3.9.1` or `3.4.3.12-enterprise-edition`."""
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
