"""Kong's declarative files, of Kong 3 and of old: data to `Gateway`.

Services may hold their routes, and services, routes and consumers their plugins; or all of them stand
side by side and refer to each other by name or id. Files of Kong before 1.0 have `apis` in place of
services and routes, and what kongfig wrote keeps a plugin's fields under `attributes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from otel_bridge.documents.document import Document, read
from otel_bridge.documents.faults import describe
from otel_bridge.kong.gateway import Gateway, Plugin, Route, Scope

UNNAMED = "unnamed-"
"""Begins the names given here to what has none, so that it is never taken for everything."""

_NAMES = ("name", "username", "custom_id", "id")
_ENTITIES = ("services", "routes", "consumers", "consumer_groups", "plugins", "apis")


class DeclarativeError(ValueError):
    """The file is no configuration of Kong; the message has a line for each reason."""


def read_file(path: Path) -> Gateway:
    """Read the declarative file at *path*; raises DeclarativeError."""
    try:
        document = read(path.read_text(encoding="utf-8-sig"), None)
    except OSError as error:
        raise DeclarativeError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DeclarativeError(f"{path}: is not UTF-8 text") from error
    if document.faults:
        raise DeclarativeError("\n".join(describe(fault, path) for fault in document.faults))
    return _gateway(document, path)


def _gateway(document: Document, path: Path) -> Gateway:
    data = document.data
    if not isinstance(data, dict) or not any(name in data for name in ("_format_version", *_ENTITIES)):
        raise DeclarativeError(
            f"{path}: is no declarative configuration of Kong: it has none of its sections"
        )
    try:
        reader = _Reader(data)
        routes = tuple(reader.routes())
        plugins = tuple(reader.plugins())
    except _ShapeError as error:
        raise DeclarativeError(f"{path}: {error}") from error
    return Gateway(plugins=plugins, routes=routes)


class _ShapeError(ValueError):
    pass


class _Reader:
    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        services = [*_items(data, "services"), *_items(data, "apis")]
        routes = [route for service in services for route in _items(service, "routes")]
        named: dict[str, list[dict[str, Any]]] = {
            "services": services,
            "routes": [*routes, *_items(data, "routes")],
            "consumers": _items(data, "consumers"),
            "groups": _items(data, "consumer_groups"),
        }
        self._names: dict[int, str] = {}
        self._names_by_id: dict[str, str] = {}
        for entities in named.values():
            for number, entity in enumerate(entities, 1):
                name = _own_name(entity) or f"{UNNAMED}{number}"
                self._names[id(entity)] = name
                if entity.get("id"):
                    self._names_by_id[str(entity["id"])] = name

    def routes(self) -> Iterator[Route]:
        for service in (*_items(self._data, "services"), *_items(self._data, "apis")):
            name = self._names[id(service)]
            for route in _items(service, "routes"):
                yield self._route(route, name)
        for route in _items(self._data, "routes"):
            yield self._route(route, self._reference(route.get("service")))

    def plugins(self) -> Iterator[Plugin]:
        for service in (*_items(self._data, "services"), *_items(self._data, "apis")):
            here = Scope(service=self._names[id(service)])
            yield from self._plugins_of(service, here)
            for route in _items(service, "routes"):
                yield from self._plugins_of(route, Scope(route=self._names[id(route)]))
        for route in _items(self._data, "routes"):
            yield from self._plugins_of(route, Scope(route=self._names[id(route)]))
        for consumer in _items(self._data, "consumers"):
            yield from self._plugins_of(consumer, Scope(consumer=self._names[id(consumer)]))
        for group in _items(self._data, "consumer_groups"):
            yield from self._plugins_of(group, Scope(group=self._names[id(group)]))
        yield from self._plugins_of(self._data, Scope())

    def _route(self, route: Mapping[str, Any], service: str) -> Route:
        return Route(self._names[id(route)], service, route.get("request_buffering") is not False)

    def _plugins_of(self, owner: Mapping[str, Any], scope: Scope) -> Iterator[Plugin]:
        for entry in _items(owner, "plugins"):
            fields = {**entry, **_mapping(entry.get("attributes"))}
            if fields.get("ensure") == "removed":
                continue
            yield Plugin(
                name=str(fields.get("name", "")),
                config={**_mapping(fields.get("config")), **_flattened(fields)},
                scope=Scope(
                    service=self._reference(fields.get("service") or fields.get("api")) or scope.service,
                    route=self._reference(fields.get("route")) or scope.route,
                    consumer=self._reference(fields.get("consumer")) or scope.consumer,
                    group=self._reference(fields.get("consumer_group")) or scope.group,
                ),
                enabled=fields.get("enabled") is not False,
            )

    def _reference(self, value: object) -> str:
        if isinstance(value, dict):
            return self._reference(_own_name(value))
        return self._names_by_id.get(str(value), str(value)) if value else ""


def _own_name(entity: Mapping[str, Any]) -> str:
    return next((str(entity[key]) for key in _NAMES if entity.get(key)), "")


def _items(owner: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = owner.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _ShapeError(f"`{name}` has to be a list of mappings")
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _flattened(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Settings written as in Kong's old command lines, `config.host: ...`."""
    return {key.removeprefix("config."): value for key, value in fields.items() if key.startswith("config.")}
