"""What a customer says about control: every ceiling holds, and giving more leave never takes a way away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.context import Context
from engine.domain.customers import Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung, Stage
from modes import agency
from modes.assess import candidate, prospect
from modes.needs import needs
from modes.policy import Policy
from tests.builders import an_event, usd
from tests.modes.shop import (
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    a_scene,
    a_signed,
    ago,
    allowed,
    an_execution,
    consents,
    decided,
    money,
    only,
    permitted,
    rules,
)

RUNGS = list(Rung)


def test_what_is_not_said_counts_as_approve():
    context = a_context(preferences=Preferences())
    assert agency.lowest(context, "coffee", ()) is Rung.APPROVE
    found = only(decided(context))
    assert found.rung is Rung.APPROVE
    assert rules(found)[Rung.VETO] == "preferences.ceiling"


@pytest.mark.parametrize("ceiling", RUNGS)
def test_nothing_above_a_ceiling_is_allowed(ceiling):
    for preferences in (
        Preferences(ceiling=ceiling),
        Preferences(ceiling=Rung.SILENT, family_ceilings={"coffee": ceiling}),
        Preferences(ceiling=Rung.SILENT, category_ceilings={"DRINKS": ceiling}),
        Preferences(ceiling=Rung.SILENT, category_ceilings={"COFFEE": ceiling}),
        Preferences(ceiling=Rung.SILENT, category_ceilings={"DRINKS > COFFEE": ceiling}),
    ):
        found = only(decided(a_context(preferences=preferences, goals=(a_goal(),))))
        assert allowed(found) == {rung for rung in Rung if rung <= ceiling}
        assert found.rung <= ceiling


def test_ceilings_of_other_things_do_not_count():
    other = Preferences(
        ceiling=Rung.SILENT, family_ceilings={"tea": Rung.RESPOND}, category_ceilings={"TEA": Rung.RESPOND}
    )
    assert only(decided(a_context(preferences=other))).rung is Rung.SILENT


def test_the_lowest_of_several_ceilings_counts_and_all_are_named():
    preferences = Preferences(
        ceiling=Rung.VETO, family_ceilings={"coffee": Rung.CURATE}, category_ceilings={"COFFEE": Rung.COACH}
    )
    context = a_context(preferences=preferences)
    assert agency.lowest(context, "coffee", ("DRINKS", "COFFEE")) is Rung.CURATE
    found = agency.removals(context, Rung.SILENT, "coffee", ("DRINKS", "COFFEE"), NOW)
    assert [(one.rule, one.detail["ceiling"]) for one in found] == [
        ("preferences.ceiling", "veto"),
        ("preferences.category_ceilings.COFFEE", "coach"),
        ("preferences.family_ceilings.coffee", "curate"),
    ]
    assert {one.stage for one in found} == {Stage.CEILING}


def test_to_respond_is_never_forbidden():
    nothing = Preferences(ceiling=Rung.RESPOND, paused=True)
    found = only(decided(a_context(preferences=nothing, consents=dict.fromkeys(Purpose, Grant.REFUSED), mandates=())))
    assert allowed(found) == {Rung.RESPOND}


# One pair of customer and need, with every setting the customer holds


@dataclass(frozen=True)
class Settings:
    """What a customer holds; in each field more is more leave."""

    ceiling: Rung | None
    family: Rung | None
    category: Rung | None
    automation: bool
    personalization: bool
    coaching: bool
    paused: bool
    signed: bool
    high: int | None
    low: int | None
    most: int
    limit: int | None
    budget: int | None
    interval: int | None
    expires: int | None
    substitutes: tuple[str, ...]
    covered: bool

    def mandate(self) -> Mandate:
        """As it was signed."""
        return a_signed(
            families=frozenset({"coffee"} if self.covered else {"tea"}),
            price_high=money(self.high),
            price_low=money(self.low),
            max_quantity=self.most,
            order_limit=money(self.limit),
            budget=money(self.budget),
            budget_period=timedelta(days=60),
            earliest_interval=None if self.interval is None else timedelta(days=self.interval),
            expires_at=None if self.expires is None else NOW + timedelta(days=self.expires),
            substitutes=self.substitutes,
        )

    def context(self, world: World) -> Context:
        """The customer who holds these."""
        named = {"coffee": self.family} if self.family is not None else {}
        levels = {"COFFEE": self.category} if self.category is not None else {}
        given = {"automation": self.automation, "coaching": self.coaching, "personalization": self.personalization}
        return a_context(
            history=world.history(),
            preferences=Preferences(
                ceiling=self.ceiling, family_ceilings=named, category_ceilings=levels, paused=self.paused
            ),
            consents=consents(**{name: Grant.UNSET for name, granted in given.items() if not granted}),
            mandates=(self.mandate(),) if self.signed else (),
            goals=(a_goal(),) if world.goal else (),
            executions=world.executions(),
            messages=tuple(ago(n) for n in range(world.messages)),
        )


@dataclass(frozen=True)
class World:
    """What the customer does not hold."""

    probability: float
    quantity: int
    spent: int
    messages: int
    goal: bool
    thresholds: tuple[float | None, float | None]

    def history(self):
        """Beans, a few at a time."""
        return a_history(*(("i1", "coffee", days, self.quantity) for days in (83, 55, 27)))

    def executions(self):
        """What was ordered under the mandate before."""
        return (an_execution(at=ago(35), price=usd(self.spent)),)

    def model(self) -> FakeModel:
        """What it knows."""
        veto, silent = self.thresholds
        return FakeModel([a_forecast(probability=self.probability)], thresholds={0.9: veto, 0.952: silent})


STEPS: dict[str, list[Any]] = {  # each gives more leave than the one before
    "ceiling": [*RUNGS[:3], None, *RUNGS[3:]],  # unsaid counts as approve, of which it is less sure that it suits
    "family": [*RUNGS, None],
    "category": [*RUNGS, None],
    "automation": [False, True],
    "personalization": [False, True],
    "coaching": [False, True],
    "paused": [True, False],
    "signed": [False, True],
    "high": [0, 400, 500, 520, 900, None],
    "low": [900, 501, 500, 451, 0, None],
    "most": [1, 2, 3, 4],
    "limit": [0, 400, 500, 1_000, 1_500, 3_000, None],
    "budget": [0, 400, 500, 1_000, 1_500, 3_000, 9_000, None],
    "interval": [90, 36, 35, 1, None],
    "expires": [-1, 0, 1, 400, None],
    "substitutes": [(), ("i3",), ("i3", "i2")],
    "covered": [False, True],
}
ALL = Settings(**{field: steps[-1] for field, steps in STEPS.items()})


@st.composite
def lowered(draw: st.DrawFn, above: Settings, most: int) -> Settings:
    """Settings that give no more leave than ``above``, in up to ``most`` fields less."""
    fields = draw(st.sets(st.sampled_from(sorted(STEPS)), max_size=most))
    less = {field: STEPS[field][: STEPS[field].index(getattr(above, field)) + 1] for field in sorted(fields)}
    return replace(above, **{field: draw(st.sampled_from(steps)) for field, steps in less.items()})


held = lowered(ALL, 4)
worlds = st.builds(
    World,
    probability=st.sampled_from([0.99, 0.97, 0.9, 0.7, 0.45, 0.3]),
    quantity=st.integers(1, 4),
    spent=st.sampled_from([0, 500, 1_500]),
    messages=st.integers(0, 4),
    goal=st.booleans(),
    thresholds=st.tuples(st.sampled_from([0.85, 0.85, None]), st.sampled_from([0.95, 0.95, None])),
)


@st.composite
def raised(draw: st.DrawFn) -> tuple[Settings, Settings]:
    """Settings, and others that give at least as much leave in every field."""
    high = draw(held)
    return draw(lowered(high, 3)), high


@pytest.mark.example(8)
@given(raised(), worlds)
@settings(max_examples=300, deadline=None)
def test_more_leave_never_takes_a_rung_away_and_less_never_adds_one(pair, world):
    low, high = (one.context(world) for one in pair)
    model = world.model()
    scene = a_scene(high, model)
    (wanted, *_) = needs(high, model, NOW, None, Policy(), scene.shelf)
    pair_of_it = candidate(wanted, None, scene)
    open_low, open_high = (
        {rung for rung in Rung if prospect(pair_of_it, scene.under(context)).open(rung)} for context in (low, high)
    )
    assert open_low <= open_high


@pytest.mark.example(8)
@given(raised(), worlds)
@settings(max_examples=200, deadline=None)
def test_a_whole_decision_gives_no_less_for_more_leave(pair, world):
    """With the use of orders granted to both: without it another need, of no family, is decided."""
    low, high = (replace(one, personalization=True).context(replace(world, goal=False)) for one in pair)
    before, after = only(decided(low, world.model())), only(decided(high, world.model()))
    assert permitted(before) <= permitted(after)
    assert allowed(before) <= allowed(after) or taken_back(*pair)
    assert best(before) <= best(after) + 1e-9 or not believed_alike(*pair)


@pytest.mark.example(8)
@given(held, worlds)
@settings(max_examples=150, deadline=None)
def test_whatever_else_holds_no_rung_above_the_ceilings_is_chosen(own, world):
    for experience in decided(own.context(world), world.model()).experiences:
        stated = [own.ceiling if own.ceiling is not None else Rung.APPROVE]
        if experience.need.family == "coffee":
            stated += [rung for rung in (own.family, own.category) if rung is not None]
        assert experience.rung <= min(stated)
        assert not own.paused or experience.rung is Rung.RESPOND
        assert own.automation or experience.rung < Rung.APPROVE
        assert own.signed or experience.rung < Rung.VETO


def believed_alike(low: Settings, high: Settings) -> bool:
    """Whether the same ceilings were stated: they also tell what a customer wishes, and so what a rung is worth."""
    return (low.ceiling, low.family, low.category) == (high.ceiling, high.family, high.category)


def taken_back(low: Settings, high: Settings) -> bool:
    """Whether a ceiling of the one is stated no more in the other: asking may then be worth less."""
    return any(
        stated is not None and left is None
        for stated, left in ((low.ceiling, high.ceiling), (low.family, high.family), (low.category, high.category))
    )


def best(experience) -> float:
    """The value of what is chosen."""
    values = [one.value for mode in experience.considered for one in mode.rungs if one.rung is experience.rung]
    return values[0] or 0.0


def test_a_larger_quantity_that_was_signed_for_still_fits_the_budget():
    world = World(0.99, 3, 0, 0, False, (0.85, 0.95))
    own = Settings(
        Rung.SILENT, None, None, True, True, True, False, True, 600, None, 1, 1_000, None, None, None, (), True
    )
    for most, quantity in ((1, 1), (2, 2), (3, 2)):
        found = only(decided(replace(own, most=most).context(world), world.model()))
        assert (found.rung, found.execution.lines[0].quantity) == (Rung.SILENT, quantity)


def test_what_somebody_looks_at_right_now_is_not_ordered_beside_it():
    """The one case in which looking at more of what a customer does gives less: they are here."""
    events = (an_event(item_id="i1", occurred_at=NOW - timedelta(minutes=10)),)
    seen, unseen = (
        only(decided(a_context(events=events, consents=consents(behaviour=state))))
        for state in (Grant.GRANTED, Grant.REFUSED)
    )
    assert unseen.rung is Rung.SILENT
    assert rules(seen)[Rung.SILENT] == "phase.asked"
