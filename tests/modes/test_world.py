"""The real selection in the given world of customers with hidden wishes; skipped where the world is not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import world_policy

WORLD = Path(__file__).parents[3] / "shared" / "world"
CUSTOMERS, NEEDS, DAYS, SEED = 150, 6, 240, 50  # a seed that nothing was tuned on

pytestmark = [pytest.mark.long, pytest.mark.skipif(not WORLD.is_dir(), reason="the given world is not there")]


@pytest.fixture(scope="module")
def given() -> Iterator[dict[str, object]]:
    """The modules of the world, by name."""
    sys.path.insert(0, str(WORLD))
    try:
        yield {name: __import__(name) for name in ("world", "rivals", "run")}
    finally:
        sys.path.remove(str(WORLD))


def played(given, policy, scenario: str):
    """How a policy fares."""
    world = given["world"].World(given["world"].SCENARIOS[scenario], SEED, CUSTOMERS, NEEDS)
    return given["run"].play(policy, world, DAYS)


@pytest.mark.parametrize("scenario", ["grocery", "regular"])
def test_it_is_above_the_best_rival_and_never_above_a_ceiling(given, scenario):
    ours = played(given, world_policy.make(scenario, CUSTOMERS, NEEDS, SEED), scenario)
    rival = given["rivals"].RIVALS["curate p>=.5 at most 3 a week"](CUSTOMERS, NEEDS)
    assert ours.utility > played(given, rival, scenario).utility
    assert ours.ceiling_violations == 0
    assert ours.unwanted_per_customer_year <= 0.3
    assert ours.opt_out_percent <= 8


def test_ceilings_are_what_keeps_it_below_them(given):
    whole = played(given, world_policy.make("regular", CUSTOMERS, NEEDS, SEED), "regular")
    without = played(given, world_policy.make_without_ceilings("regular", CUSTOMERS, NEEDS, SEED), "regular")
    assert without.ceiling_violations > 0 == whole.ceiling_violations


def test_the_same_seed_lives_the_same_life(given):
    one, other = (played(given, world_policy.make("grocery", CUSTOMERS, NEEDS, SEED), "grocery") for _ in range(2))
    assert (one.utility, one.messages) == (other.utility, other.messages)
