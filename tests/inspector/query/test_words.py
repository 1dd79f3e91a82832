"""Words, held against the tokenizer of a real FTS5, and how texts are compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otel_bridge.inspector.query.words import fold, squeezed, words
from tests.inspector.strategies import PATIENT

SCRATCH = st.text(st.one_of(st.characters(max_codepoint=0x100), st.characters(exclude_categories=["Cs"])))


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='ascii')")
    connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, 'instance')")
    yield connection
    connection.close()


@PATIENT
@given(SCRATCH)
@example("Straße ORDERS-42_x\x00y\x7fZ{K}")
@example("\u0130 \u017f \u212a é\u0301 \U0001f600a")
def test_words_are_those_of_sqlites_index(index: sqlite3.Connection, text: str) -> None:
    index.execute("DELETE FROM texts")
    index.execute("INSERT INTO texts VALUES (?)", (text,))
    found = [term for (term,) in index.execute("SELECT term FROM terms ORDER BY offset")]

    assert found == words(text)


@PATIENT
@given(SCRATCH)
def test_folding_touches_ascii_letters_only(text: str) -> None:
    expected = "".join(each.lower() if "A" <= each <= "Z" else each for each in text)

    assert expected == fold(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"total": 1,\r\n\t"b" : [ 2 ] }', '{"total":1,"b":[2]}'),
        ("card \n declined", "card declined"),
        ("  a ( b )  ", "a(b)"),
        ("é ü", "é ü"),
        (" - ", "-"),
        ("", ""),
    ],
)
def test_squeezing_takes_the_layout_out(text: str, expected: str) -> None:
    assert expected == squeezed(text)


@PATIENT
@given(SCRATCH)
def test_squeezing_twice_is_squeezing_once_and_keeps_the_words(text: str) -> None:
    assert squeezed(text) == squeezed(squeezed(text))
    assert words(" ".join(text.split())) == words(squeezed(text))
