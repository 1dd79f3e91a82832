"""The reads of the Runscope API over the real store."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from otel_bridge.asgi import AsgiServer, listen
from otel_bridge.inspector import buckets
from otel_bridge.inspector.access import AccessToken, AccessTokens, Role
from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.inspector.wire.front_door import application
from otel_bridge.inspector.wire.tokens import IngestToken, IngestTokens
from tests.inspector.exchanges import STARTED_US, an_exchange
from tests.loops import LIMIT, BackgroundLoop

ACCESS = AccessTokens(
    [AccessToken(token="look", role=Role.VIEWER), AccessToken(token="erase", role=Role.ADMIN)]
)
SENDERS = IngestTokens(
    [IngestToken(token="own", bucket="first"), IngestToken(token="service", environment="e")]
)
FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "a"), ("accept", "b"))


def _message(number: int, bucket: str = "first", **changes: Any) -> Exchange:
    return an_exchange(
        **{
            "wire": Wire.RUNSCOPE,
            "bucket": bucket,
            "span_id": f"{number:016x}",
            "started_us": STARTED_US + number * 1_000_000,
            "path": f"/{number}",
            "url": f"https://example.com/{number}?a=1&a=2&b",
            "query": "a=1&a=2&b",
            "request": Side(headers=FORM, body=b"x=%C3%A9&x=2", body_size=12),
            "response": Side(headers=(("server", "kong"),), body=b"\xff\x00", body_size=2),
        }
        | changes
    )


class Reader:
    def __init__(self, store: SqliteStore, client: httpx.Client) -> None:
        self.store = store
        self._client = client

    def ask(self, path: str, token: str = "look", method: str = "GET") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._client.request(method, path, headers=headers)

    def data(self, path: str, token: str = "look") -> Any:
        answer = self.ask(path, token)
        assert 200 == answer.status_code, answer.text
        body = answer.json()
        assert ({"status": "success"}, None) == (body["meta"], body["error"])
        return body["data"]

    def paths(self, path: str) -> list[str]:
        return [each["request"]["path"] for each in self.data(path)]


@contextmanager
def _serving(directory: Path) -> Iterator[Reader]:
    with ExitStack() as undo:
        loop = undo.enter_context(BackgroundLoop())
        store = SqliteStore(directory, retention=Retention(age=1e9, size=1 << 30, bodies=1e9, min_free=0))
        undo.callback(store.close)

        async def start() -> AsgiServer:
            app = application(buckets.routes(store, access=ACCESS, senders=SENDERS))
            server = AsgiServer(app, listen("127.0.0.1:0"))
            await server.start()
            return server

        server = loop.run(start())
        undo.callback(lambda: loop.run(server.stop(1)))
        client = undo.enter_context(httpx.Client(base_url=f"http://{server.address}", timeout=LIMIT))
        yield Reader(store, client)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with _serving(tmp_path / "store") as reader:
        yield reader


def test_messages_come_newest_first_and_without_bodies(reader: Reader) -> None:
    reader.store.append([_message(1), _message(3), _message(2), _message(9, "other")])
    newest, *_ = found = reader.data("/buckets/first/messages")

    assert ["/3", "/2", "/1"] == [each["request"]["path"] for each in found]
    assert ("GET", "https", "example.com") == tuple(
        newest["request"][name] for name in ("method", "scheme", "host")
    )
    assert {"a": ["1", "2"], "b": [""]} == newest["request"]["params"]
    assert {"content-type": [FORM[0][1]], "accept": ["a", "b"]} == newest["request"]["headers"]
    assert (STARTED_US / 1e6 + 3, 0.043) == (
        newest["request"]["timestamp"],
        newest["response"]["response_time"],
    )
    assert not {"body", "body_encoding"} & (newest["request"].keys() | newest["response"].keys())


def test_a_message_is_whole(reader: Reader) -> None:
    message = _message(1)
    reader.store.append([message])
    found = reader.data(f"/buckets/first/messages/{UUID(message.id)}")

    assert found == reader.data(f"/buckets/first/messages/{message.id}")
    assert (str(UUID(message.id)), "first") == (found["uuid"], found["bucket_key"])
    assert f"{message.trace_id}-{message.span_id}" == found["unique_identifier"]
    assert ("x=%C3%A9&x=2", "plaintext") == (found["request"]["body"], found["request"]["body_encoding"])
    assert {"x": ["é", "2"]} == found["request"]["form"]
    assert (base64.b64encode(b"\xff\x00").decode(), "base64") == (
        found["response"]["body"],
        found["response"]["body_encoding"],
    )


def test_a_reader_may_ask_for_some(reader: Reader) -> None:
    reader.store.append([_message(number) for number in range(60)])
    since, before = STARTED_US / 1e6 + 10, STARTED_US / 1e6 + 13

    assert 50 == len(reader.paths("/buckets/first/messages"))
    assert ["/59", "/58"] == reader.paths("/buckets/first/messages?count=2")
    assert 60 == len(reader.paths("/buckets/first/messages?count=1000000"))
    assert ["/12", "/11", "/10"] == reader.paths(f"/buckets/first/messages?since={since}&before={before}")


def test_errors_are_the_failed_ones(reader: Reader) -> None:
    reader.store.append([_message(1, status=500), _message(2), _message(3, status=0)])
    found = reader.data("/buckets/first/errors")

    assert ["/3", "/1"] == [each["request"]["path"] for each in found]
    assert found[0]["response"] is None


def test_buckets_are_those_that_hold_something_or_have_a_sender(reader: Reader) -> None:
    odd = 'odd "key" \\ ü'
    reader.store.append([_message(1, "second"), _message(2, odd), _message(3, "second"), an_exchange()])

    assert ["first", odd, "second"] == [each["key"] for each in reader.data("/buckets")]
    assert ["first"] == [each["key"] for each in reader.data("/buckets", "own")]
    assert ["/2"] == reader.paths('/buckets/odd "key" \\ ü/messages')
    assert "second" == reader.data("/buckets/second")["key"]
    assert 404 == reader.ask("/buckets/third").status_code


def test_a_bucket_is_emptied_alone(reader: Reader) -> None:
    reader.store.append([_message(1), _message(2, "second")])
    answer = reader.ask("/buckets/first/messages", "own", "DELETE")

    assert (204, b"") == (answer.status_code, answer.content)
    assert [] == reader.paths("/buckets/first/messages")
    assert ["/2"] == reader.paths("/buckets/second/messages")


@pytest.mark.parametrize(
    ("token", "method", "path", "status"),
    [
        ("", "GET", "/buckets", 403),
        ("service", "GET", "/buckets", 403),
        ("", "GET", "/buckets/first/messages", 403),
        ("own", "GET", "/buckets/first/messages", 200),
        ("own", "GET", "/buckets/second/messages", 403),
        ("own", "GET", "/buckets/second/errors", 403),
        ("own", "GET", "/buckets/second", 403),
        ("own", "DELETE", "/buckets/second/messages", 403),
        ("look", "DELETE", "/buckets/second/messages", 403),
        ("erase", "DELETE", "/buckets/second/messages", 204),
        ("look", "GET", "/buckets/first/messages?count=many", 400),
        ("look", "GET", "/buckets/first/messages?since=-1", 400),
        ("look", "GET", "/buckets/first/messages?before=nan", 400),
        ("look", "GET", "/buckets/first/messages/nonsense", 404),
        ("look", "POST", "/buckets", 405),
    ],
)
def test_who_may_what(reader: Reader, token: str, method: str, path: str, status: int) -> None:
    reader.store.append([_message(1), _message(2, "second")])
    answer = reader.ask(path, token, method)

    assert status == answer.status_code
    assert status < 400 or status == answer.json()["error"]["status"]


def test_a_message_of_another_bucket_is_none_of_this_one(reader: Reader) -> None:
    other = _message(2, "second")
    reader.store.append([other])

    assert 404 == reader.ask(f"/buckets/first/messages/{other.id}", "own").status_code


def test_a_store_that_is_closed_is_told_to_come_back(reader: Reader) -> None:
    reader.store.append([_message(1)])
    reader.store.close()

    assert 503 == reader.ask("/buckets/first/messages").status_code
