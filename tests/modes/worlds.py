"""Customers of every kind, for laws that hold for all of them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from engine.domain.customers import GoalKind, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.history import History
from modes.policy import Policy
from modes.request import Request
from tests.builders import an_event, an_item, usd
from tests.modes.shop import (
    NO_MODEL,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    a_signed,
    ago,
    an_execution,
    decided,
    items_but,
)

BOUGHT = {"i1": "coffee", "i2": "coffee", "m1": "milk", "t1": "tea", "w1": "wine"}
probabilities = st.sampled_from([0.99, 0.97, 0.9, 0.99, 0.75, 0.5, 0.4, 0.1])
ceilings = st.sampled_from([None, *Rung])
amounts = st.sampled_from([None, usd(100), usd(500), usd(2_000)])

lines = st.tuples(st.sampled_from(sorted(BOUGHT)), st.integers(1, 90), st.integers(1, 3))
histories = st.lists(lines, max_size=8).map(
    lambda found: a_history(*((item, BOUGHT[item], days, n) for item, days, n in found)) if found else History.empty()
)
preferences = st.builds(
    Preferences,
    ceiling=ceilings,
    family_ceilings=st.dictionaries(st.sampled_from(["coffee", "tea"]), st.sampled_from(list(Rung)), max_size=2),
    category_ceilings=st.dictionaries(st.sampled_from(["DRINKS", "WINE"]), st.sampled_from(list(Rung)), max_size=2),
    paused=st.sampled_from([False, False, False, True]),
    paused_until=st.sampled_from([None, None, NOW, NOW + timedelta(days=2)]),
)
mandates = st.lists(
    st.fixed_dictionaries(
        {
            "families": st.sets(st.sampled_from(["coffee", "milk", "tea"]), max_size=2).map(frozenset),
            "substitutes": st.sampled_from([(), ("i2", "i3"), ("i3",)]),
            "price_high": amounts,
            "price_low": amounts,
            "order_limit": amounts,
            "budget": amounts,
            "budget_period": st.sampled_from([None, timedelta(days=30)]),
            "earliest_interval": st.sampled_from([None, timedelta(days=50)]),
            "max_quantity": st.integers(1, 4),
            "signed_at": st.sampled_from([ago(300), ago(200), ago(-1)]),
            "expires_at": st.sampled_from([None, ago(1), ago(-9)]),
            "revoked_at": st.sampled_from([None, None, ago(1)]),
        }
    ),
    max_size=3,
).map(lambda found: tuple(a_signed(f"m{n}", **terms) for n, terms in enumerate(found)))
aims = st.tuples(st.sampled_from(GoalKind), st.sampled_from([100.0, 4.0]), st.sampled_from(["tea", "coffee"]))
goals = st.lists(aims, max_size=3).map(
    lambda found: tuple(
        a_goal(kind, f"g{n}", target=target, family=None if kind is GoalKind.SPEND_LESS else family)
        for n, (kind, target, family) in enumerate(found)
    )
)
grants = st.sampled_from([Grant.GRANTED, Grant.GRANTED, Grant.UNSET, Grant.REFUSED])
executions = st.lists(
    st.tuples(st.sampled_from(["coffee", "milk", "tea"]), st.sampled_from(State), st.integers(0, 100)), max_size=3
).map(
    lambda found: tuple(
        an_execution(f"x{n}", family=family, state=state, at=ago(days)) for n, (family, state, days) in enumerate(found)
    )
)
events = st.lists(st.tuples(st.sampled_from([*sorted(BOUGHT), "unknown"]), st.integers(0, 4_000)), max_size=2).map(
    lambda found: tuple(
        an_event(f"e{n}", item_id=item, occurred_at=NOW - timedelta(minutes=minutes))
        for n, (item, minutes) in enumerate(sorted(found, key=lambda one: one[1]))
    )
)
messages = st.integers(0, 4).map(lambda n: tuple(ago(day) for day in range(n)))
anyone = st.builds(
    a_context,
    history=histories,
    preferences=preferences,
    mandates=mandates,
    goals=goals,
    executions=executions,
    events=events,
    consents=st.fixed_dictionaries(dict.fromkeys(Purpose, grants)),
    messages=messages,
    coached=st.sampled_from([{}, {"g0": ago(3)}]),
)
WIDE = a_signed("wide", families=frozenset(BOUGHT.values()), price_high=None, max_quantity=3)
willing = st.builds(
    a_context,
    history=st.just(a_history(*((item, family, days) for item, family in BOUGHT.items() for days in (83, 55, 27)))),
    preferences=st.builds(
        Preferences, ceiling=st.sampled_from([Rung.SILENT, Rung.SILENT, Rung.VETO, None, Rung.COACH])
    ),
    mandates=mandates.map(lambda signed: (*signed, WIDE)),
    goals=goals,
    executions=st.just(()) | executions,
    messages=st.just(()) | messages,
)
contexts = willing | willing | anyone
forecasts = st.tuples(probabilities, probabilities, probabilities).map(
    lambda found: (
        a_forecast("coffee", "i1", found[0]),
        a_forecast("milk", "m1", found[1], gap=14.0),
        a_forecast("tea", "t1", found[2], gap=90.0),
    )
)
OPEN = {0.9: 0.85, 0.952: 0.9}
thresholds = st.sampled_from([OPEN, OPEN, {0.9: 0.5, 0.952: None}, {0.9: 0.98}, {}])
known = st.tuples(forecasts, thresholds)
models = known | known | known | known | st.none()
shelves = st.sampled_from(
    [
        items_but(),
        items_but(),
        items_but(),
        items_but(an_item("i1", name="Beans", available=False)),
        items_but(an_item("i1", price=None), an_item("m1", family="milk", available=False)),
        (),
    ]
)
requests = st.sampled_from(
    [
        *[None] * 6,
        Request(items=(("i1", 1), ("w1", 2))),
        Request(query="beans", matches=("i2", "i1")),
        Request(category="WINE", matches=("w1",)),
        Request(query="nothing"),
        Request(),
    ]
)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, object]:
    """What a decision is made from; ``model`` is what a fake model is built with."""
    shelf = draw(shelves)
    return {
        "context": draw(contexts),
        "model": draw(
            st.sampled_from(range(8)).flatmap(lambda n: st.tuples(forecasts, thresholds) if n else st.none())
        ),
        "items": shelf,
        "request": draw(requests) if shelf else None,
        "touchpoint": draw(st.sampled_from([None, "app.home"])),
        "limit": draw(st.sampled_from([1, 3, 10])),
        "exclude": draw(st.sampled_from([(), (), (), ("i1",)])),
        "filter": draw(st.sampled_from([None, None, None, "item.price < 5.0"])),
        "policy": Policy(messages=draw(st.sampled_from([3, 4, 1, 0])), max_needs=draw(st.sampled_from([6, 6, 1]))),
    }


def made(situation: dict[str, object]):
    """The decision of a situation."""
    given = dict(situation)
    context, known = given.pop("context"), given.pop("model")
    model = NO_MODEL if known is None else FakeModel(known[0], thresholds=known[1])
    return decided(context, model, **given)
