import math

import pytest

from otel_bridge.delivery.answer import Kind, Outcome, advice, classify, describe, parse_retry_after

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT

MEANINGS = {
    Kind.DELIVERED: [200, 201, 202, 204, 206, 207, 226, 299],
    Kind.SPLIT: [400, 413, 422],
    Kind.WRONG_DESTINATION: [
        *(300, 301, 302, 303, 304, 307, 308, 399),
        *(401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 414, 415, 417, 426, 431, 451, 499),
    ],
    Kind.RETRY: [408, 425, 429, 500, 501, 502, 503, 504, 505, 511, 520, 599, 600, 999, 0, 100],
}


@pytest.mark.parametrize(("kind", "status"), [(kind, each) for kind in MEANINGS for each in MEANINGS[kind]])
def test_status_has_its_meaning(kind: Kind, status: int) -> None:
    assert kind == classify(status).kind


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_a_meaning(status: int) -> None:
    assert classify(status).kind in Kind


@pytest.mark.parametrize("status", [403, 408, 429, 503])
def test_retry_after_is_the_least_to_wait(status: int) -> None:
    assert 7.0 == classify(status, 7.0).wait


@pytest.mark.parametrize("status", [200, 413])
def test_retry_after_means_nothing_where_nothing_is_retried(status: int) -> None:
    assert Outcome(classify(status).kind, 0.0) == classify(status, 7.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("3600", 3600.0),
        ("86400", 3600.0),
        ("1e400", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 +0000", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("Wed, 15 Nov 2023 22:13:20 GMT", 3600.0),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
        ("Tue, 14 Nov 999999 22:13:50 GMT", None),
    ],
)
def test_retry_after_header(header: str | None, seconds: float | None) -> None:
    assert seconds == parse_retry_after(header, now=NOW)


@pytest.mark.parametrize("off", [-1e9, -7200.0, 0.0, 7200.0])
def test_a_date_is_measured_by_the_clock_that_set_it(off: float) -> None:
    until, date = "Tue, 14 Nov 2023 22:13:50 GMT", "Tue, 14 Nov 2023 22:13:20 GMT"

    assert 30.0 == parse_retry_after(until, now=NOW + off, date=date)


@pytest.mark.parametrize("date", ["", "today", "Tue, 14 Nov 999999 22:13:50 GMT"])
def test_without_a_sensible_date_the_clock_here_counts(date: str) -> None:
    assert 30.0 == parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", now=NOW, date=date)


def test_infinite_wait_never_leaves_the_parser() -> None:
    assert math.isfinite(parse_retry_after("inf", now=NOW) or 0.0)


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (503, b"", "503 Service Unavailable"),
        (400, b" too\n  large ", "400 Bad Request: too large"),
        (999, b"\xff", "999: \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_answers_are_described_in_a_line(status: int, body: bytes, line: str) -> None:
    assert line == describe(status, body)


@pytest.mark.parametrize(
    ("status", "location", "says"),
    [
        (401, "", "check service_token"),
        (403, "", "check service_token"),
        (404, "", "check host and port"),
        (301, "https://other/", "redirects to https://other/"),
        (302, "", "check host and port"),
    ],
)
def test_a_wrong_destination_says_what_to_check(status: int, location: str, says: str) -> None:
    text = advice(status, location, account_setting="service_token", address_settings="host and port")

    assert says in text
