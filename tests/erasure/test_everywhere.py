"""What is erased is in no file any more, byte for byte, and everything else is as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from otel_bridge.erasure import erase
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.interface import EVER, Period
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.journal import Cursor, DeadLetters, Journal, JournalError, State
from otel_bridge.mapping import HttpExchange, SpanAddress, spot
from otel_bridge.mapping.removal import without
from otel_bridge.pipeline.letters import Letters, Origin
from tests.bridge import Bridge, eventually, run
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.letters import listed
from tests.end_to_end.traffic import Call
from tests.end_to_end.traffic import request as calls
from tests.files import contents
from tests.inspector.store.conftest import kept
from tests.journal import append, open_journal, read_all
from tests.mapping.spans import START, Attributes, Batch, SpanOf, kong, request
from tests.vendor_server import Reply, VendorServer

CANARY = "anna.canary@example.com"
ERASED = parse("consumer:anna.canary@example.com")
ANNAS: Attributes = {
    "http.method": "POST",
    "http.url": f"http://shop.example.com/orders?of={CANARY}",
    "http.status_code": 201.0,
    "kong.auth.consumer.name": CANARY,
    "kong.capture.version": "1",
    "http.request.body.content": f'{{"email": "{CANARY}"}}',
}
OTHERS: Attributes = {
    **ANNAS,
    "http.url": "http://shop.example.com/orders?of=b",
    "kong.auth.consumer.name": "bert",
    "http.request.body.content": "{}",
}


def one(number: int, attributes: Attributes) -> list[SpanOf]:
    """A root of Kong and its balancer's span, in a trace of their own."""
    trace, own = number.to_bytes(16, "big"), number.to_bytes(8, "big")
    helper = SpanOf({"who": attributes["kong.auth.consumer.name"]}, "kong.balancer", 3, b"h" + own[1:], own)
    return [
        SpanOf(attributes, "kong", 2, own, trace_id=trace, start=number, end=number + 10.0),
        helper._replace(trace_id=trace, start=number, end=number + 1.0),
    ]


def has_canary(directory: Path) -> list[str]:
    """Files with her address in them, in whatever state they are."""
    needle = CANARY.encode()
    return [str(path) for path, content in contents(directory) if needle in content]


def exchanges(journal: Journal) -> list[HttpExchange]:
    return [found.exchange for record in read_all(journal) for found in spot(record.body).exchanges]


@contextmanager
def heeded(journal: Journal) -> Iterator[None]:
    """As the bridge does each second."""
    over = threading.Event()

    def heed() -> None:
        while not over.wait(0.01):
            journal.heed()

    thread = threading.Thread(target=heed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_nothing_of_an_erased_exchange_is_left_in_a_journal_that_was_stopped(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [request(kong(*one(1, OTHERS), *one(2, ANNAS))), request(kong(*one(3, OTHERS)))])
        journal.register("galileo", Cursor(1))
    before = has_canary(tmp_path)
    receipt = erase(tmp_path, None, ERASED, EVER, dry_run=False)

    assert before
    assert [] == has_canary(tmp_path)
    assert (1, 1, START // 1000 + 2000) == (*receipt.journal[:2], receipt.journal.oldest_us)
    assert {} == receipt.undelivered
    assert not receipt.running
    with closing(open_journal(tmp_path)) as journal:
        assert [1, 2] == [record.seq for record in read_all(journal)]
        assert ["bert", "bert"] == [each.consumer for each in exchanges(journal)]
        assert all(len(each.helpers) == 1 for each in exchanges(journal))
        assert 0 == journal.stats().bad_records
        assert {"galileo": 1} == journal.cursors()
        assert [3] == append(journal, [b""])


def test_the_spans_that_stay_keep_their_addresses(tmp_path: Path) -> None:
    record = request(kong(*one(1, ANNAS), *one(2, OTHERS)), Batch([SpanOf({"http.method": "GET"})]))
    before = {found.span: found.exchange for found in spot(record).exchanges}
    after = {found.span: found.exchange for found in spot(without(record, {SpanAddress(0, 0, 0)})).exchanges}

    assert [SpanAddress(0, 0, 2), SpanAddress(1, 0, 0)] == list(after)
    assert all(before[address] == exchange for address, exchange in after.items())


def test_what_a_trace_left_in_other_records_goes_with_its_exchange(tmp_path: Path) -> None:
    root, helper = one(1, ANNAS)
    inside = SpanOf({"db.statement": f"select '{CANARY}'"}, "db", 3, b"d" * 8, trace_id=root.trace_id)
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [request(kong(helper)), request(kong(root)), request(Batch([inside]))])
    erase(tmp_path, None, ERASED, EVER, dry_run=False)

    assert [] == has_canary(tmp_path)


def test_other_exchanges_of_the_same_trace_stay_with_their_helper_spans(tmp_path: Path) -> None:
    (mine, _), (other, helper) = one(1, ANNAS), one(2, OTHERS)
    trace = mine.trace_id
    with closing(open_journal(tmp_path)) as journal:
        spans = mine, other._replace(trace_id=trace), helper._replace(trace_id=trace)
        append(journal, [request(kong(*spans))])
    erase(tmp_path, None, ERASED, EVER, dry_run=False)

    with closing(open_journal(tmp_path)) as journal:
        (left,) = exchanges(journal)

        assert ("bert", 1) == (left.consumer, len(left.helpers))
        assert [] == has_canary(tmp_path)


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path / "journal")) as journal:
        append(journal, [request(kong(*one(1, ANNAS), *one(2, ANNAS)))])
        journal.register("galileo", Cursor(0))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = erase(tmp_path / "journal", None, ERASED, EVER, dry_run=True)
    unchanged = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = erase(tmp_path / "journal", None, ERASED, EVER, dry_run=False)

    assert files == unchanged
    assert (2, {"galileo": 2}) == (told.journal.exchanges, told.undelivered)
    assert told._replace(dry_run=False) == done


def test_a_period_spares_what_began_outside_of_it(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [request(kong(*one(1, ANNAS), *one(2, ANNAS), *one(3, ANNAS)))])
    base = START // 1000
    erase(tmp_path, None, ERASED, Period(base + 2000, base + 3000), dry_run=False)

    with closing(open_journal(tmp_path)) as journal:
        assert [1, 3] == [each.span_id[-1] for each in exchanges(journal)]


def test_a_journal_at_work_goes_on_without_what_was_erased(tmp_path: Path) -> None:
    with ExitStack() as stack:
        journal = stack.enter_context(closing(open_journal(tmp_path)))
        append(
            journal, [request(kong(*one(number, ANNAS if number % 2 else OTHERS))) for number in range(1, 9)]
        )
        stack.enter_context(heeded(journal))
        # As a pipeline in the middle of the segment would have it open.
        half = journal.read(journal.start(), limit_bytes=1)
        receipt = erase(tmp_path, None, ERASED, EVER, dry_run=False)
        append(journal, [request(kong(*one(9, OTHERS)))])

        assert 1 == len(half)
        assert receipt.running
        assert 4 == receipt.journal.exchanges
        assert ["bert"] * 5 == [each.consumer for each in exchanges(journal)]
        assert list(range(1, 10)) == [record.seq for record in read_all(journal)]
        assert [] == has_canary(tmp_path)
        assert 0 == journal.stats().bad_records + journal.stats().quarantined
        assert 0 == journal.cursor_leaving(Cursor(0), 1 << 30).records


def test_a_bridge_that_does_not_answer_keeps_everything(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [request(kong(*one(1, ANNAS)))])

        with pytest.raises(JournalError, match="did not let go"):
            erase(tmp_path, None, ERASED, EVER, dry_run=False, patience=0.1)
        assert [CANARY] == [each.consumer for each in exchanges(journal)]
        assert not (tmp_path / "seal").exists()


def test_dead_letters_are_cut_or_dropped_and_leave_nothing_behind(tmp_path: Path) -> None:
    with (
        closing(open_journal(tmp_path)),
        closing(DeadLetters.open(tmp_path, max_size=1 << 20, max_age_s=86_400)) as letters,
    ):
        shared, whole, others = (
            letters.add(
                exporter="galileo",
                api="shop",
                reason="HTTP 400",
                answer=f"no {CANARY}",
                exchanges=len(numbers),
                first_ns=START,
                last_ns=START,
                otlp=b"".join(request(kong(*one(n, ANNAS if n < 3 else OTHERS))) for n in numbers),
            )
            for numbers in ((1, 3), (2,), (4, 5))
        )
        letters.cut(others, otlp=request(kong(*one(4, OTHERS))), exchanges=1)
        letters.mark_replay([shared])
        (taken,) = letters.take_replays("galileo")
    receipt = erase(tmp_path, None, ERASED, EVER, dry_run=False)

    assert (2, 2) == receipt.dead_letters[:2]
    assert [] == has_canary(tmp_path)
    with closing(DeadLetters.open(tmp_path, max_size=1 << 20, max_age_s=86_400)) as letters:
        left = letters.get(shared)

        assert taken.id == shared
        assert left is not None
        assert (1, "", State.REPLAY) == (left.exchanges, left.answer, left.state)
        assert ["bert"] == [found.exchange.consumer for found in spot(left.otlp or b"").exchanges]
        assert letters.get(whole) is None
        assert letters.get(others) is not None


def test_an_exchange_that_is_refused_after_it_was_erased_is_no_dead_letter(tmp_path: Path) -> None:
    with (
        closing(open_journal(tmp_path)) as journal,
        closing(DeadLetters.open(tmp_path, max_size=1 << 20, max_age_s=86_400)) as store,
        heeded(journal),
    ):
        append(journal, [request(kong(*one(1, ANNAS), *one(2, OTHERS)))])
        mine, other = (
            Origin(1, Cursor(1), found.span) for found in spot(read_all(journal)[0].body).exchanges
        )
        erase(tmp_path, None, ERASED, EVER, dry_run=False)
        letters = Letters("galileo", store=store, journal=journal)

        assert letters.write("shop", [mine], reason="HTTP 400", answer="")
        assert [] == store.list()
        assert letters.write("shop", [mine, other], reason="HTTP 400", answer="")
        assert [1] == [letter.exchanges for letter in store.list()]


def test_pinned_ones_and_the_index_go_too(tmp_path: Path) -> None:
    keep = Retention(age=1e9, size=1 << 40, bodies=1e9, min_free=0)
    with closing(SqliteStore(tmp_path / "store", retention=keep)) as running:
        annas = [kept(number, consumer=CANARY, path=f"/of/{CANARY}") for number in (1, 2)]
        running.append([*annas, kept(3)])
        running.pin(annas[0].id, True)
        with closing(SqliteStore(tmp_path / "store")) as beside:
            receipt = erase(tmp_path / "none", beside, ERASED, EVER, dry_run=False)

        assert (2, 1, 1) == (*receipt.inspector[:2], receipt.pinned)
        assert [] == has_canary(tmp_path)
        assert [kept(3).id] == [row.id for row in running.search(parse("")).rows]
        assert (1, 0) == running.append([kept(4)])


def test_damaged_files_are_named_because_nobody_can_look_into_them(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)):
        pass
    aside = tmp_path / "journal-00000000000000000001.db.quarantined"
    aside.write_text(CANARY)
    receipt = erase(tmp_path, None, ERASED, EVER, dry_run=False)

    assert (str(aside),) == receipt.unread


def test_a_whole_bridge_forgets_a_person_and_goes_on(tmp_path: Path) -> None:
    refusing = threading.Event()
    refusing.set()

    def answer(_: object) -> Reply:
        return Reply(400, f"no {CANARY}".encode()) if refusing.is_set() else Reply()

    section = {"endpoint": "127.0.0.1:0", "tokens": [{"token": "t", "role": "admin"}]}
    annas = [Call(f"/{CANARY}/{n}", attributes={"kong.auth.consumer.name": CANARY}) for n in range(3)]
    with (
        VendorServer(answer) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}, inspector=section) as bridge,
    ):
        bridge.post(calls(*annas))
        eventually(lambda: len(listed(bridge)) > 0, "the dead letter")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        said = run("export", "--query", "", "--format", "csv", "--config", bridge.config)
        kept_before = said.out.count(f"/{CANARY}/")
        ended = run("erase", "--query", f"consumer:{CANARY}", "--yes", "--config", bridge.config)
        left = has_canary(tmp_path / "state") + has_canary(tmp_path / "inspector")
        refusing.clear()
        bridge.post(calls(Call("/later")))
        eventually(lambda: b"/later" in b"".join(r.body for r in galileo.wait_for(1)), "what came later")

        assert 3 <= kept_before
        assert (0, "") == (ended.code, ended.err)
        assert [] == left
        assert [] == listed(bridge)
        assert 0 == bridge.stop()
    assert [] == has_canary(tmp_path / "state") + has_canary(tmp_path / "inspector")
