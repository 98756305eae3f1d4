"""The attention budget: what a message costs, who is heard when little is left, and when nobody may speak."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.customers import GoalKind, Preferences, QuietHours
from engine.domain.decisions import Mode, Rung
from modes.attention import load, price, send_at, speaks
from modes.policy import Policy, Worth
from tests.modes.shop import (
    NEW_YORK,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    ago,
    considered,
    decided,
    of,
    only,
    rules,
    rung,
)

NIGHT = QuietHours(start=time(21), end=time(8))


@pytest.mark.example(11)
def test_a_message_costs_more_the_more_were_sent():
    assert [price(n, Worth()) for n in (0, 3)] == pytest.approx([0.18, 0.36])
    assert price(0, Worth(attention=0.5)) == pytest.approx(0.75)


def test_the_load_is_what_came_in_seven_days_and_what_is_on_its_way():
    at = (NOW - timedelta(days=7), NOW - timedelta(days=7) + timedelta(seconds=1), NOW, NOW + timedelta(hours=9))
    assert load(at, NOW) == 3


def test_a_list_is_a_message_only_to_somebody_who_is_away_and_a_silent_order_never():
    assert [one for one in Rung if speaks(one, present=True)] == [Rung.COACH, Rung.APPROVE, Rung.VETO]
    assert [one for one in Rung if speaks(one, present=False)] == [Rung.CURATE, Rung.COACH, Rung.APPROVE, Rung.VETO]


# Four needs, each with one rung that suits it: silent for coffee, ask for milk, a list for tea, a goal about wine.
FOUR = a_history(
    *(("i1", "coffee", days) for days in (83, 55, 27)),
    *(("m1", "milk", days) for days in (83, 55, 27)),
    *(("t1", "tea", days) for days in (83, 55, 27)),
    ("w1", "wine", 3, 2),
)
CEILINGS = {"milk": Rung.APPROVE, "tea": Rung.CURATE}
COMPETING = FakeModel(
    [
        a_forecast("coffee", "i1", 0.99),
        a_forecast("milk", "m1", 0.97),
        a_forecast("tea", "t1", 0.75),
    ]
)


GOAL = a_goal(GoalKind.SPEND_LESS, target=600.0)


def competing(messages: int = 0, **given: object):
    """The decision about the four needs after so many messages in seven days."""
    context = a_context(
        history=FOUR,
        preferences=Preferences(ceiling=Rung.SILENT, family_ceilings=CEILINGS),
        goals=(GOAL,),
        messages=tuple(ago(n / 2) for n in range(messages)),
    )
    return decided(context, COMPETING, **{"policy": Policy(worth=Worth(goal=1.2)), **given})


def rungs(decision) -> dict[str | None, Rung]:
    """What each need is given."""
    return {one.need.family: one.rung for one in decision.experiences}


def test_with_room_for_all_every_need_is_given_what_is_worth_most():
    decision = competing(policy=Policy(messages=4))
    assert rungs(decision) == {"coffee": Rung.SILENT, "milk": Rung.APPROVE, "tea": Rung.CURATE, None: Rung.COACH}


@pytest.mark.example(11)
def test_the_last_message_goes_to_what_is_worth_most_and_silence_costs_none():
    decision = competing(messages=2)
    assert rungs(decision) == {"coffee": Rung.SILENT, "milk": Rung.APPROVE, "tea": Rung.RESPOND, None: Rung.RESPOND}
    for family, mode in (("tea", Mode.CURATE), (None, Mode.COACH)):
        removed = considered(of(decision, family), mode).removed_by
        assert (removed.stage.value, removed.rule) == ("attention", "attention.spent")
        assert removed.detail == {"messages": 3, "budget": 3}


def test_with_nothing_left_only_what_is_silent_goes_on():
    decision = competing(messages=3)
    assert rungs(decision) == {"coffee": Rung.SILENT, "milk": Rung.RESPOND, "tea": Rung.RESPOND, None: Rung.RESPOND}


@pytest.mark.example(11)
def test_an_execution_that_cannot_be_announced_is_not_made():
    announced = a_context(preferences=Preferences(ceiling=Rung.VETO), messages=tuple(ago(n) for n in (1, 2, 3)))
    found = only(decided(announced))
    assert found.rung is Rung.RESPOND
    assert found.execution is None
    assert rules(found)[Rung.VETO] == "attention.spent"
    assert rung(found, Rung.VETO).value > 0


@pytest.mark.example(11)
def test_the_notice_of_an_execution_has_the_first_claim():
    history = a_history(
        *(("i1", "coffee", days) for days in (83, 55, 27)), *(("m1", "milk", days) for days in (83, 55, 27))
    )
    context = a_context(
        history=history,
        preferences=Preferences(ceiling=Rung.VETO, family_ceilings={"milk": Rung.APPROVE}),
        messages=(ago(1), ago(2)),
    )
    worth = Worth(wrong={**Worth().wrong, Rung.VETO: 3.0})
    model = FakeModel([a_forecast("coffee", "i1", 0.95), a_forecast("milk", "m1", 0.99)])
    decision = decided(context, model, policy=Policy(worth=worth))
    assert rungs(decision) == {"coffee": Rung.VETO, "milk": Rung.RESPOND}
    only_milk = Preferences(ceiling=Rung.VETO, family_ceilings={"milk": Rung.APPROVE, "coffee": Rung.RESPOND})
    alone = decided(replace(context, preferences=only_milk), model, policy=Policy(worth=worth))
    assert rungs(alone) == {"coffee": Rung.RESPOND, "milk": Rung.APPROVE}
    assert rung(of(alone, "milk"), Rung.APPROVE).value > rung(of(decision, "coffee"), Rung.VETO).value


@given(st.integers(0, 6), st.integers(0, 4))
@settings(deadline=None)
def test_the_budget_holds_whatever_was_sent_before(messages, budget):
    decision = competing(messages, policy=Policy(messages=budget))
    spoken = sum(speaks(one.rung, present=False) for one in decision.experiences)
    assert spoken <= max(budget - messages, 0)


# In New York the clock went back from 02:00 to 01:00 on 5 November 2017, and on from 02:00 to 03:00 on 12 March.
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2017-11-05T00:59:00", "2017-11-05T00:59:00"),  # 20:59 the evening before
        ("2017-11-05T01:00:00", "2017-11-05T13:00:00"),  # 21:00; the night is an hour longer
        ("2017-11-05T12:59:59", "2017-11-05T13:00:00"),  # 07:59 in winter
        ("2017-11-05T13:00:00", "2017-11-05T13:00:00"),
        ("2017-11-06T02:00:00", "2017-11-06T13:00:00"),
        ("2017-03-12T02:30:00", "2017-03-12T12:00:00"),  # 21:30; the night is an hour shorter
    ],
)
def test_quiet_hours_over_a_clock_change(now, expected):
    assert send_at(utc(now), NIGHT, NEW_YORK) == utc(expected)


def test_quiet_hours_that_end_in_the_hour_that_comes_twice():
    quiet = QuietHours(start=time(0, 30), end=time(1, 30))
    assert send_at(utc("2017-11-05T05:10:00"), quiet, NEW_YORK) == utc("2017-11-05T05:30:00")  # 01:10 the first time
    assert send_at(utc("2017-11-05T05:40:00"), quiet, NEW_YORK) == utc("2017-11-05T05:40:00")
    assert send_at(utc("2017-11-05T06:10:00"), quiet, NEW_YORK) == utc("2017-11-05T06:30:00")  # 01:10 the second time


def test_quiet_hours_that_end_in_the_hour_that_is_left_out():
    quiet = QuietHours(start=time(0), end=time(2, 30))
    assert send_at(utc("2017-03-12T06:30:00"), quiet, NEW_YORK) == utc("2017-03-12T07:00:00")  # 03:00
    most = QuietHours(start=time(3), end=time(2, 30))  # all day but for half an hour that this day lacks
    assert send_at(utc("2017-03-12T06:30:00"), most, NEW_YORK) == utc("2017-03-13T06:30:00")


minutes = st.integers(0, 24 * 60 - 1) | st.integers(0, 4 * 60)
times = minutes.map(lambda minute: time(minute // 60, minute % 60))
CHANGES = [datetime(2017, 11, 5, tzinfo=UTC), datetime(2017, 3, 12, tzinfo=UTC), datetime(2017, 10, 1, tzinfo=UTC)]


@given(
    st.sampled_from(CHANGES),
    st.integers(-24 * 60, 24 * 60),
    st.builds(QuietHours, start=times, end=times),
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]).map(ZoneInfo),
)
@settings(max_examples=300)
def test_nothing_is_ever_sent_in_quiet_hours(change, minute, quiet, zone):
    now = change + timedelta(minutes=minute)
    at = send_at(now, quiet, zone)
    assert not quiet.covers(at.astimezone(zone).time())
    if quiet.covers(now.astimezone(zone).time()):
        assert timedelta() < at - now <= timedelta(hours=49)
    else:
        assert at == now


def utc(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
