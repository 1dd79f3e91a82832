"""The command against a store that a journal made, beside it and after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otel_bridge.cli import main
from otel_bridge.journal import DeadLetters, Journal
from otel_bridge.mapping import single, spot
from tests.recordings import payload

MIB = 1024 * 1024
SECOND = 10**9
SINCE = "1970-01-12T13:46:40.000Z"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path: Path, directory: Path) -> Path:
    file = tmp_path / "bridge.yaml"
    galileo = "{service_token: t, host: collector.example.com}"
    runscope = "{access_token: t, bucket_key: b}"
    file.write_text(
        f"journal: {{directory: {directory}, max_size: 64MiB}}\n"
        f"exporters: {{galileo: {galileo}, runscope: {runscope}}}\n"
    )
    return file


@pytest.fixture
def letters(directory: Path) -> Iterator[DeadLetters]:
    """The store of a serve that is running: its journal is open."""
    with (
        closing(Journal.open(directory, max_size=64 * MIB, min_free=0)),
        closing(
            DeadLetters.open(directory, max_size=MIB, max_age_s=86_400, clock=lambda: 1_000_000 * SECOND)
        ) as letters,
    ):
        yield letters


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["dead-letters", "--config", str(config), *arguments])


def add(
    letters: DeadLetters, *, exporter: str = "galileo", reason: str = "HTTP 400", otlp: bytes = b""
) -> int:
    return letters.add(
        exporter=exporter,
        api="service orders",
        reason=reason,
        answer="no such thing\nat all",
        exchanges=2,
        first_ns=SECOND,
        last_ns=2 * SECOND,
        otlp=otlp,
    )


def give_up(letters: DeadLetters) -> int:
    return letters.give_up(
        exporter="inspector", reason="max_backlog", exchanges=7, first_ns=SECOND, last_ns=2 * SECOND
    )


def test_list_is_a_table(config: Path, letters: DeadLetters) -> None:
    add(letters)
    give_up(letters)

    result = run(config, "list")

    assert 0 == result.exit_code
    assert [
        "ID  SINCE                     STATE     EXPORTER   API             EXCHANGES  BYTES  REASON",
        f"1   {SINCE}  held      galileo    service orders  2          0      HTTP 400",
        f"2   {SINCE}  given up  inspector                  7          0      max_backlog",
    ] == result.stdout.splitlines()


def test_list_json_is_for_programs(config: Path, letters: DeadLetters) -> None:
    add(letters, otlp=b"four")

    assert [
        {
            "id": 1,
            "since": SINCE,
            "state": "held",
            "exporter": "galileo",
            "api": "service orders",
            "reason": "HTTP 400",
            "answer": "no such thing\nat all",
            "exchanges": 2,
            "first": "1970-01-01T00:00:01.000Z",
            "last": "1970-01-01T00:00:02.000Z",
            "bytes": 4,
        }
    ] == json.loads(run(config, "list", "--json").stdout)


def test_without_any_the_lists_say_so(config: Path, letters: DeadLetters) -> None:
    assert "There are no dead letters.\n" == run(config, "list").stdout
    assert [] == json.loads(run(config, "list", "--json").stdout)


def test_before_the_first_serve_nothing_is_made(config: Path, directory: Path) -> None:
    assert "There are no dead letters.\n" == run(config, "list").stdout
    assert "Error: There is no dead letter 1.\n" == run(config, "show", "1").stderr
    assert "0 dead letters dropped, with 0 exchanges.\n" == run(config, "drop", "--all").stdout
    assert not directory.exists()


def test_show_tells_the_exchanges(config: Path, letters: DeadLetters) -> None:
    record = payload("kong-3.9-default", "001.pb")
    found = spot(record).exchanges[0]
    number = add(letters, otlp=single(record, found.span))

    lines = run(config, "show", str(number)).stdout.splitlines()

    assert [
        f"Dead letter {number}, held since {SINCE}",
        "  exporter   galileo",
        "  api        service orders",
        "  reason     HTTP 400",
        "  answer     no such thing\N{REPLACEMENT CHARACTER}at all",
        "  received   1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z",
        "  exchanges  2",
        "",
    ] == lines[:8]
    assert 9 == len(lines)
    exchange = found.exchange
    assert lines[8].endswith(f"Z  {exchange.status}  {exchange.method} {exchange.url}")


def test_show_of_what_was_given_up_has_no_exchanges(config: Path, letters: DeadLetters) -> None:
    number = give_up(letters)

    result = run(config, "show", str(number))

    assert f"Dead letter {number}, given up since {SINCE}" == result.stdout.splitlines()[0]
    assert "  exchanges  7" == result.stdout.splitlines()[-1]


def test_show_of_broken_otlp_says_so(config: Path, letters: DeadLetters) -> None:
    number = add(letters, otlp=b"\xff\xff\xff")

    assert "  Its 3 bytes of OTLP can't be read." == run(config, "show", str(number)).stdout.splitlines()[-1]


def test_an_unknown_id_is_a_sentence_and_exit_1(config: Path, letters: DeadLetters) -> None:
    result = run(config, "show", "12")

    assert (1, "Error: There is no dead letter 12.\n") == (result.exit_code, result.stderr)


def test_replay_marks_for_the_exporter(config: Path, letters: DeadLetters) -> None:
    numbers = [add(letters), add(letters, exporter="runscope")]

    result = run(config, "replay", str(numbers[0]))

    assert 0 == result.exit_code
    assert "1 dead letter will be sent again by the running serve, or by the next.\n" == result.stdout
    assert numbers[:1] == [letter.id for letter in letters.take_replays("galileo")]
    assert [] == letters.take_replays("runscope")


def test_replay_all_leaves_out_what_was_given_up(config: Path, letters: DeadLetters) -> None:
    add(letters)
    add(letters)
    give_up(letters)

    result = run(config, "replay", "--all")

    assert 0 == result.exit_code
    assert result.stdout.startswith("2 dead letters will be sent again")


def test_replay_names_what_it_can_not_do_and_does_the_rest(config: Path, letters: DeadLetters) -> None:
    number, lost = add(letters), give_up(letters)

    result = run(config, "replay", str(number), str(lost), "98", "99")

    assert 1 == result.exit_code
    assert result.stdout.startswith("1 dead letter will be sent again")
    assert [
        f"Error: Dead letter {lost} was given up unread: there is nothing to send.",
        "Error: There is no dead letter 98, 99.",
    ] == result.stderr.splitlines()
    assert [number] == [letter.id for letter in letters.take_replays("galileo")]


def test_replay_says_so_where_the_exporter_is_configured_no_more(config: Path, letters: DeadLetters) -> None:
    add(letters)
    add(letters, exporter="galileo/old")

    result = run(config, "replay", "--all")

    assert 1 == result.exit_code
    assert "1 dead letter will be sent again by the running serve, or by the next.\n" == result.stdout
    assert (
        "Error: Dead letter 2 waits until galileo/old is configured again, or you drop it.\n" == result.stderr
    )


def test_drop_says_how_many(config: Path, letters: DeadLetters) -> None:
    first, second, third = add(letters), add(letters), give_up(letters)

    assert "1 dead letter dropped, with 2 exchanges.\n" == run(config, "drop", str(second)).stdout
    assert [first, third] == [letter.id for letter in letters.list()]
    assert "2 dead letters dropped, with 9 exchanges.\n" == run(config, "drop", "--all").stdout
    assert [] == letters.list()

    result = run(config, "drop", str(second))

    assert (1, "Error: There is no dead letter 2.\n") == (result.exit_code, result.stderr)


@pytest.mark.parametrize("arguments", [["drop"], ["replay"], ["drop", "--all", "1"], ["show"]])
def test_wrong_usage_exits_2(config: Path, arguments: list[str]) -> None:
    assert 2 == run(config, *arguments).exit_code


def test_what_came_from_outside_can_not_drive_the_terminal(config: Path, letters: DeadLetters) -> None:
    number = add(letters, reason="\x1b[2Jgone")

    assert "\x1b" not in run(config, "list").stdout
    assert "\x1b" not in run(config, "show", str(number)).stdout


def test_a_faulty_configuration_is_told(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("journal: {directry: /tmp}\n")

    result = run(file, "list")

    assert 1 == result.exit_code
    assert "journal.directry" in result.stderr


def test_a_store_that_is_none_is_told(config: Path, directory: Path) -> None:
    directory.mkdir()
    (directory / "state.db").write_text("not a database")

    result = run(config, "list")

    assert 1 == result.exit_code
    assert f"Error: can't open {directory / 'state.db'}: it is not an SQLite database\n" == result.stderr
