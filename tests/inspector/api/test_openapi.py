"""The API's own description, and that nothing is open but what is meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from otel_bridge.inspector import buckets
from otel_bridge.inspector.access import AccessToken, AccessTokens, Role
from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.api.app import inspector_app
from otel_bridge.inspector.api.guard import PAGES
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.inspector.wire.tokens import IngestTokens
from tests.inspector.pages.inspector import Inspector

# The document of all pages holds nothing of the traffic, and without a log-in nobody could log in.
OPEN = {*(("GET", path) for path in (*PAGES, "/x/{exchange_id}")), ("POST", "/login")}
UNDOCUMENTED = {*OPEN, ("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json")} - {("POST", "/login")}
VALUES = {
    "exchange_id": "0" * 32,
    "side": "request",
    "bucket": "b",
    "uuid": "0" * 32,
    "rule_id": "0" * 16,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """As the process serves it, to see its routes."""
    directory = tmp_path_factory.mktemp("store")
    tokens = (AccessToken(token="t", role=Role.ADMIN),)
    settings = InspectorSettings(
        directory=directory, retention=Retention(age=1, size=1, bodies=1, min_free=0), tokens=tokens
    )

    async def keep(_: Any) -> None: ...

    store = SqliteStore(directory)
    book = AlertBook(directory / FILE_NAME)
    guarded = inspector_app(
        store,
        live=Live(),
        alerting=Alerting(book, {}, ask_bridge=None),
        tokens=AccessTokens(tokens),
        settings=settings,
        keep=keep,
        beyond_loopback=False,
    )
    # What is behind the guard, which is nobody's to reach but here.
    yield vars(guarded)["_app"]
    book.close()
    store.close()


@pytest.fixture(scope="module")
def document(inspector: Inspector) -> dict[str, Any]:
    found: dict[str, Any] = inspector.get("/api/openapi.json")
    return found


def test_describes_every_route(app: FastAPI, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    assert len(described) > 15
    assert served(app) - UNDOCUMENTED == described


def test_says_what_each_is_for_and_what_it_answers(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            told = f"{method} {path}"

            assert operation["description"].endswith((".", "!", "?")), told
            assert operation["tags"], told
            assert {"400", "401"} <= set(operation["responses"]), told
            good = {status: each for status, each in operation["responses"].items() if status[0] == "2"}
            assert good, told
            # A schema of its own, unless there is nothing to read or it is no JSON.
            for status, answer in good.items():
                schemas = [each.get("schema", {}) for each in answer.get("content", {}).values()]
                assert status == "204" or all(
                    "$ref" in schema or "type" in schema or not schema for schema in schemas
                ), told


def test_nothing_is_open_that_is_not_meant_to_be(app: FastAPI, stranger: httpx.Client) -> None:
    asked = served(app) - OPEN
    answers = {each: stranger.request(each[0], with_values(each[1])).status_code for each in asked}

    assert dict.fromkeys(asked, 401) == answers


def test_what_is_open_holds_nothing(stranger: httpx.Client) -> None:
    pages = {stranger.get(with_values(path)).text for method, path in OPEN if method == "GET"}

    assert 1 == len(pages)
    assert "orders" not in pages.pop()
    assert 401 == stranger.post("/login", json={"token": "x"}).status_code
    assert "ok\n" == stranger.get("/healthz").text


def test_the_runscope_api_tells_strangers_nothing_either(tmp_path: Path, stranger: httpx.Client) -> None:
    store = SqliteStore(tmp_path)
    routes = buckets.routes(store, access=AccessTokens(()), senders=IngestTokens(()))
    store.close()
    asked = {(method, route.path) for route in routes for method in route.methods or ()}

    assert len(asked) > 5
    for method, path in asked:
        assert 403 == stranger.request(method, with_values(path)).status_code, path


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/api/docs", "/metrics", "/api"])
def test_there_are_no_pages_that_nobody_made(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code in (401, 404)


def served(app: FastAPI) -> set[tuple[str, str]]:
    return {(method, route.path) for route in every_route(app.routes) for method in route.methods or ()}


def every_route(routes: Iterable[BaseRoute]) -> Iterator[APIRoute | Route]:
    """Newer versions of FastAPI keep the routers that were included."""
    for route in routes:
        if isinstance(route, APIRoute | Route):
            yield route
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from every_route(router.routes)
        else:
            assert "/static" == getattr(route, "path", None)


def with_values(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: VALUES[name[1]], path)
