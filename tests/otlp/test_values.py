from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_bridge.otlp.values import Value, decode, encode, split

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=300),
    st.binary(max_size=300),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_what_was_encoded_is_decoded(value: Value) -> None:
    assert value == decode(encode(value))


@pytest.mark.parametrize("size", [0, 1, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 300])
def test_texts_and_lists_of_one_text_of_any_length(size: int) -> None:
    told: list[Value] = ["x" * size, ["x" * size], ["x" * size, "y"], [["x" * size]]]

    for value in told:
        assert value == decode(encode(value))


@given(st.text(max_size=300), values)
def test_a_key_value_is_split_in_either_order_of_its_fields(name: str, value: Value) -> None:
    raw = encode(value)
    item = KeyValue(key=name, value=AnyValue.FromString(raw)).SerializeToString()
    head = KeyValue(key=name).SerializeToString()
    swapped = item.removeprefix(head) + head

    assert (name.encode(), raw) == split(item)
    assert (name.encode(), raw) == split(swapped)


@pytest.mark.parametrize(
    "size", [0, 1, 120, 121, 122, 123, 126, 127, 128, 129, 300, 16_383, 16_384, 3_000_000]
)
def test_lengths_of_one_and_more_bytes(size: int) -> None:
    for name, value in (("n" * size, "v"), ("n", "v" * size), ("n" * size, "v" * size)):
        item = KeyValue(key=name, value=AnyValue(string_value=value)).SerializeToString()

        assert (name.encode(), encode(value)) == split(item)


def test_fields_of_a_later_protocol_are_passed_over() -> None:
    item = KeyValue(key="n", value=AnyValue(string_value="v")).SerializeToString() + b"\x18\x07"

    assert (b"n", encode("v")) == split(item)
    assert (b"", b"") == split(b"")
