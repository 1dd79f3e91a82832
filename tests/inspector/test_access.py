"""Tokens of people."""

from __future__ import annotations

from otel_bridge.inspector.access import AccessToken, AccessTokens, Role

VIEWER = AccessToken(token="look", role=Role.VIEWER)
ADMIN = AccessToken(token="erase", role=Role.ADMIN)


def test_a_token_has_its_role_and_no_other_text_has_one() -> None:
    tokens = AccessTokens([VIEWER, ADMIN])

    assert [Role.VIEWER, Role.ADMIN] == [tokens.role("look"), tokens.role("erase")]
    assert [None] * 4 == [tokens.role(text) for text in ("", "loo", "läök", "\ud800")]


def test_a_token_with_both_roles_is_an_admins() -> None:
    twice = [VIEWER, AccessToken(token="look", role=Role.ADMIN)]

    assert Role.ADMIN == AccessTokens(twice).role("look") == AccessTokens(reversed(twice)).role("look")


def test_no_token_shows_in_a_repr() -> None:
    assert "look" not in repr([VIEWER, AccessTokens([VIEWER])])
