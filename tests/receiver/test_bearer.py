"""Bearer tokens."""

from __future__ import annotations

import pytest

from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.refusals import Unauthenticated

TOKENS = BearerTokens(["first-token", "zweites-Kennwort-ü"])


@pytest.mark.parametrize(
    "header", ["Bearer first-token", "bearer  first-token ", "BEARER zweites-Kennwort-ü"]
)
def test_any_of_the_tokens_opens(header: str) -> None:
    TOKENS.check(header.encode())


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "first-token", "Basic first-token", "Bearer first-toke", "Bearer first-token2"],
)
def test_anything_else_does_not(header: str) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.check(header.encode())
    with pytest.raises(Unauthenticated):
        TOKENS.check(None)


def test_an_empty_token_is_not_a_way_in() -> None:
    with pytest.raises(Unauthenticated):
        BearerTokens([""]).check(b"Bearer ")


def test_without_tokens_everybody_may_send() -> None:
    BearerTokens().check(None)


def test_shows_no_token() -> None:
    assert "first-token" not in repr(TOKENS)
