"""What was shown lately and left makes room; it comes back, and it is never gone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.customers import Grant
from engine.domain.decisions import Showing
from engine.domain.history import History, at_day
from modes import listing, rotation
from modes.capability import reduced
from modes.listing import Wish
from modes.policy import Rotation
from tests.builders import an_event
from tests.modes.shop import NOW, FakeModel, a_context, a_forecast, a_history, a_scene, ago, consents

FOUR = ("m1", "t1", "w1", "i2")
NEW = a_context(history=History.empty())


def shown(item: str, *days: float) -> tuple[Showing, ...]:
    """An item that decisions offered so many days ago."""
    return tuple(Showing(item_id=item, at=ago(day)) for day in days)


def seen(item: str, *days: float):
    """The same, told by the shop's app."""
    return tuple(an_event(f"{item}{day}", kind="impression", item_id=item, occurred_at=ago(day)) for day in days)


def listed(context, **given) -> list[str]:
    """A list of the four items for a customer."""
    scene = a_scene(reduced(context), FakeModel(recommended=FOUR), **given)
    return [offer.item_id for offer in listing.made(Wish(limit=4), scene)]


def of(**given):
    """A customer without purchases, and what they were shown."""
    return a_context(**{"history": History.empty(), **given})


def test_what_was_shown_three_times_in_a_week_and_left_sinks_behind_the_next_ones():
    assert listed(NEW) == list(FOUR)
    assert listed(of(shown=shown("m1", 1))) == list(FOUR)
    assert listed(of(shown=shown("m1", 1, 3, 5))) == ["t1", "w1", "m1", "i2"]
    assert listed(of(shown=shown("m1", 0, 0, 0))) == ["t1", "w1", "i2", "m1"]


def test_it_comes_back_with_time():
    assert listed(of(shown=shown("m1", 15, 15, 15))) == list(FOUR)


def test_where_nothing_else_is_left_it_stays():
    everything = tuple(one for item in FOUR for one in shown(item, 0, 0, 0, 0))
    assert listed(of(shown=everything)) == list(FOUR)


def test_what_was_taken_up_since_was_not_left():
    three = shown("m1", 3, 2, 1.5)
    assert listed(of(shown=three, events=(an_event(item_id="m1", occurred_at=ago(1)),)))[0] == "m1"
    bought = a_history(("m1", "milk", 1))
    assert rotation.rests(a_context(history=bought, shown=three), NOW, Rotation()) == {}
    before = a_history(("m1", "milk", 4))
    assert set(rotation.rests(a_context(history=before, shown=three), NOW, Rotation())) == {"m1"}


def test_an_impression_is_no_reaction_and_one_showing_told_twice_counts_once():
    twice = rotation.rests(of(shown=shown("m1", 0, 0), events=seen("m1", 0.0, 0.001)), NOW, Rotation())
    once = rotation.rests(of(shown=shown("m1", 0, 0)), NOW, Rotation())
    assert twice["m1"] == pytest.approx(once["m1"])


def test_what_is_due_keeps_its_place():
    history = a_history(*(("m1", "milk", day) for day in (83, 55, 27)))
    context = a_context(history=history, shown=shown("m1", 0, 0, 0))
    due = FakeModel([a_forecast("milk", "m1", 0.9)], recommended=FOUR)
    unlikely = FakeModel([a_forecast("milk", "m1", 0.1)], recommended=FOUR)
    tops = [listing.made(Wish(limit=4), a_scene(context, model))[0].item_id for model in (due, unlikely)]
    assert tops == ["m1", "t1"]


def test_a_list_can_be_asked_for_without_it():
    assert listed(of(shown=shown("m1", 0, 0, 0)), rotates=False) == list(FOUR)


def test_without_the_consent_nothing_shown_counts():
    told = of(shown=shown("m1", 0, 0, 0), consents=consents(personalization=Grant.REFUSED))
    assert listed(told) == list(FOUR)
    reported = of(events=seen("m1", 0.1, 0.2, 0.3), consents=consents(behaviour=Grant.UNSET))
    assert listed(reported) == list(FOUR)
    assert listed(of(events=seen("m1", 0.1, 0.2, 0.3)))[0] == "t1"


def test_more_showings_never_cost_less_and_older_ones_never_more():
    rest = [rotation.rest(n, Rotation()) for n in range(6)]
    assert rest == sorted(rest, reverse=True)
    ages = [rotation.worn(shown("m1", day), {}, NOW, Rotation())["m1"] for day in range(30)]
    assert ages == sorted(ages, reverse=True)
    assert rotation.worn([Showing(item_id="m1", at=NOW + timedelta(days=1))], {}, NOW, Rotation()) == {"m1": 1.0}


HALF = 0.5 / 86_400  # a second, in days
moments = st.integers(0, 12).map(lambda third: third / 3) | st.sampled_from(
    [2 - HALF, 2 + HALF, 2 - 3 * HALF, 4 + HALF]
)


@given(
    st.lists(st.tuples(st.sampled_from(FOUR), moments), max_size=20),
    st.lists(st.tuples(st.sampled_from(FOUR), moments), max_size=4),
)
def test_each_showing_since_the_item_was_bought_counts(showings, bought):
    """Gone through one by one, in whatever order they were kept."""
    history = a_history(*((item, "f", days) for item, days in bought)) if bought else History.empty()
    context = a_context(history=history, shown=tuple(one for item, days in showings for one in shown(item, days)))
    how = Rotation()
    expected = {}
    for item in FOUR:
        taken = [at_day(float(day)) for day in history.days[history.items == item]]
        fresh = [one.at for one in context.shown if one.item_id == item and (not taken or one.at > max(taken))]
        worn = sum(0.5 ** ((NOW - at) / timedelta(days=how.half_life_days)) for at in fresh)
        expected[item] = rotation.rest(worn, how)
    found = rotation.rests(context, NOW, how)
    assert set(found) == {item for item, factor in expected.items() if factor < 1}
    for item, factor in found.items():
        assert factor == pytest.approx(expected[item])
