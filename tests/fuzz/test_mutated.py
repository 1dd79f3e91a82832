"""The targets on recorded payloads, mutated by Hypothesis: some of it in every run of the tests."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import bytewise
from tests.fuzz.targets import TARGETS

CHANCE = st.randoms(use_true_random=False)
COUNTS = st.integers(1, 4)
# Bytes, as for the guided ones. Parts that are repeated and repeated again would take seconds each.
LONGEST = 1 << 16
EXAMPLES = settings(max_examples=100, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_fine(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()

    assert len(seeds) >= 10
    for seed in seeds:
        target.run(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(random=CHANCE, count=COUNTS)
@EXAMPLES
def test_no_law_is_broken_by_a_payload_with_parts_changed(name: str, random: Random, count: int) -> None:
    target = TARGETS[name]
    data = random.choice(target.seeds())
    for _ in range(count):
        changed = target.mutate(data, random)
        data = changed if len(changed) <= LONGEST else data

    target.run(data)


@pytest.mark.parametrize("name", TARGETS)
@given(random=CHANCE, count=COUNTS)
@EXAMPLES
def test_no_law_is_broken_by_bytes_cut_spliced_and_overwritten(name: str, random: Random, count: int) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    first, second = random.choice(seeds), random.choice(seeds)
    data = first[: random.randrange(len(first) + 1)] + second[random.randrange(len(second) + 1) :]
    for _ in range(count):
        data = bytewise(data, random)

    target.run(data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=200))
@EXAMPLES
def test_no_law_is_broken_by_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name].run(data)
