from __future__ import annotations

import json
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.redaction.edits import Edit
from otel_bridge.redaction.views import views

INNER = 'say "hi" <b> & 100%\\ é'


@pytest.mark.parametrize(
    "outer",
    [
        json.dumps(INNER),
        json.dumps(INNER, ensure_ascii=False),
        json.dumps(json.dumps(INNER)),
        quote(INNER),
        quote(quote(INNER)),
        quote(json.dumps(INNER)),
        json.dumps(quote(INNER)),
        escape(INNER, {'"': "&quot;"}),
        escape(json.dumps(INNER), {'"': "&#34;"}),
        json.dumps(escape(INNER)).replace("<", "\\u003c"),
    ],
)
def test_some_view_shows_the_text_without_its_escapes(outer: str) -> None:
    assert any(INNER.encode() in view.text for view in views(outer.encode()))


def test_a_text_without_escapes_has_one_view() -> None:
    assert [b"plain"] == [view.text for view in views(b"plain")]


ESCAPED = st.lists(
    st.sampled_from(
        [*'ab"\\%&;u0', '\\"', "\\\\", "\\u0041", "\\u00e9", "\\ud83d", "%22", "%5C", "&quot;", "&amp;"]
    )
).map("".join)


@given(ESCAPED, st.data())
def test_a_part_of_a_view_is_found_again_in_the_text(text: str, data: st.DataObject) -> None:
    for view in views(text.encode()):
        start = data.draw(st.integers(0, len(view.text)))
        end = data.draw(st.integers(start, len(view.text)))
        everything = (0, len(view.text))

        for found in view.original([Edit(start, end, everything)]):
            # Reading the part alone shows what the view showed, escapes being whole.
            part = text.encode()[found.start : found.end]
            assert start == end or any(view.text[start:end] in other.text for other in views(part))


def test_what_owes_nothing_to_an_escape_is_not_found_again() -> None:
    text = b'{"a":1,"b":"\\"c\\":2"}'
    _, view = views(text)

    in_plain_sight = view.text.index(b'"a":')
    behind_escapes = view.text.index(b'"c":')

    assert [] == view.original([Edit(5, 6, (in_plain_sight, in_plain_sight + 4))])
    assert 1 == len(
        view.original([Edit(behind_escapes + 4, behind_escapes + 5, (behind_escapes, behind_escapes + 4))])
    )
