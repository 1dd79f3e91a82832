"""Kong's Admin API: a running gateway to `Gateway`. Only GET is ever sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from otel_bridge.kong.gateway import Gateway, Node, Plugin, Route, Scope, parse_version

_TIMEOUT = 10.0
_MAX_PAGES = 10_000


class AdminError(Exception):
    """The Admin API could not be read; the message is for the operator."""


def read_gateway(url: str) -> Gateway:
    """Read the Kong whose Admin API is at *url*; raises AdminError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AdminError("the Admin API's URL has to be one such as http://127.0.0.1:8001")
    with httpx.Client(timeout=_TIMEOUT) as client:
        return _Api(client, url.rstrip("/"), shown=parts.netloc.rpartition("@")[2]).gateway()


class _Api:
    def __init__(self, client: httpx.Client, base: str, *, shown: str) -> None:
        self._client = client
        self._base = base
        self._shown = shown  # without user and password

    def gateway(self) -> Gateway:
        node = self._node()
        names: dict[str, str] = {}
        for kind in ("services", "consumers"):
            names |= {str(item.get("id")): _name(item) for item in self._items(kind)}
        routes = []
        for item in self._items("routes"):
            names[str(item.get("id"))] = _name(item)
            service = names.get(_id(item.get("service")), "")
            routes.append(Route(_name(item), service, item.get("request_buffering") is not False))
        plugins = tuple(_plugin(item, names) for item in self._items("plugins"))
        return Gateway(plugins, tuple(routes), node)

    def _node(self) -> Node:
        root = self._get("/")
        version = parse_version(str(root.get("version", "")))
        configuration = root.get("configuration")
        if version is None or not isinstance(configuration, dict):
            raise AdminError(f"{self._shown} answers, but not as Kong's Admin API")
        plugins = root.get("plugins")
        available = plugins.get("available_on_server") if isinstance(plugins, dict) else None
        return Node(version, configuration, frozenset(available or ()))

    def _items(self, kind: str) -> Iterator[Mapping[str, Any]]:
        path = f"/{kind}"
        for _ in range(_MAX_PAGES):
            page = self._get(path)
            data = page.get("data")
            yield from (item for item in data or () if isinstance(item, dict))
            following = page.get("next")
            if not following:
                return
            # Only where the next page is, never on which machine.
            next_parts = urlsplit(str(following))
            path = f"{next_parts.path}?{next_parts.query}"
        raise AdminError(f"{self._shown} never stops listing {kind}")

    def _get(self, path: str) -> Mapping[str, Any]:
        try:
            answer = self._client.get(self._base + path)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise AdminError(f"Kong's Admin API at {self._shown} can't be reached: {reason}") from error
        if answer.status_code in (401, 403):
            raise AdminError(
                f"{self._shown} refuses {path} (HTTP {answer.status_code}): it wants credentials"
            )
        try:
            found = answer.json() if answer.is_success else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise AdminError(
                f"{self._shown} does not answer {path} as Kong's Admin API (HTTP {answer.status_code})"
            )
        return found


def _plugin(item: Mapping[str, Any], names: Mapping[str, str]) -> Plugin:
    def owner(kind: str) -> str:
        key = _id(item.get(kind))
        return names.get(key, key)

    config = item.get("config")
    return Plugin(
        name=str(item.get("name", "")),
        config=config if isinstance(config, dict) else {},
        scope=Scope(owner("service"), owner("route"), owner("consumer"), owner("consumer_group")),
        enabled=item.get("enabled") is not False,
    )


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or item.get("username") or item.get("custom_id") or item.get("id") or "")


def _id(reference: object) -> str:
    return str(reference.get("id") or "") if isinstance(reference, dict) else ""
