from otel_bridge.delivery.grouping import Grouping


def test_groups_are_sent_until_disproven() -> None:
    grouping = Grouping(certain=False)

    assert grouping.uncertain
    assert grouping.limit > 10**6
    assert grouping.only_singly()
    assert 1 == grouping.limit
    assert not grouping.uncertain


def test_an_accepted_group_proves_it_for_good() -> None:
    grouping = Grouping(certain=False)
    grouping.accepted(2)

    assert not grouping.uncertain
    assert not grouping.only_singly()
    assert grouping.limit > 10**6


def test_a_lone_entry_proves_nothing() -> None:
    grouping = Grouping(certain=False)
    grouping.accepted(1)

    assert grouping.uncertain


def test_given_up_for_good() -> None:
    grouping = Grouping(certain=False)
    grouping.only_singly()
    grouping.accepted(2)

    assert 1 == grouping.limit


def test_where_it_is_certain_nothing_disproves_it() -> None:
    assert not Grouping(certain=True).only_singly()
