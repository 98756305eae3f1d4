"""The invented world: what a day is worth, what it does to customers, and whose luck it is."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.decisions import Rung
from jobs.simulate import day
from jobs.simulate.day import Evening
from jobs.simulate.playing import Score, play
from jobs.simulate.replies import moving, taking
from jobs.simulate.rivals import PLAYERS, Selector
from jobs.simulate.seen import Sign
from jobs.simulate.world import SPOKEN, World
from tests.jobs.simulate.small import luck, of, one


def after(world: World, rung: Rung, **lots: float) -> tuple[World, float, set[Sign], bool]:
    """The morning after one act; what the day was worth; what was seen; whether the order was right."""
    later, evening = day.lived(world, np.full((1, 1), int(rung)), luck(**lots))
    seen = {sign for sign in Sign if later.morning.saw(sign)[0, 0]}
    return later, float(evening.utility[0, 0]), seen, bool(later.morning.right[0, 0])


@pytest.mark.parametrize(
    ("rung", "state", "lots", "worth", "seen", "right"),
    [  # effort counts 1.6 - .6 = 1 times; an order is worth 3, a message .12
        (Rung.RESPOND, {}, {}, 0.0, set(), False),
        (Rung.RESPOND, {"stock": -1.0}, {"recalled": 0.0}, 3 - 1 - 0.3, {Sign.ORDERED}, True),
        (Rung.RESPOND, {"stock": -1.0}, {"recalled": 0.0, "elsewhere": 0.0}, 3 - 1 - 0.3, set(), False),
        (Rung.RESPOND, {"stock": -1.0}, {"recalled": 1.0}, -0.3, set(), False),
        (Rung.CURATE, {}, {"taken": 0.0}, 3 - 0.6 - 0.12, {Sign.ACCEPTED}, True),
        (Rung.CURATE, {}, {"taken": 1.0}, -0.12, {Sign.IGNORED}, False),
        (Rung.CURATE, {"stock": 9.0}, {"taken": 0.0}, -0.12, {Sign.IGNORED}, False),
        (Rung.COACH, {}, {"taken": 0.0}, 3 - 0.6 - 0.12 - 0.25, {Sign.ACCEPTED}, True),
        (Rung.APPROVE, {}, {"taken": 0.0}, 3 - 0.25 - 0.12, {Sign.ACCEPTED}, True),
        (Rung.APPROVE, {"other": True}, {"taken": 0.0}, 3 - 0.25 - 0.12 - 0.3, {Sign.EDITED}, False),
        (Rung.APPROVE, {}, {"taken": 1.0, "later": 0.0}, -0.12, {Sign.SNOOZED}, False),
        (Rung.VETO, {}, {}, 3 - 0.08 - 0.12, {Sign.KEPT}, True),
        (Rung.VETO, {"stock": 9.0}, {"noticed": 0.0}, -0.12 - 0.4, {Sign.VETOED}, False),
        (Rung.VETO, {"stock": 9.0}, {"noticed": 1.0}, -0.12 - 4, {Sign.RETURNED}, False),
        (Rung.VETO, {"other": True}, {"noticed": 0.0}, 3 - 0.08 - 0.12 - 0.3, {Sign.EDITED}, False),
        (Rung.SILENT, {}, {}, 3.0, {Sign.KEPT}, True),
        (Rung.SILENT, {"other": True}, {"sent_back": 0.0}, -4.0, {Sign.RETURNED}, False),
        (Rung.SILENT, {"other": True}, {"sent_back": 1.0}, -2.0, {Sign.KEPT}, False),
        (Rung.SILENT, {"comfort": 3.5}, {"complained": 0.0}, 3 - 2 * 0.6, {Sign.COMPLAINED}, True),
    ],
)
def test_what_a_day_is_worth_and_what_is_seen_of_it(rung, state, lots, worth, seen, right):
    _, found, signs, was_right = after(one(**state), rung, **lots)
    assert (round(found, 6), signs, was_right) == (round(worth, 6), seen, right)


def test_orders_fill_the_stock_and_what_is_sent_back_does_not():
    waited, kept, sent_back = (
        after(one(**state), Rung.SILENT if unasked else Rung.RESPOND, sent_back=0.0)[0].state.stock[0, 0]
        for state, unasked in (({}, False), ({}, True), ({"other": True}, True))
    )
    assert waited == sent_back == 1.0
    assert kept > 2.0


def test_trust_and_comfort_move_with_experience():
    edge = one(comfort=3.4)
    good, bad, stopped = (
        after(edge, Rung.APPROVE, taken=0.0)[0].state,
        after(one(other=True, comfort=3.4), Rung.SILENT, sent_back=0.0)[0].state,
        after(edge, Rung.VETO, noticed=0.0, principle=0.0)[0].state,
    )
    assert bad.trust < stopped.trust < edge.state.trust < good.trust
    assert bad.comfort < edge.state.comfort < good.comfort
    assert bad.annoyance > stopped.annoyance > good.annoyance


def test_a_goal_that_moved_rests():
    world = one(stock=9.0)
    world = replace(world, customers=replace(world.customers, goal=np.ones((1, 1), bool)))
    later, worth, seen, _ = after(world, Rung.COACH, moved=0.0)
    assert (round(worth, 6), seen) == (2 - 0.12, {Sign.PROGRESSED})
    _, worth, seen, _ = after(later, Rung.COACH, moved=0.0)
    assert seen == {Sign.IGNORED}


def test_whoever_opted_out_is_sent_nothing():
    world, worth, seen, _ = after(one(silent=True), Rung.SILENT)
    assert (worth, seen, world.state.sent.sum()) == (0.0, set(), 0.0)
    assert not world.morning.reachable[0]


def test_patience_ends_in_opting_out():
    later, *_ = after(one(annoyance=500.0), Rung.RESPOND)
    assert not later.reachable[0]
    assert after(one(annoyance=1.0), Rung.RESPOND)[0].reachable[0]


def test_shares_over_copies_of_a_day_are_those_that_the_oracle_knows():
    world = World.born(of("grocery"), 3)
    world, _ = day.lived(world, np.full((30, 3), int(Rung.CURATE)))
    acts = np.full((30, 3), int(Rung.COACH))
    days = [Evening.of(world, acts, world.luck(copy)).replies for copy in range(1, 400)]
    likely = taking(world, np.maximum(acts - np.floor(world.state.comfort), 0))
    found = np.mean([day.taken for day in days], axis=0)
    assert np.abs(found - world.welcome * likely).max() < 0.11  # four deviations of 400 draws
    assert np.abs(found[world.welcome] - likely[world.welcome]).mean() < 0.03
    assert np.abs(np.mean([day.moved for day in days], axis=0) - world.goal_open * moving(world)).max() < 0.11


def test_the_same_seed_is_the_same_world_and_the_same_luck_whatever_is_decided():
    worlds = [World.born(of("grocery"), 5) for _ in range(2)]
    for _ in range(20):
        worlds = [
            day.lived(world, np.full((30, 3), int(rung)))[0]
            for world, rung in zip(worlds, (Rung.RESPOND, Rung.CURATE), strict=True)
        ]
    quiet, loud = (world.state for world in worlds)
    assert (quiet.alive == loud.alive).all()
    assert (quiet.gap == loud.gap).all()
    assert (quiet.dear == loud.dear).all()
    assert (loud.sent[:, 0] == 3 * worlds[1].reachable).all()
    assert (World.born(of("grocery"), 6).customers.agency != worlds[0].customers.agency).any()


def test_gaps_vary_as_the_scenario_says():
    for name, mean in (("grocery", 0.22), ("regular", 0.09)):
        variation = World.born(of(name, customers=500), 1).customers.variation
        assert variation.mean() == pytest.approx(mean, abs=0.01)


def test_what_is_stated_is_near_to_what_is_wished():
    world = World.born(of("grocery", customers=2_000), 1)
    customers = world.customers
    assert np.corrcoef(customers.says_agency, customers.agency[:, 0])[0, 1] > 0.7
    assert np.corrcoef(customers.says_trust, customers.trust[:, 0])[0, 1] > 0.5
    assert np.corrcoef(customers.ceiling, customers.comfort.mean(axis=1))[0, 1] > 0.6
    assert set(np.unique(customers.ceiling)) <= set(range(6))
    assert (customers.goal | ~customers.goal_told).all()


def test_a_shop_that_waits_annoys_nobody():
    score = play(PLAYERS["always respond"](30, 3, 0), World.born(of("touchy"), 0))
    assert (score.messages, score.executions, score.opted_out, score.unwanted) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", ["selector", "static agency x trust rules"])
def test_ceilings_are_heeded_by_those_who_say_so(name):
    score = play(PLAYERS[name](30, 3, 1), World.born(of("regular"), 1))
    assert score.messages > 0
    assert score.over_ceiling == 0


def test_the_same_life_twice_is_the_same():
    one_life, other = (play(Selector(30, 3, 2), World.born(of("grocery"), 2)) for _ in range(2))
    assert one_life == other


def test_scores_add():
    day, who = (
        Score(customer_days=30, utility=60, margin=15, messages=3, executions=2, unwanted=1),
        Score(customers=10, opted_out=2),
    )
    both = day + day + who
    assert (both.utility, both.customer_days, both.unwanted, both.opt_out_percent) == (120, 60, 2, 20)
    assert both.unwanted_per_customer_year == pytest.approx(2 * 365 / 60)
    assert both.margin_per_customer_month == pytest.approx(30 / 60 * 365 / 12)


def test_every_rung_but_the_first_and_the_last_speaks():
    assert SPOKEN.tolist() == [0, 1, 1, 1, 1, 0]
