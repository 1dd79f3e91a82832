"""Reading attributes: the tables hold what they promise, and the memory is only a memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from otel_bridge.mapping.attributes import LONGEST_REMEMBERED, OTHERS, Reader
from otel_bridge.mapping.headers import name_of_others, values_of_others
from otel_bridge.mapping.layout import BodyParts, Fields, Layout, values_of
from otel_bridge.mapping.memory import Memory
from otel_bridge.mapping.names import BODY, FIELDS, SIDES
from otel_bridge.mapping.spot import spot
from otel_bridge.otlp.messages import PackedRequest
from otel_bridge.otlp.values import Value
from tests.mapping.spans import Attributes, Batch, SpanOf, request

# A value that every field of the row takes.
VALUES: dict[str, list[Value]] = {
    "http_version": ["1.0", "1.1", "2", "3", "HTTP/1.0"],
    "content": ["MQ==", "Mg==", "Mw==", "NA==", "NQ==", "Ng=="],
}
FLAGS = {"masked", "truncated", "incomplete", "redacted", "decoded"}


def items(attributes: Attributes) -> list[bytes]:
    message = PackedRequest.FromString(request(Batch([SpanOf(attributes)])))
    return list(message.resource_spans[0].scope_spans[0].spans[0].attributes)


def read(attributes: Sequence[bytes]) -> dict[str, Any]:
    """The fields that attributes feed, with their values; those of bodies with their side in front."""
    said = OTHERS.read(attributes, [])
    layout, values = Layout(tuple(said)), values_of(said)
    found = Fields(*layout.fields(values))._asdict()
    told = {name: value for name, value in found.items() if value != Fields._field_defaults[name]}
    for side, pick in (("request", layout.request_body), ("response", layout.response_body)):
        parts = BodyParts(*pick(values))._asdict() if pick else {}
        told |= {
            f"{side}_body_{part}": value
            for part, value in parts.items()
            if value != BodyParts._field_defaults[part]
        }
    return told


def reader() -> Reader:
    return Reader(name=name_of_others, values=values_of_others)


ROWS = [*FIELDS.items()] + [
    (f"{side}_body_{part}", tuple(pattern.format(side=side) for pattern in patterns))
    for side, (part, patterns) in product(SIDES, BODY.items())
]


@pytest.mark.parametrize(("key", "names"), ROWS)
def test_the_first_name_of_a_row_wins_in_any_order(key: str, names: tuple[str, ...]) -> None:
    part = key.rpartition("_")[2] if "_body_" in key else key
    values = VALUES.get(part) or ([True] * 9 if part in FLAGS else [str(n) for n in range(11, 22)])
    attributes = dict(zip(names, values, strict=False))

    for name in names:
        alone = read(items({name: attributes[name]}))

        assert {key} == set(alone)
        assert alone == read(items(attributes))
        assert alone == read(items(dict(reversed(attributes.items()))))
        del attributes[name]


def test_every_row_is_a_field_and_every_field_has_a_row() -> None:
    objects = {f"{side}_headers" for side in SIDES}
    parts = {f"{side}_body_{part}" for side, part in product(SIDES, BodyParts._fields)}

    assert set(Fields._fields) | parts == {key for key, _ in ROWS} | objects


def test_attributes_that_say_nothing_here_do_not_disturb() -> None:
    noise: dict[str, Value] = {f"app.note.{n}": n for n in range(50)}

    assert {"method": "GET", "status": 200} == read(
        items({**noise, "http.method": "GET", "http.status_code": 200, "http.route": ""})
    )


def test_of_a_repeated_attribute_the_last_one_counts() -> None:
    header = "http.request.header.a"
    repeated = items({"http.method": "GET", header: "REDACTED", "unknown": 1, "http.status_code": 200})
    repeated += items({"http.method": "PUT", "unknown": 2, header: ["1", "2"], "http.status_code": 0})
    said = OTHERS.read(repeated, [])

    assert {"method": "PUT", "status": 200} == read(repeated)
    assert (("a", "1"), ("a", "2")) == Layout(tuple(said)).requested(values_of(said))


def test_what_is_remembered_reads_the_same_the_second_time() -> None:
    reading = reader()
    attributes = items(
        {
            "http.method": "GET",
            "http.url": "http://a/" + "x" * 5000,
            "http.request.header.accept": ["*/*"],
            "http.response.body.content": "y" * 5000,
        }
    )

    assert reading.read(attributes, []) == reading.read(attributes, [])


def test_the_memory_forgets_rather_than_grows() -> None:
    read: list[bytes] = []

    def length(key: bytes) -> int:
        read.append(key)
        return len(key)

    memory = Memory(length, entries=3, longest=4)

    assert [1, 2, 1, 2] == [memory[key] for key in (b"a", b"bb", b"a", b"bb")]
    assert [b"a", b"bb"] == read
    assert [5, 5] == [memory[b"ccccc"], memory[b"ccccc"]]
    assert [b"a", b"bb", b"ccccc", b"ccccc"] == read
    for number in range(100):
        assert 3 == memory[b"%03d" % number]
        assert len(memory) <= 3


def test_secrets_in_long_values_are_not_kept_in_memory() -> None:
    reading = reader()
    reading.read(items({"http.response.body.content": "z" * (LONGEST_REMEMBERED + 1)}), [])

    assert 0 == len(reading.memory)


@pytest.mark.parametrize("name", ["http.request.header.", "http.request.header", "http.request.headers."])
def test_a_header_without_a_name_is_harmless(name: str) -> None:
    assert 1 == len(spot(request(Batch([SpanOf({"http.method": "GET", name: "x"})]))).exchanges)
