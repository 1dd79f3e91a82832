from __future__ import annotations

from otel_bridge.pipeline.seen import Seen


def test_a_resend_within_the_window_is_not_new() -> None:
    seen = Seen(window=120)

    assert seen.first(b"a", now=0)
    assert not seen.first(b"a", now=119)
    assert not seen.first(b"a", now=121)


def test_a_key_is_forgotten_after_two_windows() -> None:
    seen = Seen(window=120)
    seen.first(b"a", now=0)

    assert seen.first(b"b", now=240)
    assert seen.first(b"a", now=241)


def test_memory_is_bounded_and_the_youngest_stay() -> None:
    seen = Seen(limit=10)
    for n in range(1000):
        seen.first(str(n).encode(), now=0)

    assert not seen.first(b"999", now=0)
    assert seen.first(b"5", now=0)


def test_several_keys_at_once_are_as_one_after_the_other() -> None:
    seen = Seen(window=120)

    assert [True, True] == list(seen.first_ones([b"a", b"b"], now=0))
    assert [True, False, False] == list(seen.first_ones([b"c", b"a", b"c"], now=1))
    assert [False, True] == list(seen.first_ones([b"b", b"d"], now=121))
    assert [True] == list(seen.first_ones([b"a"], now=400))
