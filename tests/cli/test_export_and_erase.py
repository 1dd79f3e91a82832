"""`otel-bridge export` and `otel-bridge erase`, on a store without an inspector."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otel_bridge.cli import main
from otel_bridge.cli.asking import instant
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.bridge import PATIENCE, PROGRAM, run
from tests.inspector.store.conftest import HOUR_US, kept
from tests.inspector.strategies import STARTED_US

KEEP = Retention(age=1e9, size=1 << 40, bodies=1e9, min_free=0)
NOW_US = 1_795_298_514_000_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Ten exchanges, one an hour, every third for anna."""
    with closing(SqliteStore(tmp_path / "store", retention=KEEP)) as store:
        store.append(
            [
                kept(n, started_us=STARTED_US - n * HOUR_US, consumer="" if n % 3 else "anna", path=f"/{n}")
                for n in range(10)
            ]
        )
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"inspector: {{directory: {tmp_path}/store}}\njournal: {{directory: {tmp_path}/journal}}\n"
    )
    return file


def command(config: Path, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(config)], input=stdin)


def test_export_writes_what_is_found_to_stdout_and_nothing_else(config: Path) -> None:
    result = command(config, "export", "--query", "consumer:anna", "--format", "csv")

    assert (0, "") == (result.exit_code, result.stderr)
    assert ["/0", "/3", "/6", "/9"] == [row["path"] for row in csv.DictReader(result.stdout.splitlines())]


def test_export_takes_a_period_and_a_file_that_is_for_its_owner_alone(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.ndjson"
    result = command(
        config, "export", "--query", "", "--format", "ndjson", "--from", "2026-11-21T19:30",
        "--to", "2026-11-21T21:30:00+00:00", "--output", str(output),
    )  # fmt: skip

    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)
    assert ["/1", "/2"] == [json.loads(line)["path"] for line in output.read_text().splitlines()]
    assert 0o600 == output.stat().st_mode & 0o777


def test_what_convert_reads_is_what_export_wrote(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    command(config, "export", "--query", "path:/4", "--format", "otlp", "--output", str(output))
    converted = CliRunner().invoke(main, ["convert", str(output), "--to", "har"])
    (entry,) = json.loads(converted.stdout)["log"]["entries"]

    assert "https://example.com/v1/orders?page=2" == entry["request"]["url"]


def test_a_terminal_sees_how_far_it_is(config: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = ["export", "--query", "", "--format", "ndjson", "--config", str(config)]
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=theirs) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert 10 == len(out.splitlines())
    assert "10/10" in shown


@pytest.mark.parametrize("name", ["export --format csv", "erase --dry-run"])
def test_a_faulty_query_is_one_sentence_with_its_place(config: Path, name: str) -> None:
    result = command(config, *name.split(), "--query", "status:5xx duration:fast")
    sentence, query, marks = result.stderr.splitlines()

    assert (1, "") == (result.exit_code, result.stdout)
    assert sentence.startswith("Error: ")
    assert "fast" == query[marks.index("^") : marks.rindex("^") + 1]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"inspector: {{directory: {tmp_path}/none}}\njournal: {{directory: {tmp_path}/journal}}\n"
    )
    exported = command(file, "export", "--query", "", "--format", "csv")
    erased = command(file, "erase", "--query", "", "--yes")
    wrong = command(file, "erase", "--query", "", "--from", "yesterday", "--yes")

    assert f"Error: there is no inspector's store in {tmp_path}/none\n" == exported.stderr
    assert 0 == erased.exit_code
    assert (2, True) == (wrong.exit_code, "neither a time like" in wrong.stderr)
    assert [file] == list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_a_sentence(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "none" / "out"
    result = command(config, "export", "--query", "", "--format", "csv", "--output", str(output))

    assert (1, f"Error: can't write to {output}: No such file or directory\n") == (
        result.exit_code,
        result.stderr,
    )


def test_erase_asks_first_and_a_no_changes_nothing(config: Path) -> None:
    asked = command(config, "erase", "--query", "consumer:anna", stdin="n\n")
    alone = run("erase", "--query", "consumer:anna", "--config", config)
    left = command(config, "export", "--query", "", "--format", "ndjson")

    assert 1 == asked.exit_code
    assert asked.stdout.splitlines()[3].startswith("inspector     4          4      2026-11-21T13:01:54.101Z")
    assert "Erase them for good? [y/N]" in asked.output
    assert 1 == alone.code
    assert 10 == len(left.stdout.splitlines())


def test_erase_prints_a_receipt(config: Path) -> None:
    told = command(config, "erase", "--query", "consumer:anna", "--dry-run")
    done = command(config, "erase", "--query", "consumer:anna", stdin="y\n")
    again = command(config, "erase", "--query", "consumer:anna", "--yes", "--json")
    left = command(config, "export", "--query", "", "--format", "ndjson")

    assert [
        "PLACE         EXCHANGES  FILES  OLDEST                    NEWEST",
        "journal       0          0",
        "dead letters  0          0",
        "inspector     4          4      2026-11-21T13:01:54.101Z  2026-11-21T22:01:54.101Z",
        "This was a dry run: nothing is erased.",
    ] == told.stdout.splitlines()
    assert 0 == done.exit_code
    assert "They are erased." == done.stdout.splitlines()[-1]
    assert 6 == len(left.stdout.splitlines())
    assert {"exchanges": 0, "files": 0, "oldest": None, "newest": None, "pinned": 0} == (
        json.loads(again.stdout)["inspector"]
    )


def test_json_takes_an_answer_beforehand(config: Path) -> None:
    assert 2 == command(config, "erase", "--query", "", "--json").exit_code


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("24h", NOW_US - 24 * HOUR_US),
        ("7d", NOW_US - 7 * 24 * HOUR_US),
        (" 90s ", NOW_US - 90_000_000),
        ("30 m", NOW_US - HOUR_US // 2),
        ("9999w", 0),
        ("2026-11-21", 1_795_219_200_000_000),
        ("2026-11-21T22:01:54.101", STARTED_US),
        ("2026-11-21T23:01:54.101+01:00", STARTED_US),
        ("1900-01-01", 0),
    ],
)
def test_times_are_iso_or_so_long_ago(text: str, us: int) -> None:
    assert us == instant(text, now_us=NOW_US)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1y", "tomorrow", "24h ago", "٣h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a time"):
        instant(text, now_us=NOW_US)
