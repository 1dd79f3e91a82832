from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import DeadLetter, DeadLetters, JournalFull, Signal, State
from tests.journal import MIB, open_journal

DAY_NS = 24 * 3600 * 10**9
HOUR_NS = 3600 * 10**9


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000 * 10**9

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_letters(directory: Path, clock: Clock, max_size: int = 16 * MIB) -> DeadLetters:
    return DeadLetters.open(directory, max_size=max_size, max_age_s=30 * 86400, clock=clock)


@pytest.fixture
def letters(tmp_path: Path, clock: Clock) -> Iterator[DeadLetters]:
    with closing(open_letters(tmp_path, clock)) as letters:
        yield letters


def add(
    letters: DeadLetters, exporter: str = "galileo", otlp: bytes = b"otlp", reason: str = "refused"
) -> int:
    return letters.add(
        exporter=exporter,
        api="service orders",
        reason="refused",
        answer="HTTP 400",
        exchanges=2,
        first_ns=100,
        last_ns=200,
        otlp=otlp,
    )


def give_up(letters: DeadLetters, first_ns: int, last_ns: int, exporter: str = "galileo") -> int:
    return letters.give_up(
        exporter=exporter, reason="max_backlog", exchanges=10, first_ns=first_ns, last_ns=last_ns
    )


def test_a_dead_letter_is_kept_with_all_that_is_known(letters: DeadLetters, clock: Clock) -> None:
    number = add(letters)

    expected = DeadLetter(
        number,
        clock.now,
        "galileo",
        "service orders",
        "refused",
        "HTTP 400",
        2,
        100,
        200,
        State.HELD,
        4,
        b"otlp",
    )
    assert expected == letters.get(number)
    assert [expected._replace(otlp=None)] == letters.list()
    assert letters.get(number + 1) is None


def test_dead_letters_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    with closing(open_letters(tmp_path, clock)) as letters:
        number = add(letters)

    with closing(open_letters(tmp_path, clock)) as letters:
        assert [number] == [letter.id for letter in letters.list()]


def test_ids_are_never_used_again(letters: DeadLetters) -> None:
    first = add(letters)
    letters.drop([first])

    assert add(letters) > first


def test_a_replay_goes_to_its_exporter_alone_and_once(letters: DeadLetters) -> None:
    mine, others, held = add(letters), add(letters, "runscope"), add(letters)

    assert 2 == letters.mark_replay([mine, others, 999])
    assert [mine] == [letter.id for letter in letters.take_replays("galileo")]
    assert [] == letters.take_replays("galileo")
    assert [others] == [letter.id for letter in letters.take_replays("runscope")]

    letters.drop([mine])

    assert [(others, "replay"), (held, "held")] == [(letter.id, letter.state) for letter in letters.list()]


def test_all_can_be_marked_for_replay_but_what_was_given_up(letters: DeadLetters) -> None:
    numbers = [add(letters), add(letters)]
    lost = give_up(letters, 1, 2)

    assert 2 == letters.mark_replay("all")
    assert 0 == letters.mark_replay([lost])
    assert numbers == [letter.id for letter in letters.take_replays("galileo")]


def test_a_replay_that_fails_again_is_held_with_the_new_reason(letters: DeadLetters, clock: Clock) -> None:
    number = add(letters)
    letters.mark_replay([number])
    letters.take_replays("galileo")
    clock.now += 5
    letters.put_back(number, reason="refused again", answer="HTTP 422")

    letter = letters.get(number)
    assert letter is not None
    assert ("held", "refused again", "HTTP 422", clock.now) == (
        letter.state,
        letter.reason,
        letter.answer,
        letter.at_ns,
    )

    letters.mark_replay([number])

    assert [number] == [letter.id for letter in letters.take_replays("galileo")]


def test_putting_back_what_was_dropped_meanwhile_is_nothing(letters: DeadLetters) -> None:
    number = add(letters)
    letters.mark_replay([number])
    letters.take_replays("galileo")
    letters.drop([number])
    letters.put_back(number, reason="refused again", answer="")

    assert [] == letters.list()


def test_a_replay_cut_short_by_a_crash_is_taken_again(tmp_path: Path, clock: Clock) -> None:
    with closing(open_letters(tmp_path, clock)) as letters:
        number = add(letters)
        letters.mark_replay("all")
        letters.take_replays("galileo")

    with closing(open_letters(tmp_path, clock)) as letters:
        assert [number] == [letter.id for letter in letters.take_replays("galileo")]


def test_replays_are_handed_out_within_a_bound(letters: DeadLetters) -> None:
    numbers = [add(letters, otlp=bytes(size)) for size in (500, 300, 100, 300)]
    letters.mark_replay("all")

    taken = []
    while some := letters.take_replays("galileo", limit_bytes=400):
        taken.append([letter.id for letter in some])

    assert [numbers[:1], numbers[1:3], numbers[3:]] == taken


def test_full_refuses_until_something_is_dropped(tmp_path: Path, clock: Clock) -> None:
    with closing(open_letters(tmp_path, clock, max_size=MIB)) as letters:
        while letters.bytes_on_disk() < MIB:
            add(letters, otlp=bytes(50_000))
        with pytest.raises(JournalFull, match=r"dead_letters.max_size"):
            add(letters)
        assert MIB <= letters.bytes_on_disk() == (tmp_path / "state.db").stat().st_size <= MIB + 60_000
        give_up(letters, 1, 2)

        letters.drop("all")

        assert (tmp_path / "state.db").stat().st_size < 50_000
        add(letters, otlp=bytes(50_000))


def test_old_ones_are_pruned_but_not_what_waits_for_its_replay(letters: DeadLetters, clock: Clock) -> None:
    old, wanted, lost = add(letters), add(letters), give_up(letters, 1, 2)
    letters.mark_replay([wanted])
    clock.now += 20 * DAY_NS
    young = add(letters)
    clock.now += 11 * DAY_NS

    assert [0, 2] == [letters.prune(), letters.prune()]
    assert {old, lost}.isdisjoint(letter.id for letter in letters.list())
    assert [wanted, young] == [letter.id for letter in letters.list()]


def test_a_clock_that_is_years_ahead_for_an_hour_costs_no_dead_letter(
    letters: DeadLetters, clock: Clock
) -> None:
    number = add(letters)
    clock.now += 3650 * DAY_NS
    dropped = [letters.prune()]
    clock.now -= 3650 * DAY_NS
    dropped += [letters.prune() for _ in range(3)]

    assert [0, 0, 0, 0] == dropped
    assert [number] == [letter.id for letter in letters.list()]


@pytest.mark.parametrize("wrong", [0, 4_000_000_000 * 10**9])
def test_what_was_kept_by_a_wrong_clock_ages_from_the_first_look_at_it(
    letters: DeadLetters, clock: Clock, wrong: int
) -> None:
    right, clock.now = clock.now, wrong
    number = add(letters)
    clock.now = right

    assert [0, 0, 0] == [letters.prune() for _ in range(3)]
    letter = letters.get(number)
    assert letter is not None
    assert right == letter.at_ns

    clock.now += 31 * DAY_NS

    assert [0, 1] == [letters.prune() for _ in range(2)]


def test_dropping_many_works_in_steps(letters: DeadLetters) -> None:
    for _ in range(250):
        add(letters)

    assert 250 == letters.drop("all")
    assert [] == letters.list()


def test_ranges_given_up_grow_into_one_row_for_each_hour(letters: DeadLetters) -> None:
    first = give_up(letters, 100, 200)
    assert first == give_up(letters, 200, 300)
    assert first != give_up(letters, 200, 300, exporter="runscope")
    add(letters)
    assert first == give_up(letters, 300, 100 + HOUR_NS)
    later = give_up(letters, 100 + HOUR_NS, 200 + HOUR_NS)

    assert later != first
    row = letters.get(first)
    assert row is not None
    assert (State.GIVEN_UP, 30, 100, 100 + HOUR_NS, 0, None) == (
        row.state,
        row.exchanges,
        row.first_ns,
        row.last_ns,
        row.size,
        row.otlp,
    )


def test_a_range_given_up_by_a_clock_set_back_has_a_row_of_its_own(letters: DeadLetters) -> None:
    ahead = give_up(letters, 100 * DAY_NS, 100 * DAY_NS + 1)

    assert give_up(letters, DAY_NS, DAY_NS + 1) != ahead


def test_counts_are_by_exporter(letters: DeadLetters) -> None:
    for exporter in ("galileo", "galileo", "runscope"):
        add(letters, exporter)

    assert {"galileo": 2, "runscope": 1} == letters.counts()


def test_a_mark_by_another_process_is_found(letters: DeadLetters, tmp_path: Path) -> None:
    number = add(letters)

    program = (
        "import sys, pathlib; from otel_bridge.journal import DeadLetters;"
        "letters = DeadLetters.open(pathlib.Path(sys.argv[1]), max_size=1, max_age_s=1);"
        "letters.mark_replay('all'); letters.close()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)

    assert [number] == [letter.id for letter in letters.take_replays("galileo")]


def test_several_connections_write_beside_a_running_journal(tmp_path: Path, clock: Clock) -> None:
    with closing(open_journal(tmp_path)) as journal:
        journal.register("galileo", journal.end())
        both = [open_letters(tmp_path, clock), open_letters(tmp_path, clock)]

        def work(letters: DeadLetters) -> None:
            for _ in range(30):
                letters.drop([add(letters)])
                add(letters)
                letters.list()

        threads = [threading.Thread(target=work, args=(letters,)) for letters in both]
        for thread in threads:
            thread.start()
        for _ in range(60):
            seq = journal.append(Signal.TRACES, b"x").result()
            (record,) = journal.read(journal.cursors()["galileo"], limit_bytes=1)
            assert seq == record.seq
            journal.commit("galileo", record.cursor)
        for thread in threads:
            thread.join()

        assert 60 == len(both[0].list())
        for letters in both:
            letters.close()

    with closing(open_journal(tmp_path)) as journal:
        assert {"galileo": 60} == journal.cursors()
