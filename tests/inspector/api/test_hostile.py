"""Hostile traffic, from the wire to every answer about it: soon, within bounds of memory, and as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.inspector import hostile
from tests.inspector.pages.inspector import Inspector
from tests.processes import peak_memory

MIB = hostile.MIB
# A body of 20 MiB is held as received, as text, as JSON, and on its way into the store.
MOST_MEMORY = 768 * MIB

ABOUT_ONE = ("", "/curl", "/har", "/similar", "/last-success", "/body/response", "/body/response/bytes")
ABOUT_ALL = (
    "search",
    "histogram",
    "facets",
    "dashboard",
    "complete",
    "export?format=har",
    "export?format=ndjson",
    "export?format=otlp",
)


@pytest.fixture(scope="module")
def target() -> Iterator[Inspector]:
    with Inspector() as started:
        yield started
        assert "Traceback" not in started.log()


def post(target: Inspector, *entries: dict[str, Any]) -> None:
    # As JavaScript and Python write it: half surrogate pairs as escapes.
    document = {"version": "1.1.0", "serviceToken": "t", "har": {"log": {"entries": entries}}}
    target.post_alf(json.dumps(document).encode())


def newest(target: Inspector) -> str:
    return target.find("service:hostile")


def ask_about(target: Inspector, exchange: str) -> None:
    """Each answer about *exchange* comes soon and is one that was meant."""
    ask(target, *(f"exchanges/{exchange}{each}" for each in ABOUT_ONE))


def ask(target: Inspector, *paths: str) -> None:
    for path in paths:
        answer = target.client.get(f"/api/{path}")

        assert answer.status_code in (200, 404), (path, answer.text[:300])
        # No header of ours has anything of theirs.
        assert hostile.CANARY not in str(answer.headers), path
        assert "html" not in answer.headers["content-type"], path


@pytest.mark.parametrize("text", hostile.SCRIPTS, ids=range(len(hostile.SCRIPTS)))
def test_text_in_every_field_is_kept_as_text(target: Inspector, text: str) -> None:
    entry = hostile.everywhere(text)
    post(target, entry)
    found = newest(target)
    whole = target.get(f"/api/exchanges/{found}")
    repaired = text.replace("\ud83d", "\ufffd")

    assert [repaired, repaired] == whole["request"]["headers"][0] == whole["response"]["headers"][0]
    assert whole["response"]["body"]["text"] in (f"<p>{repaired}</p>", None if "\0" in text else "")
    assert repaired == whole["reason"]
    # What is filtered by has no NUL, which SQL's texts end at.
    assert repaired.replace("\0", "\ufffd") == whole["consumer"]
    ask_about(target, found)


@pytest.mark.field
@pytest.mark.parametrize("name", hostile.BODIES)
def test_no_body_breaks_or_holds_up_anything(target: Inspector, name: str) -> None:
    post(target, hostile.bodies()[name])
    found = newest(target)
    body = target.get(f"/api/exchanges/{found}")["response"]["body"]

    assert len(body["text"] or "") <= MIB
    assert "root:" not in (body["text"] or "")
    ask_about(target, found)
    picture = target.client.get(f"/api/exchanges/{found}/body/response", params={"preview": True})
    assert (200, "image/png") == (
        picture.status_code,
        picture.headers["content-type"],
    ) or 415 == picture.status_code
    assert "sandbox" in picture.headers["content-security-policy"] or picture.status_code == 415


@pytest.mark.field
def test_absurd_numbers_and_times_are_kept_as_unknown_or_bounded(target: Inspector) -> None:
    entries = hostile.absurd()
    for entry in entries:
        answer = target.client.post(
            "/1.1.0/single",
            json={"version": "1.1.0", "serviceToken": "t", "har": {"log": {"entries": [entry]}}},
        )

        # Either taken or refused alone, in its protocol's words.
        assert answer.status_code in (200, 207)
        assert 1 == answer.json()["sent"]
    rows = target.get("/api/search", q="path:/number* OR path:/instant*", limit=500)["rows"]

    assert len(rows) > len(entries) // 2
    assert all(0 <= row["started"] < 2**53 for row in rows)
    assert all(row["duration"] is None or 0 <= row["duration"] <= 2**53 for row in rows)
    for row in rows:
        ask(target, f"exchanges/{row['id']}", f"exchanges/{row['id']}/har")


def test_a_number_that_is_none_refuses_its_post_and_nothing_else(target: Inspector) -> None:
    for body in (b'{"time":NaN}', b'{"time":1e999}', b"[" * 100_000, b'{"a":' * 5_000):
        assert 400 == target.client.post("/1.1.0/single", content=body).status_code


@pytest.mark.field
def test_twenty_thousand_headers_cost_only_their_sender(target: Inspector) -> None:
    post(target, hostile.many_headers(20_000))
    found = newest(target)

    assert 20_000 == len(target.get(f"/api/exchanges/{found}")["request"]["headers"])
    ask_about(target, found)


@pytest.mark.field
def test_all_of_it_together_is_answered_in_time_and_within_bounds_of_memory(target: Inspector) -> None:
    for each in (hostile.everywhere(hostile.SCRIPTS[0]), *hostile.bodies().values()):
        post(target, each)
    ask(target, *ABOUT_ALL)

    assert peak_memory(target.pid) < MOST_MEMORY
