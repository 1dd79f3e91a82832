from __future__ import annotations

import pytest

from otel_bridge.inspector.alerts.budget import (
    EXCHANGES,
    LONGEST,
    SECONDS,
    SHORTEST,
    Budget,
    Meter,
    dear_parts,
    reads_bodies,
)
from otel_bridge.inspector.alerts.rule import Count, Silence
from otel_bridge.inspector.query import parse
from tests.inspector.alerts.at_work import NOW_US, SECOND, AtWork, a_rule

HOUR = 3600


class Cpu:
    """A processor clock: *each* second it is looked at."""

    def __init__(self, each: float = 0.0) -> None:
        self.each = each
        self.spent = 0.0

    def __call__(self) -> float:
        self.spent += self.each
        return self.spent


def test_the_cost_is_the_mean_of_the_last_thousand_exchanges() -> None:
    meter = Meter("")

    assert meter.each_us is None

    meter.spend(0.09, EXCHANGES, 0)
    meter.spend(0.001, 100, 1)

    assert meter.each_us == pytest.approx(0.091 / 1100 * 1e6)

    meter.spend(0.009, 900, 2)

    assert meter.each_us == pytest.approx(10)
    assert meter.fault() == ""


def test_a_rule_may_take_100_microseconds_and_no_more() -> None:
    meter = Meter("")
    meter.spend(0.0999, EXCHANGES, 0)

    assert meter.fault() == ""

    meter.spend(0.1001, EXCHANGES, 1)

    assert meter.fault() == "took 100 µs for each exchange, 100 at most are allowed"


def test_too_much_for_a_few_exchanges_is_too_much_for_a_thousand() -> None:
    meter = Meter("")
    meter.spend(0.101, 10, 0)

    assert meter.fault() == "took 10100 µs for each exchange, 100 at most are allowed"


def test_a_rule_may_take_a_fifth_of_a_core_for_ten_seconds() -> None:
    meter = Meter("")
    for second in range(100):
        meter.at(second)
        meter.spend(0.19, 3_000, second)

        assert meter.fault() == ""

    meter.spend(0.2, 3_000, 100)

    assert meter.fault() == "took 21% of a processor core, 20% at most are allowed"


def test_what_was_spent_is_forgotten_after_ten_seconds() -> None:
    meter = Meter("")
    meter.spend(1.9, 100_000, 0)
    meter.at(SECONDS - 1)

    assert meter.lately == 1.9

    meter.at(SECONDS)

    assert meter.lately == 0


def test_a_suspension_lasts_twice_as_long_each_time_up_to_a_day() -> None:
    meter = Meter("")
    lasting = []
    for _ in range(30):
        meter.suspend("took too much", NOW_US)
        assert meter.until_us is not None
        lasting.append((meter.until_us - NOW_US) // SECOND)
        meter.resume()

    assert [SHORTEST, 2 * SHORTEST, 4 * SHORTEST] == lasting[:3]
    assert [LONGEST] * 20 == lasting[10:]
    assert (None, "") == (meter.until_us, meter.why)


def test_of_all_rules_the_dearest_is_suspended_first() -> None:
    cpu = Cpu()
    budget, cheap, dear, dearer = Budget(cpu), Meter(""), Meter(""), Meter("a pattern")
    meters = [cheap, dear, dearer]
    for second in range(SECONDS):
        budget.begin(meters, NOW_US + second * SECOND)
        for meter, seconds in ((cheap, 0.15), (dear, 0.175), (dearer, 0.18)):
            cpu.spent += seconds
            budget.spent(meter, 100_000)

    assert [None, None] == [cheap.until_us, dear.until_us]
    assert dearer.until_us == NOW_US + (SECONDS - 1 + SHORTEST) * SECOND
    assert dearer.why.startswith(
        "took 18% of a processor core, the most of all rules, when together they took"
    )
    assert dearer.why.endswith("more than 50%; it reads a pattern")


def test_rules_that_are_suspended_are_no_longer_counted_among_all() -> None:
    cpu = Cpu(0.15)
    work = AtWork(*(a_rule(id=str(number)) for number in range(50)), cpu=cpu)
    # The first suspends most for their own cost, the second what is left of it.
    for _ in range(2):
        work.see()

    assert all(each.suspended_why for each in work.engine.health().values())

    cpu.each = 0.0
    work.wait(SHORTEST)
    work.see()

    assert not any(each.suspended_why for each in work.engine.health().values())


@pytest.mark.parametrize(
    ("query", "per", "told"),
    [
        ("status:5xx service:orders", "consumer", ""),
        ("resp.xml./a/b:1", "", "XML of bodies (resp.xml./a/b)"),
        ("-resp.json.a.b:1", "", "JSON of bodies (resp.json.a.b)"),
        ("status:500", "req.json.tenant", "JSON of bodies (req.json.tenant)"),
        ("req.header.x:1", "", "headers or parameters (req.header.x)"),
        ("declined", "", "the text of everything"),
        ('req.body:"card declined"', "", "the text of bodies (req.body)"),
        ("resp.body:/a+/ OR path:/b/", "", "the text of bodies (resp.body), a pattern"),
    ],
)
def test_what_is_dear_in_a_rule_is_named(query: str, per: str, told: str) -> None:
    assert told == dear_parts(parse(query), per)
    assert reads_bodies(parse(query), per) == ("bod" in told or "everything" in told)


def test_a_dear_rule_is_suspended_says_why_and_counts_anew_afterwards() -> None:
    cpu = Cpu()
    work = AtWork(a_rule("resp.body:/x/ OR status:200", Count(3)), cpu=cpu)
    work.see(2)
    cpu.each = 0.2
    work.see()
    health = work.engine.health()["1"]

    assert health.suspended_until_us == NOW_US + SHORTEST * SECOND
    assert health.suspended_why == (
        "took 66667 µs for each exchange, 100 at most are allowed; "
        "it reads the text of bodies (resp.body), a pattern"
    )

    cpu.each = 0.0
    work.see(9)

    assert work.engine.health()["1"].seen == 3

    work.wait(SHORTEST)

    assert work.engine.health()["1"].suspended_until_us is None
    assert work.see(2) == []
    assert len(work.see(1)) == 1


def test_what_fires_stays_while_its_rule_is_suspended_and_for_a_window_after() -> None:
    cpu = Cpu()
    work = AtWork(a_rule(condition=Count(3)), a_rule(condition=Silence(1), id="2"), cpu=cpu)
    work.see(3)
    cpu.each = 0.2
    work.see()
    cpu.each = 0.0

    assert all(each.suspended_why for each in work.engine.health().values())
    assert work.wait(SHORTEST) == []
    assert work.wait(590) == []
    assert {("1", False), ("2", True)} == {(each.rule.id, each.firing) for each in work.wait(21)}


def test_judging_costs_as_well() -> None:
    cpu = Cpu()
    work = AtWork(a_rule(condition=Silence(1)), cpu=cpu)
    cpu.each = 0.25
    for _ in range(8):
        work.wait(1)

    assert work.engine.health()["1"].suspended_why == ""

    work.wait(1)

    assert work.engine.health()["1"].suspended_why.startswith("took 22% of a processor core")


def test_a_changed_rule_is_no_longer_suspended() -> None:
    cpu = Cpu(0.2)
    work = AtWork(a_rule("status:200"), cpu=cpu)
    work.see()
    work.use(a_rule("status:200", channels=("slack",)))

    assert work.engine.health()["1"].suspended_why

    work.use(a_rule("status:201"))

    assert not work.engine.health()["1"].suspended_why


def test_a_clock_set_back_far_makes_no_rule_dear() -> None:
    cpu = Cpu(0.004)
    work = AtWork(a_rule(), cpu=cpu)
    some = work.exchanges(200)
    for second in range(200):
        work.wait(-HOUR if second == 10 else 1)
        work.engine.see(some)

        assert not work.engine.health()["1"].suspended_why
