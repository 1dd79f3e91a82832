"""A running Kong's Admin API, played by a real HTTP server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from otel_bridge.kong.admin import AdminError, read_gateway
from otel_bridge.kong.gateway import Route

Answers = dict[str, object]

ROOT = {
    "version": "3.9.1",
    "configuration": {"tracing_instrumentations": ["request"], "tracing_sampling_rate": 1},
    "plugins": {"available_on_server": {"opentelemetry": {"version": "3.9.1"}, "otel-capture": True}},
}


@contextmanager
def admin_api(answers: Answers) -> Iterator[str]:
    """Serve *answers* by path and query: JSON with 200, or (status, text)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path, (404, '{"message":"Not found"}'))
            status, text = found if isinstance(found, tuple) else (200, json.dumps(found))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def entities(**lists: list[dict[str, object]]) -> Answers:
    kinds: dict[str, list[dict[str, object]]] = {
        "services": [],
        "routes": [],
        "consumers": [],
        "plugins": [],
    }
    return {"/": ROOT} | {
        f"/{kind}": {"data": items, "next": None} for kind, items in (kinds | lists).items()
    }


def test_every_page_is_read_and_ids_become_names() -> None:
    answers = entities(
        services=[{"id": "s1", "name": "orders"}],
        consumers=[{"id": "c1", "username": None, "custom_id": "jane"}],
    )
    answers["/routes"] = {
        "data": [{"id": "r1", "name": "list", "service": {"id": "s1"}}],
        # a whole URL on some other name: only its path and query may count
        "next": "http://kong.invalid/routes?offset=2",
    }
    answers["/routes?offset=2"] = {"data": [{"id": "r2", "name": None, "request_buffering": False}]}
    answers["/plugins"] = {
        "data": [{"name": "opentelemetry", "config": {"sampling_rate": None}, "route": {"id": "r1"}}],
        "next": "/plugins?offset=x",
    }
    answers["/plugins?offset=x"] = {
        "data": [{"name": "otel-capture", "enabled": False, "consumer": {"id": "c1"}, "service": None}]
    }

    with admin_api(answers) as url:
        found = read_gateway(url + "/")

    assert found.node is not None
    assert (3, 9) == found.node.version
    assert "otel-capture" in found.node.available_plugins
    assert (Route("list", "orders"), Route("r2", "", request_buffering=False)) == found.routes
    assert ["opentelemetry on route list True", "otel-capture on consumer jane False"] == [
        f"{plugin.name} {plugin.place} {plugin.enabled}" for plugin in found.plugins
    ]


def test_an_api_below_a_path_is_found_there() -> None:
    with admin_api({f"/admin{path}": answer for path, answer in entities().items()}) as url:
        assert () == read_gateway(f"{url}/admin").plugins


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "does not answer / as Kong's Admin API \\(HTTP 404\\)"),
        ({"/": (200, "<html>")}, "does not answer / as Kong's Admin API \\(HTTP 200\\)"),
        ({"/": [1]}, "does not answer / as"),
        ({"/": {"hello": "world"}}, "answers, but not as Kong's Admin API"),
        ({"/": (401, "{}")}, "refuses / \\(HTTP 401\\)"),
        ({"/": ROOT, "/services": (500, "{}")}, "does not answer /services"),
    ],
)
def test_what_is_no_admin_api_is_said(answers: Answers, message: str) -> None:
    with admin_api(answers) as url, pytest.raises(AdminError, match=message):
        read_gateway(url)


def test_nobody_there_is_said_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: it refuses
        url = f"http://admin:hunter2@127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AdminError, match="can't be reached") as caught:
            read_gateway(url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "ftp://kong", "http://"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(AdminError, match="has to be one such as"):
        read_gateway(url)
