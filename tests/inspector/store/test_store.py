"""Keeping, finding, measuring, pinning and letting go, on real files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.interface import EVER, FACETS, Count, Period, StoreError, StoreFullError
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.store.conftest import HOUR_US, Clock, kept
from tests.inspector.strategies import STARTED_US

OpenStore = Callable[..., SqliteStore]
ALL = parse("")


def _ids(store: SqliteStore, text: str = "") -> list[str]:
    return [row.id for row in store.search(parse(text), limit=1000).rows]


def test_the_same_exchange_is_kept_once(store: SqliteStore) -> None:
    first, second = kept(1), kept(2)

    assert (2, 0) == store.append([first, second])
    assert (1, 2) == store.append([first, kept(3), second])
    assert 3 == len(_ids(store))


@pytest.mark.parametrize("together", [True, False])
def test_a_repeat_that_brings_bodies_takes_the_place_of_one_without(
    store: SqliteStore, together: bool
) -> None:
    whole = kept(1, response=Side(body=b"a peculiar word", body_size=15))
    bare = whole._replace(response=Side(body_size=15, omitted="not wanted"))
    for batch in [[bare, whole]] if together else [[bare], [whole], [bare]]:
        store.append(batch)

    found = store.get(whole.id)
    assert found
    assert whole == found.exchange
    assert [whole.id] == _ids(store, "peculiar")
    assert [whole.id] == _ids(store)
    assert 1 == store.dashboard(ALL, EVER).now.exchanges


def test_pages_go_from_the_newest_to_the_oldest_across_hours(store: SqliteStore) -> None:
    spread = [kept(number, started_us=STARTED_US - number * HOUR_US // 3) for number in range(20)]
    store.append(spread[::-1])

    first = store.search(ALL, limit=7)
    second = store.search(ALL, before=first.next, limit=100)

    assert [each.id for each in spread[:7]] == [row.id for row in first.rows]
    assert [each.id for each in spread[7:]] == [row.id for row in second.rows]
    assert second.next is None


def test_a_thousand_exchanges_of_one_millisecond_all_have_a_place(store: SqliteStore) -> None:
    store.append([kept(number) for number in range(700)])
    store.append([kept(number) for number in range(700, 1400)])

    assert 1400 == len(set(_ids(store)) | {row.id for row in store.search(ALL, limit=2000).rows})
    assert 1400 == store.drop(ALL, Period(STARTED_US, STARTED_US + 1), dry_run=True).exchanges


def test_a_period_takes_its_begin_and_leaves_its_end(store: SqliteStore) -> None:
    store.append([kept(number, started_us=STARTED_US + number) for number in range(4)])

    found = store.search(ALL, Period(STARTED_US + 1, STARTED_US + 3)).rows

    assert {STARTED_US + 1, STARTED_US + 2} == {row.started_us for row in found}


def test_a_stopped_search_goes_on_where_it_stopped(store: SqliteStore) -> None:
    store.append([kept(number, started_us=STARTED_US - number * HOUR_US) for number in range(6)])
    asked = 0

    def after_three() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    page = store.search(parse("*xampl*"), limit=10, stop=after_three)
    rest = store.search(parse("*xampl*"), before=page.next, limit=10)

    assert not page.complete
    assert 3 == len(page.rows)
    assert 6 == len({row.id for row in (*page.rows, *rest.rows)})


def test_a_search_stopped_without_a_hit_does_not_begin_anew(store: SqliteStore) -> None:
    store.append([kept(number, started_us=STARTED_US - number * HOUR_US) for number in range(6)])
    everything = store.search(ALL).rows
    asked = 0

    def after_three() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    page = store.search(parse("*example* *nowhere*"), stop=after_three)

    assert not page.complete
    assert page.next is not None
    assert everything[3].position < page.next < everything[2].position


def test_figures_from_roll_ups_are_those_of_the_rows(store: SqliteStore) -> None:
    store.append(
        [
            kept(
                number,
                started_us=STARTED_US - number * HOUR_US // 50,
                service=("orders", "billing")[number % 2],
                consumer=f"c{number % 3}",
                status=(200, 200, 503, 404)[number % 4],
                method=("GET", "POST", "A B")[number % 3],
                path=f"/{number % 5}",
                route_template="/{id}" if number % 7 == 0 else "",
                duration_us=number * 1000,
            )
            for number in range(400)
        ]
    )
    period = Period(STARTED_US - 7 * HOUR_US - 12345, STARTED_US + HOUR_US)

    for text in (
        "",
        "service:orders",
        "status:5xx",
        "is:error service:billing",
        "endpoint:/3",
        "service:orders method:POST endpoint:/{id}",
        "-method:GET (endpoint:/2 OR status:404)",
        "service:/or+d/ endpoint:/[12]/",
    ):
        rolled_up = store.dashboard(parse(text), period)
        scanned = store.dashboard(parse(f"{text} -path:/nowhere"), period)
        counts = store.facets(parse(text), period, FACETS)

        assert scanned == rolled_up
        assert store.facets(parse(f"{text} -path:/nowhere"), period, FACETS) == counts
        assert store.histogram(parse(f"{text} -path:/nowhere"), period) == store.histogram(
            parse(text), period
        )


def test_percentiles_are_within_five_percent(store: SqliteStore) -> None:
    store.append([kept(number, duration_us=number * 100) for number in range(1, 1001)])

    figures = store.dashboard(ALL, Period(STARTED_US, STARTED_US + 1)).now

    assert figures.p50_us == pytest.approx(50_000, rel=0.05)
    assert figures.p95_us == pytest.approx(95_000, rel=0.05)
    assert figures.p99_us == pytest.approx(99_000, rel=0.05)


def test_a_flood_of_names_is_counted_under_others(store: SqliteStore) -> None:
    store.append([kept(number, consumer=f"c{number}", service=f"s{number}") for number in range(300)])

    # The bounds of whole hours: roll-ups answer.
    hour = Period(STARTED_US // HOUR_US * HOUR_US, STARTED_US // HOUR_US * HOUR_US + HOUR_US)
    consumers = store.facets(ALL, hour, ("consumer",), top=1000).fields["consumer"]

    assert 300 == sum(count.exchanges for count in consumers.values) + consumers.others
    assert consumers.others
    assert 1 == store.dashboard(parse("service:s299"), hour).now.exchanges


def test_absurd_measures_do_not_cost_the_neighbours(store: SqliteStore) -> None:
    largest = (1 << 63) - 1
    absurd = {"duration_us": largest, "gateway_us": largest, "upstream_us": largest, "client_port": 1 << 80}
    store.append([kept(number, request=Side(body_size=1 << 90), **absurd) for number in range(3)])
    store.append([kept(4), kept(5, **absurd)])

    assert 5 == store.dashboard(ALL, EVER).now.exchanges


def test_values_begin_as_typed_and_come_with_counts(store: SqliteStore) -> None:
    store.append([kept(number, service=("Orders", "old", "billing")[number % 3]) for number in range(8)])

    assert [Count("Orders", 3), Count("old", 3)] == list(store.values("service", "o"))
    with pytest.raises(StoreError, match="body can't be listed"):
        store.values("body", "")


def test_erasing_leaves_no_trace_in_any_file(store: SqliteStore, tmp_path: Path) -> None:
    secret = "xq7zzyv5k1"
    body = Side(body=secret.encode() * 3, headers=(("X-Name", secret),))
    spread = [kept(number, started_us=STARTED_US - number * HOUR_US, service="orders") for number in range(3)]
    store.append([each._replace(request=body, consumer=secret) for each in spread])
    store.append([kept(9, service="billing")])
    store.pin(spread[0].id, pinned=True)
    dry = store.drop(parse("service:orders"), EVER, dry_run=True)

    receipt = store.drop(parse("service:orders"), EVER, dry_run=False)

    assert dry == receipt._replace(bytes=0)
    assert (3, 1, 3) == receipt[:3]
    assert [kept(9).id] == _ids(store)
    assert 1 == store.dashboard(ALL, EVER).now.exchanges
    assert [] == [path.name for path in tmp_path.iterdir() if secret.encode() in path.read_bytes()]


def test_another_process_erases_beside_the_owner(store: SqliteStore, tmp_path: Path, clock: Clock) -> None:
    store.append([kept(1, service="orders"), kept(2)])
    other = SqliteStore(tmp_path, clock=clock)

    assert 1 == other.drop(parse("service:orders"), EVER, dry_run=False).exchanges
    assert (1, 0) == store.append([kept(3)])
    assert 2 == len(_ids(store))
    other.close()


def test_old_hours_go_and_pinned_exchanges_stay(store: SqliteStore, clock: Clock) -> None:
    old = kept(1, service="orders")
    store.append([old, kept(2)])
    assert store.pin(old.id, pinned=True)
    clock.now_us += 8 * 24 * HOUR_US
    store.append([kept(3, started_us=clock.now_us)])

    store.tidy()

    assert [kept(3, started_us=clock.now_us).id, old.id] == _ids(store)
    found = store.get(old.id)
    assert found is not None
    assert found.pinned
    assert store.pin(old.id, pinned=False)
    assert store.get(old.id) is None
    assert not store.pin(old.id, pinned=True)


def test_size_takes_the_oldest_hours_and_then_refuses(open_store: OpenStore) -> None:
    store = open_store(size=400_000)
    for number in range(8):
        store.append([kept(number, started_us=STARTED_US - (8 - number) * HOUR_US)])

    store.tidy()

    left = _ids(store)
    assert 0 < len(left) < 8
    assert left == [
        kept(n, started_us=STARTED_US - (8 - n) * HOUR_US).id for n in range(7, 7 - len(left), -1)
    ]


def test_a_disk_without_room_refuses_and_takes_again(open_store: OpenStore) -> None:
    free = 0
    store = open_store(min_free=1000, free=lambda _: free)

    with pytest.raises(StoreFullError, match="min_free"):
        store.append([kept(1)])
    free = 2000

    assert (1, 0) == store.append([kept(1)])


def test_bodies_go_before_the_rest_and_their_words_with_them(open_store: OpenStore, clock: Clock) -> None:
    store = open_store(bodies=3600.0)
    body = Side(body=b'{"card": "declined"}', headers=(("X", "header"),))
    pinned = kept(2, response=body)
    store.append([kept(1, response=body), pinned])
    store.pin(pinned.id, pinned=True)
    clock.now_us += 3 * HOUR_US

    store.tidy()

    found = store.get(kept(1).id)
    assert found is not None
    assert (None, "expired", 20) == (
        found.exchange.response.body,
        found.exchange.response.omitted,
        found.exchange.response.body_size,
    )
    assert [pinned.id] == _ids(store, "declined")
    assert 2 == len(_ids(store, "header"))
    assert [pinned.id] == _ids(store, "has:body")
    since = store.held().bodies_since_us
    assert since is not None
    assert since > STARTED_US


def test_a_damaged_hour_is_set_aside_alone(open_store: OpenStore, tmp_path: Path) -> None:
    first = open_store()
    first.append([kept(number, started_us=STARTED_US - number * HOUR_US) for number in range(3)])
    first.close()
    middle = sorted(tmp_path.glob("*T*.db"))[1]
    middle.write_bytes(b"\0" * 100 + middle.read_bytes()[100:])

    store = open_store()

    assert 2 == len(_ids(store))
    assert [f"{middle.name}.damaged"] == store.held().quarantined
    assert (1, 0) == store.append([kept(1, started_us=STARTED_US - HOUR_US)])


def test_a_later_versions_file_is_refused_and_left_alone(open_store: OpenStore, tmp_path: Path) -> None:
    first = open_store()
    first.append([kept(1)])
    first.close()
    (path,) = tmp_path.glob("*T*.db")
    db = apsw.Connection(str(path))
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreError, match="later version"):
        open_store()
    assert path.exists()


def test_readers_and_the_writer_do_not_wait_for_each_other(store: SqliteStore) -> None:
    store.append([kept(0)])
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            seen.append(len(store.search(parse("example"), limit=1000).rows))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        store.append([kept(number)])
    done.set()
    for reader in readers:
        reader.join(30)

    assert 60 == len(_ids(store))
    assert seen


def test_held_tells_what_there_is(store: SqliteStore) -> None:
    assert (0, None, None) == (store.held().exchanges, store.held().oldest_us, store.held().newest_us)

    store.append([kept(1), kept(2, started_us=STARTED_US - HOUR_US)])

    held = store.held()
    assert (2, STARTED_US - HOUR_US, STARTED_US) == (held.exchanges, held.oldest_us, held.newest_us)
    assert held.bytes


def test_an_id_is_read_with_dashes_and_nonsense_is_nobody(store: SqliteStore) -> None:
    store.append([kept(1)])
    plain = kept(1).id
    dashed = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))

    assert store.get(dashed) == store.get(plain) is not None
    assert store.get("nonsense") is None
    assert store.get("00" * 16) is None
