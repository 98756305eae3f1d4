"""How choices came about, in logs that one can count by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.domain.decisions import Rung, Stage
from engine.measure import choices
from engine.measure.choices import OPEN, STAGES, Choices

CEILING, GATE, VALUE, ATTENTION = (
    STAGES.index(one) for one in (Stage.CEILING, Stage.GATE, Stage.VALUE, Stage.ATTENTION)
)


def needs(n: int, **given: Any) -> Choices:
    """So many needs of one customer in one week, that everything is open for and nothing is worth."""
    known = {
        "customers": np.zeros(n, int),
        "families": np.zeros(n, int),
        "weeks": np.zeros(n, int),
        "leads": np.ones(n, bool),
        "chosen": np.zeros(n, int),
        "values": np.zeros((n, 6)),
        "stages": np.full((n, 6), OPEN),
        "need": np.full(n, 0.9),
        "order": np.full(n, 0.9),
        "present": np.zeros(n, bool),
    }
    return Choices(**{name: np.asarray(value) for name, value in {**known, **given}.items()})


def test_a_move_is_from_one_week_to_the_next_of_one_customers_family():
    found = needs(
        7,
        customers=[0, 0, 0, 1, 0, 0, 0],
        families=[5, 5, 6, 5, 5, -1, -1],
        weeks=[0, 1, 1, 1, 3, 0, 1],
        chosen=[Rung.CURATE, Rung.VETO, Rung.COACH, Rung.SILENT, Rung.RESPOND, 0, 1],
    )
    moved = choices.moves(found)
    assert moved.sum() == 1  # week 3 follows no week 2, and needs of no family are none
    assert moved[Rung.CURATE, Rung.VETO] == 1


def test_of_a_week_the_last_decision_counts():
    found = needs(3, weeks=[0, 0, 1], chosen=[Rung.SILENT, Rung.CURATE, Rung.APPROVE])
    assert choices.moves(found)[Rung.CURATE, Rung.APPROVE] == 1
    assert choices.moves(found).sum() == 1


def test_no_needs_make_no_moves():
    assert choices.moves(needs(0)).sum() == 0
    assert choices.moves(needs(1)).sum() == 0


def test_the_best_is_open_and_worth_it():
    values = np.array([[0.0, 0.3, 0.4, 0.5, 0.9, np.nan]])
    free = np.ones((1, 6), bool)
    assert choices.best(values, free) == [Rung.VETO]
    free[0, Rung.VETO] = False
    assert choices.best(values, free) == [Rung.APPROVE]
    assert choices.best(values - 1, np.zeros((1, 6), bool)) == [Rung.RESPOND]
    worth = choices.worthwhile(needs(1), values, 0.35, 0.4)
    assert worth[0].tolist() == [True, False, True, True, True, False]
    unlikely = choices.worthwhile(needs(1, need=[0.3]), values, 0.35, 0.4)
    assert unlikely[0].tolist() == [True, False, False, False, False, False]


def test_what_a_stage_was_the_first_to_remove_is_open_without_it():
    stages = np.array([[OPEN, VALUE, CEILING, GATE, GATE, ATTENTION]])
    found = needs(1, stages=stages)
    assert choices.kept_in(found)[0].tolist() == [True, True, False, False, False, False]
    assert choices.kept_in(found, Stage.GATE)[0].tolist() == [True, True, False, True, True, False]
    counted = choices.removed(found)
    assert counted.sum() == 5
    assert counted[GATE].tolist() == [0, 0, 0, 1, 1, 0]


def test_counts_of_two_logs_add():
    rng = np.random.default_rng(3)
    groups, rungs = rng.integers(0, 4, 50), rng.integers(0, 6, 50)
    whole = choices.mix(groups, rungs, 4)
    np.testing.assert_array_equal(
        whole, choices.mix(groups[:20], rungs[:20], 4) + choices.mix(groups[20:], rungs[20:], 4)
    )


@pytest.mark.parametrize(
    ("stages", "last"),
    [
        ([[OPEN, CEILING, CEILING, CEILING, CEILING, CEILING]], CEILING),
        ([[OPEN, CEILING, CEILING, CEILING, GATE, CEILING]], GATE),  # the one that came furthest
        ([[OPEN, CEILING, CEILING, CEILING, OPEN, CEILING]], OPEN),
        ([[OPEN, VALUE, CEILING, CEILING, CEILING, CEILING]], OPEN),  # allowed, and not worth it
        ([[OPEN, ATTENTION, CEILING, CEILING, CEILING, CEILING]], OPEN),
        ([[OPEN, *[CEILING] * 5], [OPEN, *[GATE] * 5]], GATE),
        ([[OPEN, *[CEILING] * 5], [OPEN] * 6], OPEN),  # something was open once
    ],
)
def test_who_was_never_given_anything_but_respond(stages, last):
    found = needs(len(stages), stages=stages)
    assert choices.served_at_most_respond(found, 2).tolist() == [last, -2]
