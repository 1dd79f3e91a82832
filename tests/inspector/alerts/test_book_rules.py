"""The rules in the book: made, changed, removed, by several processes and versions."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest
from structlog.testing import capture_logs

from otel_bridge.inspector.alerts.book import (
    AlertBook,
    Applied,
    BookError,
    NameTakenError,
    Snooze,
    TooManyRulesError,
)
from otel_bridge.inspector.alerts.book.database import Database
from otel_bridge.inspector.alerts.book.errors import DamagedError
from otel_bridge.inspector.alerts.change import SavedWindow
from otel_bridge.inspector.alerts.rule import (
    MOST_RULES,
    Condition,
    Count,
    Origin,
    Rule,
    Severity,
    Share,
    Silence,
    Watch,
    Watched,
)
from tests.inspector.alerts.books import NOW, RULE, a_rule, begins


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inspector" / "alerts.db"


@pytest.fixture
def book(path: Path) -> Iterator[AlertBook]:
    opened = AlertBook(path, now=lambda: NOW)
    yield opened
    opened.close()


@pytest.mark.parametrize("condition", [Count(5), Share(0.05, 20), Silence(1), Watch(Watched.HOLD)])
def test_rule_reads_back_as_it_was_written(book: AlertBook, condition: Condition) -> None:
    rule = a_rule(
        condition=condition,
        severity=Severity.CRITICAL,
        origin=Origin.BUILT_IN,
        enabled=False,
        channels=("slack", "email/ops"),
        cooldown=60,
    )
    book.put(rule)

    assert [rule] == book.rules()
    assert rule == book.rule(rule.id)
    assert book.rule("00") is None


def test_every_field_of_a_rule_is_kept(book: AlertBook, path: Path) -> None:
    book.put(RULE)

    with apsw.Connection(str(path)) as db:
        document = db.execute("SELECT document FROM rule").get

    assert all(f'"{field.name}":' in document for field in dataclasses.fields(Rule))


def test_rules_come_in_the_order_they_were_made(book: AlertBook) -> None:
    rules = [a_rule(id=str(number), name=name) for number, name in enumerate(("zebra", "ant", "mouse"))]
    for rule in rules:
        book.put(rule)
    changed = a_rule(id="0", name="zebra 2")
    book.put(changed)

    assert [changed, *rules[1:]] == book.rules()


def test_two_rules_never_share_a_name(book: AlertBook) -> None:
    book.put(RULE)

    with pytest.raises(NameTakenError, match="Server errors"):
        book.put(a_rule(id="other"))
    assert [RULE] == book.rules()


def test_number_of_rules_is_bounded(book: AlertBook) -> None:
    book.apply([a_rule(name=str(number)) for number in range(MOST_RULES)])

    with pytest.raises(TooManyRulesError):
        book.put(RULE)
    assert len(book.rules()) == MOST_RULES


def test_version_changes_with_rules_and_snoozes_of_another_process_too(path: Path, book: AlertBook) -> None:
    other = AlertBook(path)
    seen = [book.version()]
    for change in (
        lambda: other.put(RULE),
        lambda: book.put(a_rule(enabled=False)),
        lambda: other.snooze(RULE.id, None, None, NOW),
        lambda: other.wake(RULE.id, None),
        lambda: book.apply([a_rule(name="another")]),
        lambda: other.remove(RULE.id),
    ):
        change()
        seen.append(book.version())
        assert seen[-1] == other.version()
    book.record([], [], NOW)
    other.close()

    assert len(seen) == len(set(seen))
    assert seen[-1] == book.version()


def test_file_makes_its_rules_exactly_those_in_it_and_leaves_others(book: AlertBook) -> None:
    book.put(RULE)

    first = book.apply([a_rule(name=name) for name in ("kept", "changed", "removed")])
    ids = {rule.name: rule.id for rule in book.rules()}
    second = book.apply([a_rule(name="kept"), a_rule(name="changed", note="new"), a_rule(name="new")])
    rules = {rule.name: rule for rule in book.rules()}

    assert Applied(["kept", "changed", "removed"], [], [], []) == first
    assert Applied(["new"], ["changed"], ["removed"], ["kept"]) == second
    assert {"Server errors", "kept", "changed", "new"} == rules.keys()
    assert RULE == rules["Server errors"]
    assert rules["changed"].note == "new"
    assert [ids["kept"], ids["changed"]] == [rules["kept"].id, rules["changed"].id]
    assert all(len(rule.id) == 16 and rule.origin is Origin.FILE for rule in rules.values() if rule != RULE)


@pytest.mark.parametrize("names", [["twice", "twice"], ["new", "Server errors"]])
def test_file_with_a_taken_name_changes_nothing(book: AlertBook, names: list[str]) -> None:
    book.put(RULE)
    book.apply([a_rule(name="before")])
    before = book.rules()

    with pytest.raises(NameTakenError):
        book.apply([a_rule(name=name) for name in names])
    assert before == book.rules()


def test_built_in_rules_come_once_and_keep_what_people_changed(book: AlertBook) -> None:
    built_in = a_rule(id="0000000000000001", name="No traffic", origin=Origin.BUILT_IN)
    book.seed([built_in])
    changed = dataclasses.replace(built_in, channels=("email",), enabled=False)
    book.put(changed)
    version = book.version()
    book.seed([built_in])

    assert [changed] == book.rules()
    assert version == book.version()


def test_built_in_rule_finds_a_name_where_its_own_is_taken(book: AlertBook) -> None:
    for number, name in enumerate(("No traffic", "No traffic (2)")):
        book.put(a_rule(id=str(number), name=name))
    book.seed([a_rule(id="0000000000000001", name="No traffic", origin=Origin.BUILT_IN)])

    assert book.rules()[-1].name == "No traffic (3)"


def test_removed_rule_takes_all_it_had_with_it(book: AlertBook) -> None:
    book.put(RULE)
    book.record([begins()], [SavedWindow(RULE.id, "acme", b"counts")], NOW)
    book.snooze(RULE.id, "acme", None, NOW)

    assert book.remove(RULE.id)
    assert not book.remove(RULE.id)
    assert ([], [], []) == (book.rules(), book.snoozes(), book.firing())
    assert ([], []) == book.saved()
    assert [NOW] == [firing.ended_us for firing in book.firings().firings]


def test_what_is_said_of_a_rule_that_was_removed_meanwhile_is_ignored(book: AlertBook) -> None:
    book.record([begins()], [SavedWindow(RULE.id, "acme", b"counts")], NOW)

    assert ([], []) == book.saved()
    assert [] == book.firings().firings


def test_snoozes_are_of_rules_that_are_there_and_of_times_to_come(book: AlertBook) -> None:
    book.put(RULE)

    assert not book.snooze("00", None, None, NOW)
    assert not book.snooze(RULE.id, None, NOW, NOW)
    assert book.snooze(RULE.id, "acme", NOW + 1, NOW)
    assert book.snooze(RULE.id, None, None, NOW)
    assert {Snooze(RULE.id, None, None), Snooze(RULE.id, "acme", NOW + 1)} == set(book.snoozes())
    book.prune(NOW + 1)
    assert [Snooze(RULE.id, None, None)] == book.snoozes()
    book.wake(RULE.id, None)
    assert [] == book.snoozes()


def _write_document(path: Path, document: str) -> None:
    with apsw.Connection(str(path)) as db:
        db.execute("UPDATE rule SET document = ?", (document,))


def test_rule_with_a_condition_of_a_later_version_is_left_out_and_said(path: Path, book: AlertBook) -> None:
    book.put(RULE)
    with apsw.Connection(str(path)) as db:
        document: str = db.execute("SELECT document FROM rule").get
    _write_document(path, document.replace('"count"', '"anomaly"'))

    with capture_logs() as logs:
        assert [] == book.rules()
    assert ["Server errors"] == [line["rule"] for line in logs]
    _write_document(path, document.replace('"note":', '"mood":"grim","note":'))
    assert [RULE] == book.rules()


def test_file_is_for_its_owner_alone(path: Path, book: AlertBook) -> None:
    book.put(RULE)

    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_many_processes_that_open_a_new_book_at_once_share_one(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        books = list(pool.map(lambda _: AlertBook(path), range(8)))
    for number, each in enumerate(books):
        each.put(a_rule(id=str(number), name=str(number)))
    seen = [len(each.rules()) for each in books]
    for each in books:
        each.close()

    assert [8] * 8 == seen


def test_file_of_a_later_version_stays_untouched(path: Path) -> None:
    AlertBook(path).close()
    with apsw.Connection(str(path)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()

    with pytest.raises(BookError, match="later version"):
        AlertBook(path)
    owned = AlertBook(path, owner=True)
    with pytest.raises(BookError, match="later version"):
        owned.rules()
    owned.close()
    assert before == path.read_bytes()


def test_its_owner_gets_a_book_that_cannot_be_opened_yet_once_it_can(tmp_path: Path) -> None:
    place = tmp_path / "inspector"
    place.write_text("in the way")
    book = AlertBook(place / "alerts.db", owner=True)
    with pytest.raises(BookError, match=str(place)):
        book.put(RULE)
    assert 0 == book.opened

    place.unlink()
    book.put(RULE)

    assert ([RULE], 1) == (book.rules(), book.opened)
    book.close()


def test_rules_outlive_a_file_that_is_deleted_while_it_is_in_use(path: Path) -> None:
    book = AlertBook(path, owner=True)
    book.put(RULE)
    for each in path.parent.iterdir():
        each.unlink()

    with capture_logs() as logs:
        assert [RULE] == book.rules()
    book.close()

    assert 2 == book.opened
    assert [str(path)] == [line["file"] for line in logs]
    reopened = AlertBook(path)
    assert [RULE] == reopened.rules()
    reopened.close()


def test_a_file_that_turns_out_to_be_damaged_is_looked_at_anew(path: Path) -> None:
    database = Database(path, owner=True)

    with pytest.raises(DamagedError, match="torn"), database.reading():
        raise apsw.CorruptError("torn")
    with database.reading() as db:
        assert 0 == db.execute("SELECT count(*) FROM rule").get

    assert 2 == database.opened
    database.close()


@pytest.mark.parametrize("damage", ["not a database", "a torn page"])
def test_damaged_book_is_set_aside_by_its_owner_alone(path: Path, damage: str) -> None:
    book = AlertBook(path)
    book.apply([a_rule(name=str(number)) for number in range(100)])
    book.close()
    content = bytearray(path.read_bytes())
    for start in range(0 if damage == "not a database" else 4096, len(content), 4096):
        content[start : start + 100] = bytes(100)
    path.write_bytes(content)

    with pytest.raises(BookError, match="damaged"):
        AlertBook(path)
    assert content == path.read_bytes()
    with capture_logs() as logs:
        fresh = AlertBook(path, owner=True)
    fresh.put(RULE)

    assert [RULE] == fresh.rules()
    fresh.close()
    assert content == path.with_name("alerts.db.damaged").read_bytes()
    assert [str(path) + ".damaged"] == [line["file"] for line in logs]


def test_rules_outlive_the_damage_of_what_lies_beside_them(path: Path) -> None:
    book = AlertBook(path)
    book.put(RULE)
    book.record([begins()], [SavedWindow(RULE.id, str(number), bytes(3000)) for number in range(20)], NOW)
    book.close()
    with path.open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)

    with capture_logs() as logs:
        fresh = AlertBook(path, owner=True)
    assert [RULE] == fresh.rules()
    assert [1] == [line["rules"] for line in logs]
    assert ([], []) == fresh.saved()
    fresh.close()


def test_no_directory_to_write_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BookError, match=str(tmp_path)):
        AlertBook(tmp_path / "file" / "alerts.db")
