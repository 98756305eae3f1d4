"""A decision is made turn by turn, and may be looked into as far as somebody asks."""

from __future__ import annotations

from hypothesis import given

from modes import capability, habits
from modes.assess import candidate
from modes.lever import Trials
from modes.needs import needs
from modes.recall import Habits
from modes.select import choose
from tests.modes.shop import FakeModel, a_scene
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
