"""What is pasted becomes the right filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.query import parse
from otel_bridge.inspector.query.paste import paste
from tests.inspector.strategies import PATIENT

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRACE, f"trace:{TRACE} OR id:{TRACE}"),
        (f"  {TRACE.upper()}\n", f"trace:{TRACE} OR id:{TRACE}"),
        ("2b4fd32a-f24c-6f3a-4b4d-5f6a7b8c9d0e",
         "trace:2b4fd32af24c6f3a4b4d5f6a7b8c9d0e OR id:2b4fd32af24c6f3a4b4d5f6a7b8c9d0e"),
        (f"00-{TRACE}-00f067aa0ba902b7-01", f"trace:{TRACE}"),
        (f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01", f"trace:{TRACE}"),
        (f"X-Kong-Request-Id: {TRACE}", f"id:{TRACE}"),
        (f"request_id: {TRACE}", f"id:{TRACE}"),
        ("https://api.example.com/v1/orders", "host:api.example.com path:/v1/orders"),
        ("https://me:secret@API.example.com:8443/a*b?q=x%20y&empty=",
         'host:api.example.com path:"/a*b" req.query.q:"x y" req.query.empty:""'),
        ("http://[::1]:8000/", "host:[::1] path:/"),
        ("curl localhost:8000/orders", "method:GET host:localhost path:/orders"),
        ("curl -X PUT 'http://localhost/a b' \\\n  -H 'a: http://other/' -d '{}'",
         'method:PUT host:localhost path:"/a b"'),
        ("curl --data-raw x=1 --url https://example.com/pay", "method:POST host:example.com path:/pay"),
        ("curl -I https://example.com", "method:HEAD host:example.com"),
        ("curl -XDELETE https://example.com/1", "method:DELETE host:example.com path:/1"),
        ("curl", None),
        ("curl 'x", None),
        ("card declined", None),
        ("status:500", None),
        ("http://[broken", None),
        ("", None),
    ],
)  # fmt: skip
def test_paste(text: str, expected: str | None) -> None:
    found = paste(text)

    assert expected == found
    if found is not None:
        assert found == str(parse(found))


@PATIENT
@given(st.one_of(st.text(), st.text().map(lambda rest: f"curl {rest}"), st.text().map("http://{}".format)))
def test_whatever_is_pasted_becomes_a_query_or_nothing(text: str) -> None:
    found = paste(text)

    if found is not None:
        parse(found)
