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
