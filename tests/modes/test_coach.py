"""The customer's own goals: three kinds, words in time, never twice a week, never at night."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from engine.domain.customers import GoalKind, Grant, Preferences, QuietHours
from engine.domain.decisions import Mode, Phase, Rung, Source
from engine.domain.nudges import NudgeKind
from modes.coach import REST, Period, period, send
from modes.policy import Policy
from tests.builders import an_event, an_item, usd
from tests.modes.shop import (
    NEW_YORK,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    ago,
    consents,
    considered,
    decided,
    items_but,
    of,
    only,
    rules,
)

COACHED = Preferences(ceiling=Rung.COACH)


def helped(goal, history=None, model=None, **given: object):
    """The experience of the need that a goal belongs to, for somebody who lets Rapport coach and no more."""
    known = {
        "goals": (goal,),
        "preferences": COACHED,
        "history": a_history(("w1", "wine", 3)) if history is None else history,
    }
    decision = decided(a_context(**{**known, **given}), FakeModel() if model is None else model)
    return of(decision, goal.family)


def test_spending_ahead_of_the_target_is_said():
    goal = a_goal(GoalKind.SPEND_LESS, target=1_000.0)
    found = helped(goal, a_history(("w1", "wine", 10, 1), ("w1", "wine", 3, 1)))
    assert (found.rung, found.need.family, found.need.source) == (Rung.COACH, None, Source.GOAL)
    assert found.reason == found.nudge.text
    assert found.nudge.text == "You have spent 10.00 USD of the 10.00 USD you set yourself for WINE, with 8 days to go."
    assert found.nudge.facts == {
        "category": "WINE",
        "spent": "10.00",
        "target": "10.00",
        "currency": "USD",
        "days_left": 8,
    }
    assert (found.nudge.goal_id, found.nudge.kind) == ("g1", "spend_less")


def test_the_risk_of_spending_too_much_is_where_the_pace_leads():
    goal = a_goal(GoalKind.SPEND_LESS, target=1_000.0)  # 20 of 28 days are over
    history = a_history(("w1", "wine", 10, 1), ("w1", "wine", 3, 1))
    on_pace = considered(helped(replace(goal, target=1_400.0), history), Mode.COACH)
    assert on_pace.removed_by.rule == "goals.none"
    ahead = considered(helped(goal, history), Mode.COACH)
    assert ahead.probability == pytest.approx((1_000 / (20 / 28) / 1_000 - 1) / 0.5)
    over = considered(helped(replace(goal, target=999.0), history), Mode.COACH)
    assert over.probability == 1.0


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (("w1", "wine", 21), None),  # before the period
        (("t1", "tea", 3), None),  # another category
        (("w1", "wine", 3), an_item("w1", family="wine", category=("DRINKS", "WINE"), price=None)),
        (
            ("w1", "wine", 3),
            an_item("w1", family="wine", category=("DRINKS", "WINE"), price=replace(usd(9), currency="EUR")),
        ),
    ],
)
def test_only_what_was_spent_on_the_category_in_the_period_and_currency_counts(line, item):
    items = items_but(*([] if item is None else [item]))
    goal = a_goal(GoalKind.SPEND_LESS, target=400.0)
    decision = decided(a_context(goals=(goal,), preferences=COACHED, history=a_history(line)), FakeModel(), items=items)
    counts = item is not None and item.price is None  # without a price, the currency is taken to be the goal's
    assert (only(decision).rung is Rung.COACH) == counts


def test_a_period_begins_with_the_moment_the_goal_was_set():
    assert helped(a_goal(GoalKind.SPEND_LESS, target=400.0), a_history(("w1", "wine", 20))).rung is Rung.COACH


def test_a_category_counts_from_any_level():
    history = a_history(("w1", "wine", 3, 3))
    for category in ("WINE", "DRINKS", "DRINKS > WINE"):
        assert helped(a_goal(GoalKind.SPEND_LESS, category=category), history).rung is Rung.COACH
    assert considered(helped(a_goal(GoalKind.SPEND_LESS, category="FOOD"), history), Mode.COACH).allowed is False


def test_no_order_is_made_for_a_goal_to_spend_less():
    found = helped(
        a_goal(GoalKind.SPEND_LESS), a_history(("w1", "wine", 3, 3)), preferences=Preferences(ceiling=Rung.SILENT)
    )
    removed = rules(found)
    assert {removed[rung] for rung in (Rung.CURATE, Rung.APPROVE, Rung.VETO, Rung.SILENT)} == {"goal.no_purchase"}
    assert found.lever is None


def test_buying_more_behind_the_pace_is_said():
    found = helped(a_goal(GoalKind.BUY_MORE), a_history(("t1", "tea", 100), ("t1", "tea", 10), ("i1", "coffee", 2)))
    assert (found.rung, found.need.family) == (Rung.COACH, "tea")
    assert found.nudge.text == "You wanted to buy tea 4 times in 28 days and have done so once, with 8 days to go."
    assert found.nudge.facts == {"family": "tea", "done": 1, "target": 4.0, "days_left": 8}
    pace = 4 * 20 / 28
    assert considered(found, Mode.COACH).probability == pytest.approx((pace - 1) / pace)


@pytest.mark.parametrize(
    ("days", "created"),
    [
        ((12, 10, 3), 20),  # three of four, as they should be
        ((12, 10, 5, 3), 20),  # reached
        ((), 6),  # too early to say
    ],
)
def test_buying_more_that_goes_well_needs_no_word(days, created):
    goal = a_goal(GoalKind.BUY_MORE, created_at=ago(created))
    history = a_history(("i1", "coffee", 2), *(("t1", "tea", day) for day in days))
    decision = decided(a_context(goals=(goal,), preferences=COACHED, history=history), FakeModel())
    assert all(one.need.source is not Source.GOAL for one in decision.experiences)


def test_running_out_is_said_in_time():
    history = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27))
    found = helped(a_goal(), history, FakeModel([a_forecast(probability=0.8)]))
    assert (found.rung, found.need.source, found.need.family) == (Rung.COACH, Source.GOAL, "coffee")
    assert found.nudge.text == (
        "You did not want to run out of coffee: you bought it 27 days ago, and it usually lasts you about 28 days."
    )
    assert found.nudge.facts == {"family": "coffee", "since_days": 27, "every_days": 28}
    assert considered(found, Mode.COACH).probability == 0.8


def test_running_out_is_not_said_where_it_is_not_likely():
    history = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27))
    decision = decided(a_context(goals=(a_goal(),), history=history), FakeModel([a_forecast(probability=0.39)]))
    assert only(decision).need.family is None


@pytest.mark.parametrize("kind", GoalKind)
def test_a_goal_is_not_spoken_of_twice_in_seven_days(kind):
    goal = a_goal(kind, target=None if kind is GoalKind.NOT_RUN_OUT else 4.0)
    history = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27), ("w1", "wine", 3))
    model = FakeModel([a_forecast(probability=0.8)])

    def spoken(days: float) -> bool:
        context = a_context(goals=(goal,), history=history, preferences=COACHED, coached={"g1": ago(days)})
        return any(one.rung is Rung.COACH for one in decided(context, model).experiences)

    assert not spoken(0)
    assert not spoken(6.99)
    assert spoken(7)
    assert timedelta(days=7) == REST


def test_another_goal_may_be_spoken_of():
    goals = (a_goal(GoalKind.BUY_MORE, "g1"), a_goal(GoalKind.BUY_MORE, "g2", family="milk"))
    context = a_context(goals=goals, preferences=COACHED, coached={"g1": ago(1)})
    decision = decided(context, FakeModel())
    assert [one.nudge.goal_id for one in decision.experiences if one.nudge] == ["g2"]


def test_of_two_goals_of_one_family_the_one_in_more_danger_is_spoken_of_in_whatever_order_they_come():
    behind = a_goal(GoalKind.BUY_MORE, "g1", family="coffee", target=4.0)  # 1 of 2.9 by now
    urgent = a_goal(GoalKind.NOT_RUN_OUT, "g2")
    history = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 10))
    model = FakeModel([a_forecast(probability=0.9)])
    for goals in ((behind, urgent), (urgent, behind)):
        context = a_context(goals=goals, preferences=COACHED, history=history)
        assert only(decided(context, model)).nudge.goal_id == "g2"


def test_goals_in_equal_danger_come_by_their_ids():
    goals = tuple(a_goal(GoalKind.SPEND_LESS, id, target=100.0) for id in ("g1", "g2"))
    for order in (goals, goals[::-1]):
        context = a_context(goals=order, preferences=COACHED, history=a_history(("w1", "wine", 3)))
        assert [one.nudge.goal_id for one in decided(context, FakeModel()).experiences] == ["g1", "g2"]


def test_a_goal_of_a_family_that_is_due_is_one_need_with_it():
    context = a_context(goals=(a_goal(),))
    found = only(decided(context, FakeModel([a_forecast(probability=0.97)])))
    assert (found.need.family, found.need.source, found.rung) == ("coffee", Source.GOAL, Rung.SILENT)


@pytest.mark.parametrize(("forecast", "surer"), [(0.5, 0.65), (0.9, 0.9)])
def test_a_goal_and_a_forecast_together_are_as_sure_as_the_surer(forecast, surer):
    behind = a_goal(GoalKind.BUY_MORE, family="coffee", target=4.0)  # 1 of 2.9 by now
    history = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 10))
    context = a_context(goals=(behind,), history=history)
    found = only(decided(context, FakeModel([a_forecast(probability=forecast)])))
    assert considered(found, Mode.CURATE).probability == pytest.approx(surer)
    assert found.need.source is Source.GOAL


def test_a_goal_of_what_is_being_looked_for_is_spoken_of_later():
    events = (an_event(item_id="i1", occurred_at=NOW),)
    found = only(decided(a_context(goals=(a_goal(),), events=events)))
    assert (found.need.source, found.need.phase) == (Source.GOAL, Phase.REQUEST)
    assert rules(found)[Rung.COACH] == "phase.asked"


def test_a_paused_customer_is_given_nothing_unasked():
    goals = (a_goal(), a_goal(GoalKind.BUY_MORE, "g2"))
    for paused in (
        Preferences(ceiling=Rung.SILENT, paused=True),
        Preferences(ceiling=Rung.SILENT, paused_until=ago(-1)),
    ):
        decision = decided(a_context(goals=goals, preferences=paused))
        assert {one.rung for one in decision.experiences} == {Rung.RESPOND}
        for one in decision.experiences:
            removed = [c.removed_by for c in one.considered if c.mode is not Mode.RESPOND]
            assert {removal.rule for removal in removed} & {"preferences.paused"}
            assert one.nudge is None
            assert one.execution is None
            assert one.offers or one.order or one.reason


def test_a_pause_ends_when_it_was_said_to():
    ended = Preferences(ceiling=Rung.SILENT, paused_until=NOW)
    assert only(decided(a_context(preferences=ended))).rung is Rung.SILENT


@pytest.mark.parametrize("purpose", ["coaching", "personalization"])
@pytest.mark.parametrize("state", [Grant.REFUSED, Grant.UNSET])
def test_without_consent_there_is_no_coaching(purpose, state):
    context = a_context(goals=(a_goal(),), preferences=COACHED, consents=consents(**{purpose: state}))
    found = only(decided(context))
    assert considered(found, Mode.COACH).removed_by.rule == f"consents.{purpose}"
    assert found.need.source is not Source.GOAL


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (
            datetime(2017, 11, 5, 3, tzinfo=UTC),
            datetime(2017, 11, 5, 13, tzinfo=UTC),
        ),  # 23:00 in summer, 08:00 in winter
        (datetime(2017, 11, 4, 3, tzinfo=UTC), datetime(2017, 11, 4, 12, tzinfo=UTC)),  # the night before
        (datetime(2017, 11, 5, 15, tzinfo=UTC), datetime(2017, 11, 5, 15, tzinfo=UTC)),
    ],
)
def test_a_nudge_waits_for_the_morning(now, expected):
    goal = a_goal(GoalKind.BUY_MORE, created_at=now - timedelta(days=20))
    history = a_history(("i1", "coffee", 60))
    context = a_context(goals=(goal,), preferences=COACHED, zone=NEW_YORK, history=history)
    assert only(decided(context, FakeModel(), now=now)).nudge.send_at == expected


def test_a_customers_own_quiet_hours_count():
    siesta = Preferences(ceiling=Rung.COACH, quiet_hours=QuietHours(start=time(11), end=time(15, 30)))
    found = helped(a_goal(GoalKind.BUY_MORE), preferences=siesta)
    assert found.nudge.send_at == NOW + timedelta(hours=3, minutes=30)


def test_the_message_of_a_nudge_has_an_id_that_follows_from_the_decision():
    decision = decided(a_context(goals=(a_goal(),), preferences=COACHED))
    draft = only(decision).nudge
    message = send(draft, decision, 0, NOW)
    assert (message.kind, message.text, message.goal_id) == (NudgeKind.GOAL, draft.text, "g1")
    assert (message.decision_id, message.customer_id, message.send_at) == ("d1", "c1", draft.send_at)
    assert message == send(draft, decision, 0, NOW)
    assert message.nudge_id != send(draft, decision, 1, NOW).nudge_id


@pytest.mark.parametrize(
    ("days", "share", "left"), [(0, 0.0, 28), (7, 0.25, 21), (27.5, 27.5 / 28, 0), (28, 0.0, 28), (35, 0.25, 21)]
)
def test_periods_run_from_the_day_a_goal_was_set(days, share, left):
    goal = a_goal(created_at=ago(days))
    found = period(goal, NOW)
    assert isinstance(found, Period)
    assert (found.share, found.left) == (pytest.approx(share), left)


def test_a_shop_may_ask_for_more_danger_before_it_speaks():
    context = a_context(goals=(a_goal(),), preferences=COACHED)
    model = FakeModel([a_forecast(probability=0.6)])
    assert only(decided(context, model)).rung is Rung.COACH
    assert only(decided(context, model, policy=Policy(min_probability=0.7))).need.family is None
