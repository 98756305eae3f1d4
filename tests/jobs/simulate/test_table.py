"""The table of policies, and what the selector owes to its parts (MODES.md, section 7, example 16)."""

from functools import reduce
from operator import add

import pytest

from jobs import simulate
from jobs.simulate import scenario
from jobs.simulate.playing import Score, play
from jobs.simulate.rivals import PLAYERS, Selector
from jobs.simulate.world import World
from tests.jobs.simulate.small import of

BEST_RIVAL = "curate at p >= .5, at most 3 a week"


def scored(utility: float, opted_out: int = 0) -> Score:
    """A score of ten customers."""
    return Score(customers=10, customer_days=300, utility=utility, opted_out=opted_out)


def test_shares_are_taken_seed_by_seed():
    row = simulate.Row.of("ours", [scored(50, 1), scored(60, 3)], [scored(100), scored(200)])
    assert (row.share, row.opt_outs) == (pytest.approx(0.4), 20)
    assert row.se == pytest.approx(0.1)  # deviation of .5 and .3 is .1414, over the root of 2


def test_one_seed_has_no_standard_error_and_an_oracle_without_gain_no_shares():
    assert simulate.Row.of("ours", [scored(50)], [scored(100)]).se is None
    nothing = simulate.Row.of("ours", [scored(50), scored(1)], [scored(100), scored(0)])
    assert (nothing.share, nothing.se) == (None, None)


def test_every_policy_has_a_row_and_the_oracle_is_the_measure():
    said = []
    rows = simulate.run(of("regular"), [7, 8], say=lambda *told: said.append(told))
    assert [row.policy for row in rows] == list(PLAYERS)
    best = next(row for row in rows if row.policy == "oracle")
    assert (best.share, best.se) == (1.0, 0.0)
    waits = next(row for row in rows if row.policy == "always respond")
    assert (waits.opt_outs, waits.unwanted) == (0, 0)
    assert 0.2 < waits.share < 0.9
    assert [done for _, done, _ in said] == list(range(2 * len(PLAYERS)))
    assert simulate.run(of("regular"), [7, 8]) == rows


@pytest.mark.example(16)
@pytest.mark.long
def test_16_the_floor_of_the_simulator():
    """Regular world, three seeds, 300 customers."""
    given = scenario.of("regular")
    assert given.customers == 300
    players = {
        **PLAYERS,
        "without budget": lambda n, m, seed: Selector(n, m, seed, budget=False),
        "without ceilings": lambda n, m, seed: Selector(n, m, seed, ceilings=False),
    }

    def lived(name: str) -> Score:
        lives = (play(players[name](given.customers, given.needs, seed), World.born(given, seed)) for seed in SEEDS)
        return reduce(add, lives)

    names = ("selector", BEST_RIVAL, "always respond", "always execute", "without budget", "without ceilings")
    ours, rival, waits, executes, loud, open_ = (lived(name) for name in names)
    assert ours.utility > rival.utility > waits.utility > executes.utility
    assert ours.executions > 100
    assert 1_000 * ours.unwanted / ours.executions <= 80
    assert loud.utility < 0.7 * ours.utility
    assert open_.opted_out >= 2 * ours.opted_out > 0
    assert ours.over_ceiling == 0 < open_.over_ceiling


SEEDS = (200, 201, 202)  # that no parameter of the worlds was chosen on
