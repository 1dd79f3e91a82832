from otel_bridge.delivery.batch import Entry
from otel_bridge.delivery.lanes import Lanes
from otel_bridge.delivery.work import Work


def lanes(*submitted: tuple[str, int], max_entries: int = 1, max_bytes: int = 1000) -> Lanes:
    made = Lanes(max_entries=max_entries, max_bytes=lambda: max_bytes)
    for api, number in submitted:
        made.add(api, [Entry(b"x", number)])
    return made


def numbers(work: Work | None) -> list[object]:
    return [] if work is None else [entry.origin for entry in work.plan.items]


def test_the_oldest_of_each_api_is_offered_in_turns() -> None:
    queues = lanes(("a", 1), ("b", 2), ("a", 3))
    first, second = queues.heads()

    assert [[1], [2]] == [numbers(first), numbers(second)]
    queues.served("a")
    assert [second, first] == list(queues.heads())
    queues.remove(first)
    assert [[2], [3]] == [numbers(head) for head in queues.heads()]
    assert [[3]] == [numbers(head) for head in queues.heads(busy={"b"})]


def test_what_is_behind_a_head() -> None:
    queues = lanes(("a", 1), ("b", 2), ("a", 3))
    first, second = queues.heads()

    assert [3] == numbers(queues.behind(first))
    assert queues.behind(first) is queues.behind(first)
    assert queues.behind(second) is None


def test_what_came_in_small_pieces_goes_out_in_full_payloads() -> None:
    queues = lanes(*(("a", number) for number in range(7)), max_entries=3)
    (head,) = queues.heads()
    queues.add("a", [Entry(b"x", 7)])

    assert [0, 1, 2] == numbers(head)
    assert [3, 4, 5] == numbers(queues.behind(head))
    queues.remove(head)
    queues.remove(next(queues.heads()))
    assert [6, 7] == numbers(next(queues.heads()))


def test_payloads_are_cut_to_the_measure_of_the_moment() -> None:
    most = [1000]
    queues = Lanes(max_entries=1000, max_bytes=lambda: most[0])
    queues.add("a", [Entry(b"x", number) for number in range(10)])
    most[0] = 8
    (head,) = queues.heads()

    assert [0, 1, 2, 3] == numbers(head)


def test_discarded_entries_do_not_go_out() -> None:
    queues = lanes(("a", 1), ("a", 2), ("b", 3))
    gone = queues.discard(lambda entry: entry.origin != 2)

    assert [1, 3] == [entry.origin for entry in gone]
    assert [[2]] == [numbers(head) for head in queues.heads()]


def test_empty_lanes_are_gone() -> None:
    queues = lanes(("a", 1))
    assert queues
    queues.remove(next(queues.heads()))
    queues.served("a")

    assert not queues
    assert [] == list(queues.heads())
