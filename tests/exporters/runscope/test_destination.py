import orjson
import pytest

from otel_bridge.exporters.base import MAX_PAYLOAD
from otel_bridge.exporters.runscope import RunscopeDestination, RunscopeSettings
from otel_bridge.mapping import Body
from tests.formats.exchanges import an_exchange

TOKEN = "token-to-keep-secret"


def destination(**settings: object) -> RunscopeDestination:
    given = {"access_token": TOKEN, "bucket_key": "bucket", **settings}
    return RunscopeDestination(RunscopeSettings(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://api.runscope.com/buckets/bucket/messages"),
        ({"api_endpoint": "http://h:1/prefix/"}, "http://h:1/prefix/buckets/bucket/messages"),
        ({"bucket_key": "a/b c"}, "https://api.runscope.com/buckets/a%2Fb%20c/messages"),
    ],
)
def test_the_address(settings: dict[str, object], url: str) -> None:
    assert url == destination(**settings).url == destination(**settings).request([b"{}"]).url


def test_messages_go_out_as_an_array_with_a_bearer_token() -> None:
    vendor = destination()
    request = vendor.request([vendor.entry(an_exchange()), vendor.entry(an_exchange(method="PUT"))])

    assert {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"} == request.headers
    assert ["GET", "PUT"] == [message["request"]["method"] for message in orjson.loads(request.content)]
    assert TOKEN not in repr(request)


def test_a_message_alone_is_an_object() -> None:
    assert b'{"a":1}' == destination().request([b'{"a":1}']).content


@pytest.mark.parametrize(("log_body", "body"), [(False, ""), (True, "hello")])
def test_bodies_go_along_as_configured(log_body: bool, body: str) -> None:
    entry = destination(log_body=log_body).entry(an_exchange(response_body=Body(b"hello")))

    assert body == orjson.loads(entry)["response"]["body"]


def test_arrays_are_not_certain() -> None:
    assert destination().grouping.uncertain


def test_a_full_payload_stays_within_the_bound() -> None:
    vendor = destination()
    half = vendor.max_payload // 2 - 1

    assert len(vendor.request([b"x" * half, b"x" * half]).content) <= MAX_PAYLOAD


@pytest.mark.parametrize(
    ("body", "warned"),
    [
        (b'{"data": [{"status": "success"}, {"status": "warning"}, {"status": "error"}]}', 2),
        (b'{"data": [5, {"status": []}, {}]}', 0),
        (b'{"data": {}}', 0),
        (b"[]", 0),
        (b"\xff", 0),
        (b"", 0),
    ],
)
def test_complaints_are_counted_and_fail_nothing(body: bytes, warned: int) -> None:
    assert ((), warned) == destination().remarks(200, body, 3)
