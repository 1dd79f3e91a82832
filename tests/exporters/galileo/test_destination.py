import orjson
import pytest

from otel_bridge.exporters.base import MAX_PAYLOAD, TooLargeError
from otel_bridge.exporters.galileo import GalileoDestination, GalileoSettings
from otel_bridge.mapping import Body
from tests.formats.exchanges import an_exchange

TOKEN = "token-to-keep-secret"


def destination(**settings: object) -> GalileoDestination:
    given = {"service_token": TOKEN, "host": "collector.example.com", **settings}
    return GalileoDestination(GalileoSettings(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://collector.example.com:443/1.1.0/single"),
        ({"https": False, "port": 8080}, "http://collector.example.com:8080/1.1.0/single"),
        ({"host": "::1", "port": 1}, "https://[::1]:1/1.1.0/single"),
        ({"host": "[::1]", "port": 1}, "https://[::1]:1/1.1.0/single"),
    ],
)
def test_the_address(settings: dict[str, object], url: str) -> None:
    assert url == destination(**settings).url == destination(**settings).request([b"{}"]).url


def test_a_request_is_one_alf_of_many_entries() -> None:
    vendor = destination(environment="staging")
    request = vendor.request([vendor.entry(an_exchange()), vendor.entry(an_exchange(method="PUT"))])
    document = orjson.loads(request.content)

    assert {"Content-Type": "application/json"} == request.headers
    assert ("1.1.0", TOKEN, "staging") == (
        document["version"],
        document["serviceToken"],
        document["environment"],
    )
    assert ["GET", "PUT"] == [entry["request"]["method"] for entry in document["har"]["log"]["entries"]]
    assert TOKEN not in repr(request)


@pytest.mark.parametrize("log_bodies", [False, True])
def test_bodies_go_along_as_configured(log_bodies: bool) -> None:
    entry = orjson.loads(destination(log_bodies=log_bodies).entry(an_exchange(response_body=Body(b"hello"))))

    assert log_bodies == ("content" in entry["response"])
    assert 5 == entry["response"]["bodySize"]


@pytest.mark.parametrize("extensions", [False, True])
def test_extensions_go_along_as_configured(extensions: bool) -> None:
    entry = orjson.loads(destination(extensions=extensions).entry(an_exchange()))

    assert extensions == ("_otel" in entry)


def test_a_full_payload_stays_within_the_bound() -> None:
    vendor = destination(environment="staging")
    count = vendor.max_payload // (1024 * 1024 + 1)
    entries = [b"x" * (1024 * 1024)] * count
    rest = vendor.max_payload - count * (1024 * 1024 + 1)

    assert len(vendor.request([*entries, b"x" * rest]).content) <= MAX_PAYLOAD


def test_an_exchange_of_30_mb_goes_out_without_its_bodies() -> None:
    entry = destination(log_bodies=True).entry(an_exchange(request_body=Body(b"x" * 30_000_000)))

    assert len(entry) < 5000
    assert 30_000_000 == orjson.loads(entry)["request"]["bodySize"]


def test_an_exchange_that_is_too_large_without_bodies_is_refused() -> None:
    with pytest.raises(TooLargeError):
        destination().entry(an_exchange(url="https://example.com/" + "x" * MAX_PAYLOAD))


MISSING = "har.log.entries.%d.request.bodySize is required in {entries.0}"


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ([], []),
        (["ALF[0] " + MISSING % 3], [3]),
        (["ALF[0] data." + MISSING % 2, "ALF[0] " + MISSING % 0], [0, 2]),
        (["ALF[0] " + MISSING % 1, "ALF[0] har.log.entries.1.time is required"], [1]),
        ([MISSING % 4], [4]),
        (["ALF[0] har.log.entries[2].time is less than minimum"], [2]),
        (["ALF[0] " + MISSING % 99], []),
        (["ALF[0] Quota exceeded"], [0, 1, 2, 3, 4]),
        (["ALF[0] serviceToken is required in {entries.3}"], [0, 1, 2, 3, 4]),
        (["ALF[7] Quota exceeded", "something else", 5, None], []),
    ],
)
def test_a_207_names_what_failed(errors: list[object], named: list[int]) -> None:
    body = orjson.dumps({"errors": errors, "sent": 5, "saved": 4})

    assert named == [failed.entry for failed in destination().remarks(207, body, 5).failed]


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"[]", b"null", b'{"errors": 5}', b'{"a": 1}'])
def test_a_207_that_makes_no_sense_names_nothing(body: bytes) -> None:
    assert ((), 0) == (tuple(destination().remarks(207, body, 5).failed), 0)


def test_a_207_that_was_cut_names_what_is_left_of_it() -> None:
    errors = [f"ALF[0] {MISSING % number} \u00e9" for number in range(3)]
    body = orjson.dumps({"errors": errors})[:-30]

    assert [0, 1, 2] == [failed.entry for failed in destination().remarks(207, body, 5).failed]


def test_entries_with_one_fault_have_one_reason() -> None:
    errors = [f"ALF[0] {MISSING % number}" for number in range(3)]
    other = "ALF[0] har.log.entries.3.time is bad"
    failed = destination().remarks(207, orjson.dumps({"errors": [*errors, other]}), 4).failed

    assert [errors[0]] * 3 + [other] == [each.reason for each in failed]


def test_the_reason_of_all_is_the_whole_error() -> None:
    failed = destination().remarks(207, orjson.dumps({"errors": ["ALF[0] Quota exceeded"]}), 2).failed

    assert ["ALF[0] Quota exceeded"] * 2 == [each.reason for each in failed]


def test_reasons_are_short() -> None:
    body = orjson.dumps({"errors": ["ALF[0] har.log.entries.0 " + "x" * 10_000]})

    assert len(destination().remarks(207, body, 1).failed[0].reason) <= 300


def test_a_200_fails_nothing_whatever_it_says() -> None:
    body = orjson.dumps({"errors": ["ALF[0] Quota exceeded"], "sent": 1, "saved": 0})

    assert ((), 1) == destination().remarks(200, body, 5)
