"""What of three calls of an instrumented server, in whatever language, has to arrive at the destinations.

The server is on 127.0.0.1 and is called by `agent/1`: GET /orders/7 with a query answers 200, POST /orders
201, DELETE /elsewhere 503.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.bridge import eventually
from tests.end_to_end.conftest import Wired, entries, messages

QUERY = "fields=name&q=gr%C3%BC%C3%9Fe"


def check(wired: Wired, ids: Sequence[str], service: str, *, query: str = QUERY) -> list[dict[str, Any]]:
    """The calls' entries; *ids* are those of their server spans, in the order of the calls.

    *query* is what the instrumentation records of the first call's.
    """
    eventually(
        lambda: len(entries(wired.galileo)) >= 3 and len(messages(wired.runscope)) >= 3,
        "three exchanges at both destinations",
    )
    told = {f"{each['_otel']['traceId']}-{each['_otel']['spanId']}": each for each in entries(wired.galileo)}

    assert 3 == len(entries(wired.galileo)) == len(messages(wired.runscope))
    assert set(ids) == told.keys() == {message["unique_identifier"] for message in messages(wired.runscope)}
    calls = [told[each] for each in ids]
    assert [("GET", 200), ("POST", 201), ("DELETE", 503)] == [
        (each["request"]["method"], each["response"]["status"]) for each in calls
    ]
    urls = [urlsplit(each["request"]["url"]) for each in calls]
    assert ["/orders/7", "/orders", "/elsewhere"] == [url.path for url in urls]
    assert query == urls[0].query
    assert {("http", "127.0.0.1")} == {(url.scheme, url.hostname) for url in urls}
    assert all(url.port for url in urls)
    assert {"HTTP/1.1"} == {each["request"]["httpVersion"] for each in calls}
    assert {"127.0.0.1"} == {each["clientIPAddress"] for each in calls}
    assert all({"name": "user-agent", "value": "agent/1"} in each["request"]["headers"] for each in calls)
    assert {service} == {each["_otel"]["gateway"]["service.name"] for each in calls}
    return calls
