from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.redaction import DEFAULTS, RedactionRules, Redactor
from tests.redaction.records import BODY, attributes_of, record


def test_defaults_hold_every_name_that_our_capture_masks() -> None:
    headers = "authorization proxy-authorization cookie set-cookie x-api-key api-key apikey x-auth-token"
    headers += " x-access-token x-csrf-token x-xsrf-token x-amz-security-token"
    query = "apikey api_key key token access_token refresh_token id_token client_secret password secret sig"
    query += " signature X-Amz-Signature X-Amz-Security-Token"
    redactor = Redactor(DEFAULTS)

    for name in headers.split():
        assert 1 == redactor.redact(record({f"http.request.header.{name}": ["x"]})).masked, name
    for name in query.split():
        assert 1 == redactor.redact(record({"http.url": f"http://h/?{name}=x"})).masked, name


def test_extended_rules_add_to_the_others() -> None:
    rules = DEFAULTS.extended(headers=["X-Shop"], query=["voucher"], fields=["iban"], patterns=[r"ACME-\d+"])
    given = record(
        {
            "http.request.header.x-shop": ["s"],
            "http.url": "http://h/?voucher=v&token=t",
            BODY: '{"IBAN": "DE02", "text": "my ACME-77", "password": "p"}',
        }
    )

    redacted, masked = Redactor(rules).redact(given)

    after = attributes_of(redacted)
    assert 6 == masked
    assert ["REDACTED"] == after["http.request.header.x-shop"]
    assert "http://h/?voucher=REDACTED&token=REDACTED" == after["http.url"]
    assert '{"IBAN": "REDACTED", "text": "my REDACTED", "password": "REDACTED"}' == after[BODY]


def test_a_group_says_what_of_a_pattern_is_the_secret() -> None:
    redactor = Redactor(RedactionRules.none().extended(patterns=[r"pin=(\d+) ok", "(?i)über"]))

    after = attributes_of(redactor.redact(record({"note": "pin=1234 ok, ÜBER é"})).record)

    assert "pin=REDACTED ok, REDACTED é" == after["note"]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^id-\d+$", "id-12", "REDACTED"),
        (r"^id-\d+$", "an id-12", "an id-12"),
        (r"\bx\b", "ax x", "ax REDACTED"),
        (r"\Aq\z", "q", "REDACTED"),
        (r"\Q^a$\E", "^a$", "REDACTED"),
        (r"[\]^$]{3}", "]^$", "REDACTED"),
        (r"[^]a]b", "ab cb", "ab REDACTED"),
        ("x*", "yyy", "yyy"),
        ("[A-Z]{2}", "AB c REDACTED", "REDACTED c REDACTED"),
    ],
)
def test_patterns_mean_what_re2_says_they_mean(pattern: str, text: str, expected: str) -> None:
    redactor = Redactor(RedactionRules.none().extended(patterns=[pattern]))

    assert expected == attributes_of(redactor.redact(record({"note": text})).record)["note"]


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ({"patterns": ["fine", "(open"]}, r"'\(open' is no RE2 pattern: missing \)"),
        ({"patterns": [r"(?=x)"]}, "is no RE2 pattern"),
        ({"headers": [""]}, "'' is no name"),
        ({"fields": ["*"]}, r"'\*' is no name"),
        ({"query": ["a\nb"]}, "is no name"),
    ],
)
def test_a_fault_is_named(lists: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        DEFAULTS.extended(**lists)


def test_no_rules_replace_nothing_and_drop_nothing() -> None:
    given = record(
        {
            "http.request.header.authorization": ["Basic x"],
            "http.request.header.content-encoding": ["br"],
            "http.url": "http://ann:pw@h/?token=t",
            BODY: b"\x1f\x8b\x08 no gzip",
            "http.response.body.content_base64": "no base64!",
            "note": "Bearer abcdefgh1234",
        }
    )

    assert (given, 0) == Redactor(RedactionRules.none()).redact(given)


def test_rules_for_headers_alone_leave_bodies_as_they_are() -> None:
    rules = RedactionRules.none().extended(headers=["authorization"])
    given = record({"http.request.header.authorization": "x", BODY: b"\x1f\x8b\x08 no gzip"})

    redacted, masked = Redactor(rules).redact(given)

    assert 1 == masked
    assert b"\x1f\x8b\x08 no gzip" == attributes_of(redacted)[BODY]


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("api_key", ["api_key", "API-KEY", "apiKey", "api.key", "user.api_key", "x[api_key]"]),
        ("*_geheim", ["sehr_geheim", "GEHEIM", "meinGeheim"]),
        ("pa$$ö", ["pa$$ö", "PA$$ö"]),
    ],
)
def test_names_are_known_in_all_their_spellings(name: str, spellings: list[str]) -> None:
    redactor = Redactor(RedactionRules.none().extended(fields=[name]))

    for spelling in spellings:
        after = attributes_of(redactor.redact(record({BODY: f'{{"{spelling}": "x"}}'})).record)

        assert f'{{"{spelling}": "REDACTED"}}' == after[BODY]


def test_every_built_in_name_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    section = page.split("### What is built in")[1].split("\n## ")[0]
    documented = set(re.findall(r"`([^`]+)`", section.split("| Shape |")[0])) - {"@"}

    assert {*DEFAULTS.headers, *DEFAULTS.query, *DEFAULTS.fields} == documented


# What other scrubbers mask without being told: Sentry, Datadog, Elastic APM and Rails.
PEERS = """
password passwd pwd secret api_key apikey auth credentials mysql_pwd privatekey private_key token session
csrftoken sessionid csrf_token csrf _csrf _csrf_token phpsessid user_session _xsrf xsrf-token connect.sid
authorization access_token refresh_token secret_key access_key access_key_id consumer_key consumer_secret
authentication pass_phrase passphrase otp ssn cvv cvc auth_token id_token client_secret encrypted_password
password_confirmation current_password reset_password_token credit_card card_number stripe_token github_token
"""


@pytest.mark.parametrize("name", PEERS.split())
def test_what_the_peers_mask_by_default_is_masked(name: str) -> None:
    redactor = Redactor(DEFAULTS)

    assert 1 == redactor.redact(record({"http.url": f"http://h/?a=1&{name}=x"})).masked
    assert 1 == redactor.redact(record({BODY: f'{{"{name}": "x"}}'})).masked
    assert 1 == redactor.redact(record({f"app.{name}": "x"})).masked
