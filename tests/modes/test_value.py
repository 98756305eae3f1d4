"""What acting is worth: the bar and the expected value, with the numbers of the design."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.customers import Preferences
from engine.domain.decisions import Rung
from modes.policy import Policy, Worth
from modes.value import Stakes, act, bar, benefit, expected
from tests.modes.shop import FakeModel, a_context, a_forecast, decided, only, rules, rung

costs = st.floats(0.01, 50)
PROACTIVE = [rung for rung in Rung if rung is not Rung.RESPOND]


@pytest.mark.example(1)
@pytest.mark.parametrize(
    ("wrong", "missed", "margin", "expected"),
    [
        (4, 1.7, 0, 0.7018),
        (1.3, 1.7, 0, 0.4333),
        (9, 1, 0, 0.9),
        (4, 1.7, 0.25, 0.9518),
        (1.3, 1.7, 0.25, 0.6833),
        (9, 1, 0.25, 0.99),
    ],
)
def test_the_bar(wrong, missed, margin, expected):
    assert bar(wrong, missed, margin) == pytest.approx(expected, abs=1e-4)


@pytest.mark.example(1)
@given(costs, costs, costs, st.floats(0, 0.5))
def test_dearer_mistakes_and_cheaper_misses_never_lower_the_bar(wrong, missed, more, margin):
    at = bar(wrong, missed, margin)
    assert bar(wrong + more, missed, margin) >= at - 1e-12
    assert bar(wrong, missed + more, margin) <= at + 1e-12


@pytest.mark.example(1)
@given(costs, costs, st.floats(0, 1))
def test_the_margin_alone_never_takes_the_bar_above_99_percent(wrong, missed, margin):
    assert bar(wrong, missed, margin) <= max(0.99, bar(wrong, missed))
    assert bar(wrong, missed, margin) >= bar(wrong, missed)


def plain(p: float) -> float:
    """An act of the design's example: nothing left to do, always taken up, a mistake costs 4."""
    return act(p, success=1, benefit=1.7, effort=0, wrong=4, executes=True)


@pytest.mark.example(14)
def test_the_expected_value_of_an_act():
    assert plain(0.9) == pytest.approx(1.13, abs=1e-9)
    assert plain(bar(4, 1.7)) == pytest.approx(0, abs=1e-12)
    assert plain(0.7) < 0 < plain(0.703)


def test_an_execution_that_is_not_taken_up_is_a_mistake():
    taken = {"success": 0.75, "benefit": 2, "effort": 0.5, "wrong": 1}
    assert act(0.8, **taken, executes=False) == pytest.approx(0.8 * 0.75 * 1.5 - 0.2)
    assert act(0.8, **taken, executes=True) == pytest.approx(0.8 * 0.75 * 1.5 - 0.2 - 0.8 * 0.25)


@pytest.mark.example(14)
@pytest.mark.parametrize("one", PROACTIVE)
@pytest.mark.parametrize("present", [True, False])
def test_where_there_is_no_need_every_act_costs(one, present):
    assert expected(Stakes(probability=0, present=present), Worth())[one] < 0


def test_the_values_of_the_design_at_nine_in_ten():
    stakes, worth = Stakes(probability=0.9), Worth()
    assert benefit(worth) == pytest.approx(1.45)
    message = 0.12 * 1.5
    by_hand = {
        Rung.RESPOND: 0.0,
        Rung.CURATE: 0.9 * 0.7 * (1.45 - 0.6) - 0.1 * 0.05 - message,
        Rung.APPROVE: 0.9 * 0.75 * (1.45 - 0.25) - 0.1 * 0.10 - message,
        Rung.VETO: 0.9 * 0.92 * (1.45 - 0.08) - 0.1 * 1.3 - 0.9 * 0.08 * 1.3 - message,
        Rung.SILENT: 0.9 * 0.95 * 1.45 - 0.1 * 4 - 0.9 * 0.05 * 4,
    }
    assert {rung: expected(stakes, worth)[rung] for rung in by_hand} == pytest.approx(by_hand)


@given(st.floats(0, 1), st.integers(0, 6))
def test_a_list_shown_to_somebody_who_is_here_costs_no_message(probability, load):
    here = expected(Stakes(probability=probability, present=True, load=load), Worth())[Rung.CURATE]
    away = expected(Stakes(probability=probability, load=load), Worth())[Rung.CURATE]
    assert here - away == pytest.approx(0.18 * (1 + load / 3))


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(PROACTIVE))
def test_the_surer_the_need_the_more_an_act_is_worth(one, other, rung):
    low, high = sorted([one, other])
    values = expected(Stakes(probability=np.array([low, high])), Worth())[:, rung]
    assert values[0] <= values[1] + 1e-12


def test_a_goal_adds_to_the_nudge_and_to_an_order_made_in_time_alone():
    with_goal, without = Stakes(probability=0.8, goal=0.8), Stakes(probability=0.8)
    added = expected(with_goal, Worth()) - expected(without, Worth())
    assert added[Rung.RESPOND] == added[Rung.CURATE] == 0
    assert added[Rung.COACH] == pytest.approx(0.8 * 0.5 * 2 - 0.25 * 0.2 - 0.02)
    assert added[Rung.SILENT] == pytest.approx(0.8 * 0.8 * 0.95 * 2)


def test_no_order_is_worth_anything_to_a_goal_that_is_not_about_buying():
    stakes = Stakes(probability=0.8, goal=0.8, buys=False)
    assert all(expected(stakes, Worth())[rung] < 0 for rung in PROACTIVE if rung is not Rung.COACH)
    assert expected(stakes, Worth())[Rung.COACH] > 0


def with_margin(margin: float, **worth: object) -> Policy:
    """A shop that earns ``margin`` by every rung but answering."""
    return Policy(worth=Worth(margin=dict.fromkeys(PROACTIVE, margin), **worth))


@pytest.mark.example(14)
@pytest.mark.parametrize("margin", [10.0, -10.0])
@pytest.mark.parametrize("probability", [0.3, 0.45, 0.6, 0.8, 0.95])
def test_the_shops_margin_never_overrules_the_customers_value(margin, probability):
    model = FakeModel([a_forecast(probability=probability)])
    plain, paid = only(decided(model=model)), only(decided(model=model, policy=with_margin(margin)))
    assert paid.rung is plain.rung
    assert [one.value for one in paid.considered] == [one.value for one in plain.considered]


@pytest.mark.example(14)
def test_what_would_harm_is_not_chosen_for_its_margin():
    harmful = {**Worth().wrong, Rung.CURATE: (0.9 * 0.7 * 0.75 - 0.18 + 0.01) / 0.1}
    context = a_context(preferences=Preferences(ceiling=Rung.CURATE))
    found = only(decided(context, FakeModel([a_forecast(probability=0.9)]), policy=with_margin(10, wrong=harmful)))
    assert rung(found, Rung.CURATE).value == pytest.approx(-0.01)
    assert found.rung is Rung.RESPOND
    assert rules(found)[Rung.CURATE] == "value.low"
