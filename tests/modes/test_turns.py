"""A decision is made turn by turn, and may be looked into as far as somebody asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.decisions import RUNGS
from engine.learn.base import Sought
from modes import capability, habits, selection
from modes.assess import candidate
from modes.draws import draw
from modes.lever import Trials
from modes.needs import needs
from modes.policy import Chance, Policy, Worth
from modes.recall import Habits, Recalled
from modes.scene import Scene
from modes.select import choose, chosen
from tests.modes.shop import FakeModel, a_forecast, a_history, a_scene
from tests.modes.worlds import contexts, forecasts, histories


@given(contexts, forecasts)
def test_a_trial_answers_as_a_whole_decision_does_whoever_is_asked_about_first(context, foreseen):
    scene = a_scene(capability.reduced(context), FakeModel(foreseen), present=True)
    wanted = needs(scene.context, scene.model, scene.now, None, scene.policy, scene.shelf)
    candidates = [candidate(one, None, scene) for one in wanted]
    whole = {id(one.prospect.candidate): one for one in choose(candidates, scene)}
    trials = Trials(candidates, scene)
    for one in (*reversed(candidates), *candidates):
        found, expected = trials.given(one, ()), whole[id(one)]
        assert (found.rung, found.values, found.removals) == (expected.rung, expected.values, expected.removals)


@given(histories)
def test_habits_that_are_remembered_are_those_of_the_history(history):
    known = Habits()
    for _ in range(2):
        for family in (*history.families.tolist(), "coffee", "nothing"):
            assert known.of_family(history, family) == habits.of_family(history, family)
            assert known.last_day(history, family) == habits.last_day(history, family)


def asked(scene: Scene) -> list:
    """What could be put before a customer for each of their needs."""
    wanted = needs(scene.context, scene.model, scene.now, None, scene.policy, scene.shelf)
    return [candidate(one, None, scene) for one in wanted]


@given(contexts, forecasts)
def test_each_need_is_given_what_its_own_draw_falls_on(context, foreseen):
    policy = Policy(chance=Chance(explore=0.4, near=1.0, hold_back=0.5))
    scene = a_scene(capability.reduced(context), FakeModel(foreseen), policy=policy)
    for one in choose(asked(scene), scene):
        if None in one.values.values():  # nothing is known of the need
            continue
        need, shares = one.prospect.wanted.need, np.array([[one.propensities[rung] for rung in RUNGS]])
        own = draw(policy.chance.seed, scene.context.customer.customer_id, need.family or need.source, scene.now)
        assert int(one.rung) == selection.drawn(shares, np.array([own]))[0]


@given(contexts, forecasts)
def test_the_first_turn_is_worth_what_its_need_is_worth_alone(context, foreseen):
    policy = Policy(categories={"DRINKS > COFFEE": Worth(attention=2.0), "DRINKS > TEA": Worth(attention=0.0)})
    scene = a_scene(capability.reduced(context), FakeModel(foreseen), policy=policy)
    first = next(chosen(asked(scene), scene))
    alone = next(chosen([first.prospect.candidate], scene))
    assert (first.values, first.rung, first.removals) == (alone.values, alone.rung, alone.removals)


FAMILIES = ("coffee", "milk", "tea")
BOUGHT = a_history(("i1", "coffee", 40), ("m1", "milk", 3), ("t1", "tea", 9))
SOME_DUE = [
    replace(one, evidence=replace(one.evidence, since_days=since, median_gap_days=20.0))
    for one, since in ((a_forecast(), 40.0), (a_forecast("milk", "m1", 0.95), 3.0), (a_forecast("tea", "t1", 0.3), 9.0))
]
families = st.sets(st.sampled_from(FAMILIES))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.99]), families, st.booleans()), max_size=6))
def test_rhythms_that_are_recalled_are_those_of_the_model(asks):
    model = FakeModel(SOME_DUE)
    recalled = Recalled(model)  # type: ignore[arg-type]
    for least, always, due in asks:
        sought = Sought(least=least, always=frozenset(always), due=due)
        assert recalled.rhythms(BOUGHT, 1.0, sought) == model.rhythms(BOUGHT, 1.0, sought)
