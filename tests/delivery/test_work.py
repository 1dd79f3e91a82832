from otel_bridge.delivery.batch import Entry
from otel_bridge.delivery.bisection import Bisection
from otel_bridge.delivery.work import Lanes, Work


def works(*apis: str) -> list[Work]:
    return [
        Work(api=api, plan=Bisection([Entry(b"", number)]), order=number) for number, api in enumerate(apis)
    ]


def test_the_oldest_of_each_api_is_offered_in_turns() -> None:
    lanes = Lanes()
    a1, b1, a2 = works("a", "b", "a")
    for work in (a1, b1, a2):
        lanes.add(work)

    assert [a1, b1] == list(lanes.heads())
    lanes.served("a")
    assert [b1, a1] == list(lanes.heads())
    lanes.remove(a1)
    assert [b1, a2] == list(lanes.heads())


def test_what_is_behind_a_head() -> None:
    lanes = Lanes()
    a1, b1, a2 = works("a", "b", "a")
    for work in (a1, b1, a2):
        lanes.add(work)

    assert a2 is lanes.behind(a1)
    assert lanes.behind(b1) is None


def test_empty_lanes_are_gone() -> None:
    lanes = Lanes()
    (only,) = works("a")
    lanes.add(only)
    assert lanes
    lanes.remove(only)
    lanes.served("a")

    assert not lanes
    assert [] == list(lanes)
