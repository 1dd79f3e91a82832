"""`otel-bridge alerts`: a file of rules against a real store, a real book and real channels."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from otel_bridge.cli import main
from otel_bridge.cli.tables import utc
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.rule import Count, Origin, Rule
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.bridge import PATIENCE, PROGRAM, eventually
from tests.cli.test_inspector import inspector
from tests.inspector.store.conftest import kept
from tests.inspector.wire.agents import KONG_RUNSCOPE
from tests.vendor_server import Reply, VendorServer

KEEP = Retention(age=1e9, size=1 << 40, bodies=1e9, min_free=0)
RULES = """rules:
  - name: Orders fail
    when: status:5xx service:orders
    matches: 3
    within: 10m
    per: consumer
    notify: slack
  - name: No orders
    when: service:orders
    fewer_than: 1
    within: 1h
    enabled: false
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of an inspector that was never started."""
    file = tmp_path / "bridge.yaml"
    file.write_text(
        f"inspector:\n  directory: {tmp_path}/inspector\n"
        '  alerts: {channels: {slack: {url: "http://127.0.0.1:9/hook"}}}\n'
    )
    return file


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    return file


def command(name: str, rules: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["alerts", name, str(rules), *map(str, arguments)])


def book_of(config: Path) -> AlertBook:
    return AlertBook(config.parent / "inspector" / FILE_NAME)


def fill(config: Path) -> int:
    """Four orders of anna's that failed an hour and a half ago, and one a minute later; when they began."""
    began_us = time.time_ns() // 1000 // 60_000_000 * 60_000_000 - 5_400_000_000
    with closing(SqliteStore(config.parent / "inspector", retention=KEEP)) as store:
        store.append(
            [
                kept(n, started_us=began_us + n * 1_000_000, service="orders", status=503, consumer="anna")
                for n in (0, 1, 2, 60)
            ]
        )
    return began_us


def test_check_says_each_rule_as_a_sentence(rules: Path, config: Path) -> None:
    result = command("check", rules, "--config", config)
    failing = "When status:5xx service:orders matches 3 times in 10 minutes per consumer, notify slack"

    assert (0, "") == (result.exit_code, result.stderr)
    assert [
        f"Orders fail: {failing}",
        "No orders: When nothing matches service:orders for 1 hour, notify nobody (disabled)",
        f"{rules}: 2 rules, no faults",
    ] == result.stdout.splitlines()


def test_check_says_all_faults_with_their_lines(rules: Path, config: Path) -> None:
    rules.write_text(RULES.replace("slack", "slak").replace("status:5xx", "status:abc").replace("1h", "1s"))
    result = command("check", rules, "--config", config)
    first, *others = result.stdout.splitlines()
    unknown = "is not configured under inspector.alerts.channels; did you mean `slack`?"

    assert 1 == result.exit_code
    assert first.startswith(f"{rules}:3: rules[0].when: is not a query, at column 8: ")
    assert [
        f"{rules}:7: rules[0].notify[0]: {unknown}",
        f"{rules}:11: rules[1].within: is out of range: it must be from 1m to 1d",
        f"{rules}: 3 faults",
    ] == others


def test_check_without_a_configuration_takes_any_channel(rules: Path) -> None:
    assert 0 == command("check", rules).exit_code


def test_check_points_at_what_looks_like_a_slip(rules: Path) -> None:
    rules.write_text("rules: [{name: a, when: 'statsu:500', matches: 1}]")
    result = command("check", rules)

    assert 0 == result.exit_code
    assert "warning: a: statsu is no field, so this looks for words: did you mean status" in result.stdout


@pytest.mark.parametrize("name", ["check", "apply", "test"])
def test_a_file_that_cannot_be_used_is_a_sentence(name: str, tmp_path: Path, config: Path) -> None:
    missing = command(name, tmp_path / "none.yaml", "--config", config)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"rules:\n  - name: caf\xe9\n")
    odd = command(name, latin, "--config", config)

    assert (1, 1) == (missing.exit_code, odd.exit_code)
    assert f"{tmp_path}/none.yaml: can't be read: No such file or directory" in missing.output
    assert f"{latin}:2: is not UTF-8 text" in odd.output


@pytest.mark.parametrize("name", ["check", "apply", "test"])
def test_a_configuration_that_cannot_be_used_is_a_sentence(name: str, rules: Path, tmp_path: Path) -> None:
    result = command(name, rules, "--config", tmp_path / "none.yaml")

    assert 1 == result.exit_code
    assert f"Error: {tmp_path}/none.yaml: can't be read" in result.stderr


def test_apply_makes_the_rules_of_files_exactly_these(rules: Path, config: Path) -> None:
    first = command("apply", rules, "--config", config)
    again = command("apply", rules, "--config", config)
    rules.write_text(
        RULES.replace("10m", "15m").replace("notify: slack", "notify: []").replace("No orders", "Silence")
    )
    different = command("apply", rules, "--config", config)
    with closing(book_of(config)) as book:
        found = book.rules()

    assert [
        "+ Orders fail",
        "+ No orders",
        "2 created, 0 changed, 0 removed, 0 unchanged",
    ] == first.stdout.splitlines()
    assert "0 created, 0 changed, 0 removed, 2 unchanged\n" == again.stdout
    assert [
        "+ Silence",
        "~ Orders fail: within 600 → 900, notify [slack] → []",
        "- No orders",
        "1 created, 1 changed, 1 removed, 0 unchanged",
    ] == different.stdout.splitlines()
    assert [("Orders fail", Origin.FILE), ("Silence", Origin.FILE)] == [
        (rule.name, rule.origin) for rule in found
    ]


def test_a_dry_run_says_the_same_and_changes_nothing(rules: Path, config: Path) -> None:
    told = command("apply", rules, "--config", config, "--dry-run")
    untouched = not (config.parent / "inspector").exists()
    command("apply", rules, "--config", config)
    rules.write_text("rules: []")
    emptied = command("apply", rules, "--config", config, "--dry-run")
    with closing(book_of(config)) as book:
        left = book.rules()

    assert untouched
    assert [
        "+ Orders fail",
        "+ No orders",
        "2 created, 0 changed, 0 removed, 0 unchanged",
        "This was a dry run: nothing is changed.",
    ] == told.stdout.splitlines()
    assert ["- Orders fail", "- No orders"] == emptied.stdout.splitlines()[:2]
    assert 2 == len(left)


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_name_that_the_pages_have_is_refused_and_nothing_is_changed(
    rules: Path, config: Path, dry: list[str]
) -> None:
    own = Rule(id="0" * 16, name="No orders", query="", condition=Count(1), window=60)
    with closing(book_of(config)) as book:
        book.put(own)
        result = command("apply", rules, "--config", config, *dry)

        assert [own] == book.rules()
    assert 1 == result.exit_code
    assert "Error: there is another rule named 'No orders'" in result.stderr


def test_who_has_the_book_open_sees_what_apply_did(rules: Path, config: Path) -> None:
    with closing(book_of(config)) as book:
        before = book.version()
        command("apply", rules, "--config", config)

        assert before != book.version()
        assert 2 == len(book.rules())


def test_rules_for_an_inspector_that_is_off_are_said_to_wait(rules: Path, config: Path) -> None:
    config.write_text(config.read_text().replace("inspector:\n", "inspector:\n  enabled: false\n"))
    result = command("apply", rules, "--config", config)

    assert (0, True) == (result.exit_code, "the inspector is off" in result.stderr)


def test_test_says_when_rules_would_have_fired(rules: Path, config: Path) -> None:
    began_us = fill(config)
    result = command("test", rules, "--config", config)
    third, silent, ended = (utc(began_us + after * 1_000_000) for after in (2, 60 + 3600, 610))

    assert (0, "") == (result.exit_code, result.stderr)
    assert [
        "RULE         MATCHED  FIRED  LAST",
        f"Orders fail  4        1      {third}",
        f"No orders    4        1      {silent}",
        "",
        "BEGAN                     ENDED                     RULE         GROUP  FOUND",
        f"{third}  {ended}  Orders fail  anna   3",
        f"{silent}  still fires               No orders           0",
    ] == result.stdout.splitlines()


def test_test_looks_back_as_far_as_it_is_told(rules: Path, config: Path) -> None:
    fill(config)
    result = command("test", rules, "--config", config, "--last", "30m")

    assert "Orders fail  0        0" in result.stdout
    assert 2 == command("test", rules, "--config", config, "--last", "yesterday").exit_code


def test_test_without_a_store_is_a_sentence(rules: Path, config: Path) -> None:
    result = command("test", rules, "--config", config)

    assert (1, True) == (result.exit_code, "Error: there is no inspector's store in" in result.stderr)


def test_many_firings_are_cut_and_counted(rules: Path, config: Path) -> None:
    rules.write_text("rules: [{name: Each, when: '', share: 100%, of_at_least: 1, within: 60s, per: path}]")
    now_us = time.time_ns() // 1000
    with closing(SqliteStore(config.parent / "inspector", retention=KEEP)) as store:
        store.append([kept(n, started_us=now_us - n * 1_000_000, path=f"/{n}") for n in range(1, 14)])
    result = command("test", rules, "--config", config)

    assert "Each  13       13 " in result.stdout
    assert "Of Each, 3 earlier ones are left out." == result.stdout.splitlines()[-1]


def test_notify_sends_one_test_through_each_channel_and_says_what_came_of_it(
    rules: Path, config: Path
) -> None:
    fill(config)
    rules.write_text(RULES.replace("notify: slack", "notify: [slack, slack/ops]").replace(
        "fewer_than: 1", "fewer_than: 1\n    notify: slack"
    ))  # fmt: skip
    with VendorServer(lambda _: Reply(200, b"ok")) as fine, VendorServer(lambda _: Reply(404)) as gone:
        config.write_text(
            f"inspector:\n  directory: {config.parent}/inspector\n  alerts:\n    channels:\n"
            f'      slack: {{url: "{fine.url}/services/T0/B0/secret"}}\n'
            f'      slack/ops: {{url: "{gone.url}/services/T0/B0/secret"}}\n'
        )
        result = command("test", rules, "--config", config, "--notify")
        (received,) = fine.wait_for(1)
        headings, first, second = result.stdout.splitlines()[-3:]

    assert 1 == result.exit_code
    assert headings.startswith("CHANNEL    RESULT")
    assert first.startswith("slack      delivered")
    assert second.startswith("slack/ops  refused")
    assert "This is a test of the channel slack: nothing is wrong" in received.body.decode()
    assert "secret" not in result.output


def test_notify_is_content_where_all_channels_are(rules: Path, config: Path) -> None:
    fill(config)
    with VendorServer(lambda _: Reply(200, b"ok")) as server:
        config.write_text(config.read_text().replace("http://127.0.0.1:9", server.url))
        told = command("test", rules, "--config", config, "--notify")
    rules.write_text("rules: [{name: a, when: '', matches: 1}]")
    nobody = command("test", rules, "--config", config, "--notify")

    assert (0, 0) == (told.exit_code, nobody.exit_code)
    assert "No rule names a channel: there is nobody to notify." == nobody.stdout.splitlines()[-1]


def test_a_terminal_sees_how_far_it_is(rules: Path, config: Path) -> None:
    fill(config)
    ours, theirs = pty.openpty()
    arguments = ["alerts", "test", str(rules), "--config", str(config)]
    with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=theirs) as process:
        process.communicate(timeout=PATIENCE)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert 0 == process.returncode
    assert "2/2" in shown


def test_a_running_inspector_goes_by_what_is_applied_and_tells_of_it(rules: Path, tmp_path: Path) -> None:
    rules.write_text("rules: [{name: Failures, when: 'status:5xx', matches: 3, notify: slack}]")
    with VendorServer(lambda _: Reply(200, b"ok")) as slack:
        more = f'  alerts: {{channels: {{slack: {{url: "{slack.url}/services/T0"}}}}}}\n'
        with inspector(tmp_path, more) as running:
            applied = command("apply", rules, "--config", tmp_path / "inspector.yaml")

            def fails_and_is_told() -> bool:
                """What comes before the rule is taken over does not count: so once is not enough."""
                request = KONG_RUNSCOPE["request"] | {"timestamp": time.time()}
                message = KONG_RUNSCOPE | {"request": request}
                httpx.post(f"{running.url}buckets/b/messages", json=[message], timeout=PATIENCE)
                return bool(slack.requests)

            eventually(fails_and_is_told, "a notification")
        (told,) = slack.requests

    assert 0 == applied.exit_code
    assert "Failures" in told.body.decode()
