"""What each mode would have done on one morning, and what came of it, in a shop whose future is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.domain.customers import Grant
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.history import History, day_of
from jobs.backtest.rows import Sheet
from jobs.backtest.trials import Memory, Trial, counterfactual, decided
from jobs.backtest.truth import Bought, Truth
from modes.needs import Wanted, needs
from tests.modes import shop
from tests.modes.shop import NOW, FakeModel, a_context, a_forecast, a_goal, a_scene

MORNING = day_of(NOW)


def bought(*lines: tuple[str, str, float, int]) -> Truth:
    """What c1 buys so many days from now on: item, family, days ahead, quantity; known for 30 days."""
    rows = sorted(lines, key=lambda line: line[2])
    history = History(
        items=np.array([row[0] for row in rows], object),
        families=np.array([row[1] for row in rows], object),
        orders=np.arange(len(rows)),
        days=np.array([MORNING + row[2] for row in rows], float),
        quantities=np.array([row[3] for row in rows], np.int64),
        amounts=np.full(len(rows), np.nan),
    )
    return Truth(histories={"c1": history}, until=MORNING + 30)


def wanted_of(scene) -> dict[str, Wanted]:
    """The needs of a scene by family."""
    found = needs(scene.context, scene.model, scene.now, None, scene.policy, scene.shelf)
    return {one.need.family: one for one in found if one.need.family}


def tried(memory: Memory | None = None, **given) -> dict[Rung, Trial]:
    """What each rung would have done about coffee."""
    scene = a_scene(**given)
    found = counterfactual(wanted_of(scene)["coffee"], scene, memory or Memory.empty())
    return {one.rung: one for one in found}


def test_every_rung_says_what_it_would_have_done():
    found = tried()
    assert set(found) == {Rung.RESPOND, Rung.CURATE, Rung.APPROVE, Rung.VETO, Rung.SILENT}
    assert found[Rung.CURATE].items[0] == "i1"
    assert set(found[Rung.CURATE].items) == {"i1", "i2", "i3"}
    assert found[Rung.VETO].items == ("i1",)
    assert (found[Rung.CURATE].window, found[Rung.APPROVE].window, found[Rung.VETO].window) == (14, 14, 28)
    assert found[Rung.APPROVE].wider == 28
    assert [one.speaks for one in found.values()] == [False, True, True, True, False]
    assert all(one.allowed for one in found.values())


def test_the_gate_holds_for_what_is_ordered_unasked_alone():
    shut = tried(model=FakeModel([a_forecast(probability=0.87)]))
    assert set(shut) == {Rung.RESPOND, Rung.CURATE, Rung.APPROVE, Rung.VETO}  # silent needs .9, veto .85
    assert Rung.VETO not in tried(model=FakeModel([a_forecast()], thresholds={}))


def test_what_is_not_allowed_is_told_apart_and_tried_all_the_same():
    refused = tried(context=a_context(consents=shop.consents(automation=Grant.UNSET)))
    assert not any(refused[rung].allowed for rung in (Rung.APPROVE, Rung.VETO, Rung.SILENT))
    unsigned = tried(context=a_context(mandates=()))
    assert unsigned[Rung.APPROVE].allowed
    assert not unsigned[Rung.VETO].allowed


def test_a_goal_is_spoken_of():
    found = tried(context=a_context(goals=(a_goal(),)))
    assert found[Rung.COACH].speaks
    assert Rung.COACH not in tried()


def test_one_cycle_is_ordered_once():
    memory = Memory.empty()
    assert Rung.VETO in tried(memory)
    again = tried(memory)
    assert Rung.VETO not in again
    assert Rung.APPROVE not in again
    assert Rung.CURATE in again  # a list may be shown every week


def test_a_new_cycle_waits_until_the_last_order_is_no_longer_fresh():
    memory = Memory.empty()
    assert memory.takes(Rung.VETO, "tea", "after:2017-11-01", 7, NOW)
    assert not memory.takes(Rung.VETO, "tea", "after:2017-11-20", 7, NOW + timedelta(days=6))
    assert memory.takes(Rung.VETO, "tea", "after:2017-11-20", 7, NOW + timedelta(days=7))
    assert not memory.takes(Rung.VETO, "tea", "after:2017-11-20", 7, NOW + timedelta(days=70))
    assert memory.takes(Rung.SILENT, "tea", "after:2017-11-20", 7, NOW)


def test_what_was_decided_is_remembered_though_nothing_is_stored():
    memory, context = Memory.empty(), a_context()
    decision = shop.decided(context)
    memory.note(decision, NOW)
    later = memory.of(context, NOW + timedelta(days=3))
    (order,) = later.executions
    assert order.state is State.PLACED
    assert not context.executions
    shown = {one.need.family: one.rung for one in shop.decided(later, now=NOW + timedelta(days=3)).experiences}
    assert shown.get("coffee", Rung.RESPOND) < Rung.APPROVE  # one is under way


def test_a_question_is_taken_to_lapse():
    memory = Memory.empty()
    context = a_context(mandates=())
    memory.note(shop.decided(context), NOW)
    (order,) = memory.of(context, NOW + timedelta(days=3)).executions
    assert (order.rung, order.state) == (Rung.APPROVE, State.SKIPPED)


def test_the_chosen_experience_is_what_is_judged():
    context = a_context()
    scene = a_scene(context)
    (found,) = decided(shop.decided(context), wanted_of(scene))
    assert found.rung in (Rung.VETO, Rung.SILENT)
    assert (found.items, found.window) == (("i1",), 28)


@pytest.mark.parametrize(
    ("line", "rung", "came"),
    [
        (("i1", "coffee", 3, 1), Rung.VETO, (True, True, True, True)),
        (("i2", "coffee", 3, 1), Rung.VETO, (True, True, False, False)),  # another of the family
        (("i2", "coffee", 3, 1), Rung.CURATE, (True, True, True, True)),  # it was on the list
        (("i9", "coffee", 3, 1), Rung.CURATE, (False, True, False, False)),  # it was not
        (("t1", "tea", 3, 1), Rung.VETO, (False, False, False, False)),
        (("i1", "coffee", 27, 1), Rung.VETO, (True, True, True, True)),
        (("i1", "coffee", 20, 1), Rung.APPROVE, (False, False, False, False)),  # after the question's window
        (("i1", "coffee", 28, 1), Rung.VETO, (False, False, False, False)),  # the window is half open
    ],
)
def test_what_came_is_told_by_family_item_and_quantity(line, rung, came):
    trial = tried()[rung]
    found = (
        bought(line)
        .ahead("c1", MORNING, 28)
        .came(trial.family, trial.items, trial.quantity, trial.window, listed=rung is Rung.CURATE)
    )
    assert (found.right, found.family, found.exact, found.quantity) == came


def test_as_many_counts_the_whole_day():
    ahead = bought(("i1", "coffee", 2.1, 1), ("i1", "coffee", 2.2, 1), ("i1", "coffee", 5, 9)).ahead("c1", MORNING, 28)
    assert ahead.came("coffee", ["i1"], 2, 28, listed=False).quantity
    assert not ahead.came("coffee", ["i1"], 3, 28, listed=False).quantity
    assert ahead.lines["coffee"][0] == Bought(item_id="i1", day=MORNING + 2.1, quantity=1)


def test_a_window_that_is_not_over_is_left_out_even_if_it_came_already():
    sheet, trial = Sheet(), tried()[Rung.VETO]
    late = replace(trial, window=31.0)
    ahead = bought(("i1", "coffee", 1, 1)).ahead("c1", MORNING, 28)
    for one in (trial, late):
        sheet.add(one, ahead, owner=0, week=0, persona=-1, until=MORNING + 30)
    found = sheet.columns()
    assert found.over.tolist() == [True, False]
    assert found.tally(2).n == 1
    assert sheet.served == {Rung.VETO: {(0, "coffee", int(MORNING + 1))}}


def test_nobody_is_known_beyond_the_newest_order():
    truth = bought(("i1", "coffee", 3, 1), ("t1", "tea", 4, 1), ("t1", "tea", 4.1, 1), ("i1", "coffee", 29, 1))
    assert truth.purchases("c1", MORNING) == 3
    assert truth.purchases("stranger", MORNING) == 0
    near = replace(truth, until=MORNING + 3.5)
    assert set(near.ahead("c1", MORNING, 28).lines) == {"coffee"}
