"""One exchange that a destination stumbles over, in whatever way, while it takes all others."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from tests.bridge import Bridge, eventually
from tests.end_to_end.collector import Collector, Trouble, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.letters import dead_letters, listed
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Manner, Reply

POISON = "/poison"
STEADY = "/steady"
PAYLOAD = 2
ANSWERS = {
    "refused with 400": Reply(400, b"no such thing"),
    "refused with 422": Reply(422, b"not this one"),
    "refused with 413": Reply(413, b"too much"),
    "answered with 500": Reply(500, b"boom"),
    "answered with 503": Reply(503, b"not now"),
    "never answered": Reply(manner=Manner.HANG),
    "answered by a reset": Reply(manner=Manner.RESET),
    "dripped an answer": Reply(manner=Manner.DRIP, interval=0.5),
}
REASONS = {
    "refused with 400": ("refused with 400", "400 Bad Request: no such thing"),
    "refused with 422": ("refused with 422", "422 Unprocessable Entity: not this one"),
    "refused with 413": ("refused with 413", "413 Request Entity Too Large: too much"),
    "answered with 500": ("answered 500 Internal Server Error: boom", "500 Internal Server Error: boom"),
    "answered with 503": ("answered 503 Service Unavailable: not now", "503 Service Unavailable: not now"),
    "never answered": ("silence for 1 s", ""),
    "answered by a reset": ("connection reset by peer", ""),
    "dripped an answer": ("no answer within 4 s", ""),
}
# It is told from an outage by what else is delivered: for at most so long.
PATIENCE = 60.0


class Poisoned(NamedTuple):
    """All of it, when each destination has its dead letter."""

    bridge: Bridge
    collectors: dict[str, Collector]
    letters: dict[str, dict[str, Any]]
    """Dead letters as listed, by destination."""


def stumbles(reply: Reply) -> Trouble:
    def answer(payload: Sequence[str]) -> Reply:
        if POISON in payload:
            return reply
        # Something else is always on its way, and is the second opinion that tells it from an outage.
        return Reply(delay=0.3 if payload[0].startswith(STEADY) else 0.0)

    return answer


def neighbours() -> list[str]:
    """Before and behind it, in its payload and in others."""
    return [*paths(PAYLOAD + 1, "before-"), *paths(PAYLOAD + 2, "later-")]


def quiet(collector: Collector) -> Sequence[str]:
    """What it took, but for the steady traffic of its other API."""
    return [path for path in collector.taken if not path.startswith(STEADY)]


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Poisoned]:
    """All at once, each at an exporter of its own with one poisonous exchange and steady other traffic."""
    with ExitStack() as stack:
        collectors = {
            name: stack.enter_context(Collector(stumbles(reply))) for name, reply in ANSWERS.items()
        }
        sections = {
            f"galileo/{name}": galileo_section(
                collector,
                apply_to={"service": [name, f"{name}, other"]},
                queue_size=PAYLOAD,
                retry_count=1,
                connection_timeout="1s",
            )
            for name, collector in collectors.items()
        }
        bridge = stack.enter_context(Bridge(tmp_path_factory.mktemp("poison"), exporters=sections))
        calls = [*neighbours()[: PAYLOAD + 1], POISON, *neighbours()[PAYLOAD + 1 :]]
        beside = [Call(STEADY, service=f"{name}, other") for _ in range(9) for name in ANSWERS]
        bridge.post(request(*(Call(path, service=name) for path in calls for name in ANSWERS), *beside))
        over = threading.Event()
        steady = threading.Thread(target=_send_steadily, args=(bridge, over), daemon=True)
        steady.start()
        try:
            eventually(lambda: bridge.metric("dead_letters") >= len(ANSWERS), "all dead letters", PATIENCE)
        finally:
            over.set()
            steady.join()
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        letters = {letter["exporter"].removeprefix("galileo/"): letter for letter in listed(bridge)}
        yield Poisoned(bridge, collectors, letters)


def _send_steadily(bridge: Bridge, over: threading.Event) -> None:
    while not over.wait(0.15):
        bridge.post(request(*(Call(STEADY, service=f"{name}, other") for name in ANSWERS)))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_poisonous_exchange_alone_is_a_dead_letter(poisoned: Poisoned, name: str) -> None:
    letter = poisoned.letters[name]
    reason, answer = REASONS[name]

    assert (1, "held", name) == (letter["exchanges"], letter["state"], letter["api"])
    assert reason in letter["reason"]
    assert answer == letter["answer"]
    assert len(ANSWERS) == len(poisoned.letters) == poisoned.bridge.metric("dead_letters")


@pytest.mark.parametrize("name", ANSWERS)
def test_each_of_its_neighbours_arrives_once(poisoned: Poisoned, name: str) -> None:
    assert sorted(neighbours()) == sorted(quiet(poisoned.collectors[name]))


def test_a_letter_shows_its_exchange_and_why(poisoned: Poisoned) -> None:
    for name, (reason, answer) in REASONS.items():
        shown = dead_letters(poisoned.bridge, "show", poisoned.letters[name]["id"])

        assert 0 == shown.exit_code
        assert f"http://shop.example.com{POISON}" in shown.stdout
        assert reason in shown.stdout
        assert answer in shown.stdout
        assert "galileo-token" not in shown.stdout


def test_replayed_to_destinations_that_are_well_again_each_arrives_once(poisoned: Poisoned) -> None:
    for collector in poisoned.collectors.values():
        collector.trouble = well
        collector.taken.clear()
    replayed = dead_letters(poisoned.bridge, "replay", "--all")
    eventually(lambda: poisoned.bridge.metric("dead_letters") == 0, "all letters are gone")

    assert f"{len(ANSWERS)} dead letters will be sent again" in replayed.stdout
    assert [] == listed(poisoned.bridge)
    assert {name: [POISON] for name in ANSWERS} == {
        name: quiet(collector) for name, collector in poisoned.collectors.items()
    }
