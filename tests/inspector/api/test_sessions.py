"""The cookie: for whom it is, how long, and what nobody can make of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.responses import Response

from otel_bridge.inspector.access import AccessToken, AccessTokens, Role
from otel_bridge.inspector.api.sessions import COOKIE, COOKIE_SECONDS, Sessions

ANNA = AccessToken(token="token-of-anna", role=Role.VIEWER)
BOB = AccessToken(token="token-of-bob", role=Role.ADMIN)
START = 1_800_000_000


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def sessions(*tokens: AccessToken, clock: Clock | None = None) -> Sessions:
    return Sessions(AccessTokens(tokens or (ANNA, BOB)), clock=clock or Clock())


def given_cookie(token: AccessToken, clock: Clock | None = None) -> str:
    """As the browser would send it."""
    response = Response()

    assert sessions(clock=clock).begin(token.token, response)
    return response.headers["set-cookie"].partition(";")[0]


def owner(cookie: str, known: Sessions | None = None) -> AccessToken | None:
    return (known or sessions()).token_of(Headers({"cookie": cookie}))


def test_a_token_becomes_a_cookie_that_says_nothing_of_it() -> None:
    response = Response()
    begun = sessions().begin(ANNA.token, response)
    told = response.headers["set-cookie"]

    assert begun
    assert ANNA.token not in told
    assert {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={COOKIE_SECONDS}"} <= set(told.split("; "))
    assert owner(told.partition(";")[0]) == ANNA


def test_an_unknown_token_gets_none() -> None:
    response = Response()

    assert not sessions().begin("token-of-nobody", response)
    assert "set-cookie" not in response.headers


def test_a_cookie_ends_with_its_time() -> None:
    clock = Clock()
    cookie, known = given_cookie(ANNA, clock), sessions(clock=clock)
    clock.now = START + COOKIE_SECONDS
    last = owner(cookie, known)
    clock.now += 1

    assert last == ANNA
    assert owner(cookie, known) is None


def test_a_cookie_ends_when_its_token_leaves_the_configuration() -> None:
    cookie = given_cookie(ANNA)

    assert owner(cookie, sessions(BOB)) is None
    assert owner(cookie, sessions(BOB, ANNA)) == ANNA
    assert owner(cookie, sessions(AccessToken(token="token-of-anna2", role=Role.VIEWER))) is None


def test_nobody_makes_an_admins_cookie_of_a_viewers() -> None:
    name, _, value = given_cookie(ANNA).partition("=")
    _, time, signature = value.split(".")
    other_time = given_cookie(ANNA, type("Later", (Clock,), {"now": START + 9})()).split(".")[1]
    forged = [
        f"{BOB.name}.{time}.{signature}",
        f"{ANNA.name}.{other_time}.{signature}",
        f"{ANNA.name}.{time}.{signature[:-1]}",
        f"{ANNA.name}.{time}.",
        f"{ANNA.name}",
        "",
    ]

    assert [None] * len(forged) == [owner(f"{name}={each}") for each in forged]


@pytest.mark.parametrize(
    "others",
    [
        'prefs={"a":[1,2]}; {}',
        "a=b c; {}",
        "bad\x7fname=1; {}",
        "{}; =; ;;",
        "flag; {}",
        'open="; {}',
    ],
)
def test_cookies_of_other_programs_on_this_machine_are_no_hindrance(others: str) -> None:
    assert owner(others.replace("{}", given_cookie(ANNA))) == ANNA


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_comes_as_a_cookie_is_nobodys(text: str) -> None:
    assert owner(text) is None
    assert owner(f"{COOKIE}={text}") is None


def test_a_bearer_token_counts_before_a_cookie() -> None:
    cookie = given_cookie(ANNA)

    def asked(authorization: str) -> AccessToken | None:
        return sessions().token_of(Headers({"cookie": cookie, "authorization": authorization}))

    assert asked(f"Bearer {BOB.token}") == BOB
    assert asked(f"bEARER   {BOB.token} ") == BOB
    assert [None] * 4 == [asked(each) for each in ("Bearer", "Bearer x", f"Basic {BOB.token}", BOB.token)]
