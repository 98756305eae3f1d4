"""While orders are stopped none is announced or asked about that could not be placed, and what waits is let wait."""

from datetime import timedelta

import pytest

from engine.domain.decisions import Mode, Rung, Stage
from engine.domain.executions import State
from engine.domain.house import House
from engine.domain.stops import Scope, Stop
from modes import explain, ordering, stopping
from modes.policy import Policy
from tests.modes.shop import NOW, a_context, ago, allowed, an_execution, considered, decided, items_but, only, rules

EXECUTE = {Rung.APPROVE, Rung.VETO, Rung.SILENT}
HOUR = timedelta(hours=1)


def a_house(scope=Scope.ALL, value=None, **given):
    """A house in which that is stopped."""
    made = {"stop_id": "s1", "reason": "a recall", "actor": "operator:me", "at": ago(1), **given}
    return House(stops=(Stop(scope=scope, value=value, **made),))


def stopped(house):
    """The experience of the one need of a customer who lets everything be done."""
    return only(decided(a_context(), items=items_but(), house=house))


@pytest.mark.parametrize("house", [a_house(), a_house(Scope.FAMILY, "coffee"), a_house(Scope.GATEWAY, "default")])
def test_nothing_is_ordered_or_asked_about_that_a_stop_holds_and_it_is_said_why(house):
    found = stopped(house)
    assert found.execution is None
    assert not allowed(found) & EXECUTE
    assert {rules(found)[rung].split(".")[0] for rung in EXECUTE} == {"stop"}
    removed = considered(found, Mode.EXECUTE).removed_by
    assert removed.stage is Stage.RULE
    assert explain.removal(removed) == "Orders are stopped at the moment."
    assert found.lever is None


@pytest.mark.parametrize(
    "house",
    [
        House(),
        a_house(Scope.FAMILY, "milk"),
        a_house(Scope.GATEWAY, "pharmacy"),
        a_house(until=NOW),
        a_house(lifted_at=ago(0.5)),
    ],
)
def test_what_is_not_held_goes_on(house):
    assert stopped(house).rung is Rung.SILENT


def test_a_stop_holds_a_due_order_whatever_else_speaks_against_it():
    waiting = an_execution(state=State.WAITING, at=NOW - timedelta(days=4))
    found = ordering.objections(waiting, a_context(mandates=()), NOW, {}, a_house(), Policy())
    assert {"stop.all", "execution.stale", "mandate.missing"} <= {one.rule for one in found}
    assert [one.rule for one in stopping.of(waiting, NOW, a_house())] == ["stop.all"]
    assert stopping.of(waiting, NOW, House()) == []


def test_an_order_is_at_risk_by_what_will_be_so_when_it_is_due():
    waiting = an_execution(state=State.WAITING, at=NOW + 2 * HOUR)

    def risks(house, failing=()):
        shelf = {item.item_id: item for item in items_but()}
        return [one.rule for one in ordering.risks(waiting, a_context(), NOW, shelf, house, Policy(), failing)]

    assert risks(House()) == []
    assert risks(a_house(until=NOW + HOUR)) == []
    assert risks(a_house(until=NOW + 3 * HOUR)) == ["stop.all"]
    assert risks(House(), ["pharmacy"]) == []
    assert risks(House(), ["default"]) == ["gateway.failing"]
