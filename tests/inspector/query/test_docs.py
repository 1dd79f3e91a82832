"""docs/query.md has the fields as the code has them, and its examples do what they say.

After a change: `python -m tests.inspector.query.test_docs` writes the tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import FIELDS, Kind, Subject, matcher, parse
from tests.inspector.strategies import an_exchange

PAGE = Path(__file__).parents[3] / "docs" / "query.md"
_ARGUMENT = {Kind.KEYED: ".NAME", Kind.JSON: ".PATH", Kind.XML: "./PATH"}

HEALTH = an_exchange(path="/health", duration_us=2_000_000)
TIMEOUT = an_exchange(
    service="orders",
    status=504,
    response=Side(body=b'{"error":{"code":"E_TIMEOUT"}}'),
    duration_us=30_000_000,
)
REFUSED = an_exchange(status=503, source="error", upstream_us=None)
DECLINED = an_exchange(method="POST", response=Side(body=b"Your card\n declined: try another"))
PLUGIN = an_exchange(gateway_us=150_000, upstream_us=20_000)
OLD_CLIENT = an_exchange(path="/v1/orders", request=Side(headers=(("User-Agent", "acme/1.4"),)))
PLAIN = an_exchange(scheme="http", client_address="203.0.113.9")
INSIDE = an_exchange(scheme="http", client_address="192.168.1.9")
LARGE = an_exchange(response=Side(body_size=2_000_000))
CACHED = an_exchange(response=Side(headers=(("Cache-Control", "max-age=60"),), body_size=2_000_000))
SOAP = an_exchange(request=Side(body=b"<o><order><sku>A-100</sku></order></o>"))
ALL = (HEALTH, TIMEOUT, REFUSED, DECLINED, PLUGIN, OLD_CLIENT, PLAIN, INSIDE, LARGE, CACHED, SOAP)

FOUND = {
    "What fails?": [TIMEOUT, REFUSED],
    "Which failures are the gateway's own, not the service's?": [REFUSED],
    "What is slow, apart from health checks?": [TIMEOUT],
    "Is it the gateway or the upstream?": [PLUGIN],
    "Who got a time-out from the orders or billing service?": [TIMEOUT],
    "Where was a card declined?": [DECLINED],
    "Who still calls the old API with an old client?": [OLD_CLIENT],
    "Which calls from outside came without TLS?": [PLAIN],
    "Which large answers may not be cached?": [LARGE],
    "Which SOAP orders were for this article?": [SOAP],
}


def fields_table() -> str:
    rows = ["| Field | Values | Meaning | Example |", "|---|---|---|---|"]
    rows += [
        f"| `{field.name}{_ARGUMENT.get(field.kind, '')}` | {field.kind} | {field.help} | `{field.example}` |"
        for field in FIELDS
    ]
    return "\n".join(rows)


def flags_table() -> str:
    rows = ["| Term | True where |", "|---|---|"]
    rows += [
        f"| `{field.name}:{value}` | {meaning} |"
        for field in FIELDS
        for value, (meaning, _) in (field.flags or {}).items()
    ]
    return "\n".join(rows)


TABLES = {"fields": fields_table, "flags": flags_table}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_code(name: str) -> None:
    found = block(name).search(PAGE.read_text())

    assert found is not None
    assert f"{TABLES[name]()}\n" == found.group()


def examples() -> list[tuple[str, str]]:
    section = PAGE.read_text().partition("## Ten examples")[2].partition("\n## ")[0]
    return re.findall(r"\| ([^|`]+?) \| `(.+)` \|", section)


def test_there_are_ten_examples() -> None:
    assert list(FOUND) == [question for question, _ in examples()]
    assert 10 == len(FOUND)


@pytest.mark.parametrize(("question", "query"), examples())
def test_an_example_finds_what_it_asks_for(question: str, query: str) -> None:
    matches = matcher(parse(query))
    found: list[Exchange] = [exchange for exchange in ALL if matches(Subject(exchange))]

    assert FOUND[question] == found


def test_every_query_on_the_page_is_one() -> None:
    for text in re.findall(r"`([^`\n]+)`", PAGE.read_text().partition("## Fields")[2]):
        parse(text)


if __name__ == "__main__":
    page = PAGE.read_text()
    for each, table in TABLES.items():
        page = block(each).sub(lambda _, table=table: f"{table()}\n", page)  # type: ignore[misc]
    PAGE.write_text(page)
