"""Traffic and rules made to hurt: the engine stays within its time and memory, and goes on."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator

import pytest

from otel_bridge.inspector.alerts.rule import Count, Share
from otel_bridge.inspector.exchange import Exchange, Side
from tests.inspector.alerts.at_work import NOW_US, AtWork, a_rule
from tests.inspector.exchanges import an_exchange
from tests.inspector.hostile import BODIES, MIB, bodies

DEAR = (
    "resp.xml./b:ha*",
    "resp.xml./a/a/a:*",
    "resp.json.a:1",
    "resp.body:/^(a+)+$/",
    "resp.body:*declined*",
    '"card declined"',
)


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_looked_at_by_all_kinds_of_rules(name: str) -> None:
    rules = [a_rule(query, Count(10**6), id=query) for query in DEAR]
    by_json = a_rule("", Count(10**6), per="resp.json.a", id="grouped")
    work = AtWork(*rules, by_json, a_rule("status:200", Count(20), id="plain"))
    work.engine.see([_with_body(name)] * 20)

    assert ["plain"] == [each.rule.id for each in work.tick()]


def test_entities_mean_nothing() -> None:
    work = AtWork(a_rule("resp.xml./b:*root*", Count(1)), a_rule("resp.xml./b:*ha*", Count(1), id="2"))
    work.engine.see([_with_body("entity bomb"), _with_body("foreign file")])

    assert work.tick() == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)+$", "(.*a){20}$", "(a?){50}a{50}$"])
def test_a_pattern_that_looks_catastrophic_takes_linear_time(pattern: str) -> None:
    work = AtWork(a_rule(f"resp.body:/{pattern}/", Count(1)))
    # By backtracking it would take longer than there is time.
    work.engine.see([_exchange(b"a" * (MIB - 1) + b"!")])

    assert work.tick() == []


def test_a_hundred_dear_rules_are_suspended_and_the_others_go_on() -> None:
    # A slow machine, so that the test is fast.
    dear = [a_rule(f"resp.body:/a{number}+(b|c)*d/", id=str(number)) for number in range(100)]
    plain = a_rule("status:200", Count(400), id="plain")
    work = AtWork(*dear, plain, cpu=lambda: time.thread_time() * 10)
    some = [_exchange(bytes([97 + number]) * (MIB // 2)) for number in range(8)]
    for _ in range(50):
        work.engine.see(some)
    changes = work.tick()
    suspended = [each for each in work.engine.health().values() if each.suspended_until_us]

    assert ["plain"] == [each.rule.id for each in changes]
    assert len(suspended) == 100
    assert all("a pattern" in each.suspended_why for each in suspended)
    assert sum(each.seen for each in suspended) < 100 * 400


@pytest.mark.parametrize("number", [60_000, pytest.param(1_000_000, marks=pytest.mark.field)])
def test_so_many_groups_cost_no_more_memory_than_a_thousand(number: int) -> None:
    work = AtWork(
        a_rule("", Count(5), per="consumer", window=60, id="count"),
        a_rule("status:500", Share(0.5, 5), per="consumer", window=60, id="share"),
    )
    blocks = []
    for start in range(0, number, number // 4):
        for batch in _consumers(start, start + number // 4):
            work.engine.see(batch)
            work.clock.now_us += 200_000
            work.engine.tick()
        blocks.append(sys.getallocatedblocks())
    health = work.engine.health()

    # A group has ten or so.
    assert max(blocks[1:]) < blocks[0] + 20_000
    assert all(each.groups <= 1_000 for each in health.values())
    assert all(each.groups_left_out > 0 for each in health.values())
    assert all(each.seen == number for each in health.values())


def test_large_bodies_are_decoded_a_few_at_a_time() -> None:
    """As XML these would take 1 GB, were they all looked at in one go."""
    pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-m", "tests.inspector.alerts.test_hostile"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (0, "") == (done.returncode, done.stderr)


def _look_at_large_bodies_in_little_memory() -> None:
    import resource

    content = b"<a>" + b"<b/>" * 250_000 + b"</a>"
    plain, coded = _exchange(content), _exchange(gzip.compress(content), "gzip")
    resource.setrlimit(resource.RLIMIT_DATA, (500 * MIB, 500 * MIB))
    work = AtWork(a_rule("resp.xml./b:1"))
    work.engine.see([plain, coded] * 12)


def _consumers(start: int, end: int) -> Iterator[list[Exchange]]:
    base = an_exchange(started_us=NOW_US)
    for first in range(start, end, 500):
        yield [base._replace(consumer=f"c{number}") for number in range(first, first + 500)]


def _with_body(name: str) -> Exchange:
    response = bodies()[name]["response"]
    headers = tuple((each["name"], each["value"]) for each in response["headers"])
    return an_exchange(
        started_us=NOW_US, response=Side(headers=headers, body=b64decode(response["content"]["text"]))
    )


def _exchange(content: bytes, coding: str = "identity") -> Exchange:
    return an_exchange(
        started_us=NOW_US, response=Side(headers=(("Content-Encoding", coding),), body=content)
    )


if __name__ == "__main__":
    _look_at_large_bodies_in_little_memory()
