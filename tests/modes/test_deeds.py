"""What is left to do after a decision: an order and the words about it, a nudge, or nothing."""

import pytest

from engine.domain.customers import Preferences
from engine.domain.decisions import Rung
from engine.domain.nudges import NudgeKind
from modes.deeds import deeds
from tests.modes.shop import NOW, FakeModel, a_context, a_forecast, a_goal, a_history, decided


@pytest.mark.parametrize(
    ("rung", "executions", "messages"),
    [
        (Rung.RESPOND, 0, []),
        (Rung.CURATE, 0, []),
        (Rung.COACH, 0, [NudgeKind.GOAL]),
        (Rung.APPROVE, 1, [NudgeKind.APPROVAL]),
        (Rung.VETO, 1, [NudgeKind.NOTICE]),
        (Rung.SILENT, 1, []),
    ],
)
def test_each_rung_leaves_its_own_things_to_do(rung, executions, messages):
    goals = (a_goal(),) if rung is Rung.COACH else ()
    decision = decided(a_context(preferences=Preferences(ceiling=rung), goals=goals))
    found = deeds(decision, NOW)
    assert sum(deed.execution is not None for deed in found) == executions
    assert [deed.message.kind for deed in found if deed.message is not None] == messages


def test_a_deed_knows_its_experience():
    history = a_history(("i1", "coffee", 27), ("m1", "milk", 27))
    ceilings = Preferences(ceiling=Rung.SILENT, family_ceilings={"milk": Rung.APPROVE})
    model = FakeModel([a_forecast("milk", "m1", 0.99), a_forecast("coffee", "i1", 0.97)])
    decision = decided(a_context(history=history, preferences=ceilings), model)
    for deed in deeds(decision, NOW):
        assert decision.experiences[deed.position].execution.rung is deed.execution.rung
        assert deed.message is None or deed.message.execution_id == deed.execution.execution_id
