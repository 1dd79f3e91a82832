"""`make soak` runs, tells what happened, and can fail."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from bench.soak.__main__ import faults
from bench.soak.run import Outcome
from bench.soak.script import Act, Trouble, script
from bench.soak.watch import Sample, Thirds, growth, thirds

ROOT = Path(__file__).parents[2]
CALM = Sample(memory=100, descriptors=50, threads=12)


@pytest.mark.field
def test_a_short_soak_loses_nothing_and_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--minutes", "0.25"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    print(done.stdout, done.stderr)
    rows = {line[:16].strip(): line[16:].split() for line in done.stdout.splitlines()}

    assert 0 == done.returncode
    assert ["0", "0"] == rows["lost"]
    assert int(rows["sent"][0]) > 500
    assert rows["sent"] == rows["acknowledged"] == rows["delivered"]
    assert 4 == len(rows["memory, MiB"])


@pytest.mark.parametrize("seconds", [15.0, 600.0])
def test_a_script_has_one_of_each_and_ends_well(seconds: float) -> None:
    events = script(seconds, ["galileo", "runscope"], Random(1))
    last = {event.destination: event.act for event in events if event.destination}

    assert events == script(seconds, ["galileo", "runscope"], Random(1))
    assert set(Act) == {event.act for event in events}
    assert all(before.at <= after.at <= seconds for before, after in pairwise(events))
    assert all(event.at <= seconds / 2 for event in events if event.act is Act.KILL)
    assert {"galileo": Act.WELL, "runscope": Act.WELL} == last


def test_a_long_script_has_all_troubles_at_each_destination() -> None:
    events = script(600.0, ["galileo", "runscope"], Random(1))
    for destination in ("galileo", "runscope"):
        assert {*Trouble, None} == {each.trouble for each in events if each.destination == destination}


def test_a_life_that_stays_the_same_has_not_grown() -> None:
    assert [] == growth(thirds([CALM] * 9))


def test_a_trouble_in_the_last_third_is_no_growth() -> None:
    assert [] == growth(thirds([CALM] * 8 + [CALM._replace(descriptors=500)]))


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (CALM._replace(memory=400), "memory grew from 100 to 400"),
        (CALM._replace(descriptors=200), "descriptors grew from 50 to 200"),
        (CALM._replace(threads=40), "threads grew from 12 to 40"),
    ],
)
def test_growth_is_told(end: Sample, sentence: str) -> None:
    assert [sentence] == growth(Thirds(start=CALM, middle=CALM, end=end))


def test_a_lost_exchange_and_a_bad_end_fail_a_soak() -> None:
    outcome = Outcome(
        sent=10,
        acknowledged=9,
        delivered={"galileo": 9, "runscope": 7},
        duplicated={"galileo": 1, "runscope": 0},
        replayed=0,
        repeated=0,
        acts={},
        peak=120,
        life=Thirds(CALM, CALM, CALM),
        exit_code=1,
    )

    assert ["2 acknowledged exchanges did not arrive", "the bridge ended with 1"] == list(faults(outcome))
    assert [] == list(faults(outcome._replace(delivered={"galileo": 9, "runscope": 9}, exit_code=0)))
