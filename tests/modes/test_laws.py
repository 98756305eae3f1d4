"""The laws of a decision, for customers of every kind and with any past (MODES.md, section 7, examples 8 and 12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import log, sqrt

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.customers import Grant, Preferences, Purpose
from engine.domain.decisions import Decision, Rung, Showing
from engine.domain.signals import BOTTOM, Heard, Record, Signal, Standing
from modes import selection
from modes.climb import boundary, climbed
from modes.document import document
from modes.draws import draw
from modes.policy import Chance, Policy, Worth
from modes.selection import drawn, select
from tests.builders import an_event
from tests.modes.shop import (
    ALL_GRANTED,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    ago,
    allowed,
    consents,
    decided,
    only,
    permitted,
    rules,
    rung,
)
from tests.modes.test_agency import ALL, STEPS, World, believed_alike, best, held, lowered, worlds
from tests.modes.worlds import events, executions, goals, histories, made, mandates, situations

many = settings(max_examples=80, deadline=None)
FAMILIES = ["coffee", "milk", "tea", "wine"]


def told(decision: Decision) -> bytes:
    """The decision as it is kept, byte by byte."""
    return orjson.dumps(document(decision), option=orjson.OPT_SORT_KEYS)


# Any past


answered = st.builds(
    Heard,
    signal=st.sampled_from(list(Signal)),
    at=st.floats(0, 400).map(ago),
    need=st.sampled_from([*FAMILIES, None]),
    rung=st.sampled_from([*Rung, None]),
    probability=st.sampled_from([None, 0.4, 0.75, 0.99]),
    source=st.integers(0, 10**6).map(str),
)
pasts = st.lists(answered, max_size=30).map(lambda found: tuple(sorted(found, key=lambda one: one.at)))
praise = st.builds(
    Heard,
    signal=st.sampled_from([Signal.ACCEPTED, Signal.KEPT, Signal.SHADOW_RIGHT, Signal.RAISED]),
    at=st.floats(0, 400).map(ago),
    need=st.just("coffee"),
    rung=st.sampled_from([Rung.APPROVE, Rung.VETO, Rung.SILENT]),
    probability=st.just(0.99),
    source=st.integers(0, 10**6).map(str),
)
praised = st.lists(praise, min_size=5, max_size=60).map(lambda found: tuple(sorted(found, key=lambda one: one.at)))
beliefs = st.sampled_from([None, None, 0.0, 0.5, 1.0])
steps = st.tuples(*[st.sampled_from([0.0, 5.0, 40.0])] * 3)
standings = st.dictionaries(
    st.sampled_from(FAMILIES),
    st.builds(
        Standing,
        rung=st.sampled_from([one for one in Rung if one >= BOTTOM]),
        hits=steps,
        shadows=st.just((40.0,) * 3),
        falls=st.integers(0, 2),
        rest_until=st.sampled_from([None, ago(-9)]),
    ),
)
records = st.builds(
    Record,
    standings=standings,
    reviewed_at=st.sampled_from([None, ago(3), ago(200)]),
    heard=pasts | praised,
    stated_agency=beliefs,
    stated_trust=beliefs,
    stated_at=st.sampled_from([None, ago(30)]),
)


def reviewed(record: Record) -> Record:
    """The same after the weekly review, with every proof there is."""
    found = climbed({"c1": record}, NOW, (True, True, True))["c1"]
    return replace(record, standings=found.standings, reviewed_at=boundary(NOW))


# Example 8: more leave never takes a rung away


@st.composite
def raised_otherwise(draw: st.DrawFn):
    """Settings, and others with as much leave or more, in which what was stated stays stated.

    With a past, stating a ceiling at all tells something of the customer; to raise one is to state a higher one.
    """
    high = draw(held)
    low = draw(lowered(high, 4))
    for field in ("ceiling", "family", "category"):
        if getattr(high, field) is None:
            low = replace(low, **{field: None})
    return low, high


@pytest.mark.example(8)
@given(raised_otherwise(), worlds, records)
@settings(max_examples=100, deadline=None)
def test_more_leave_never_takes_a_rung_away_whatever_the_past(pair, world, record):
    low, high = (replace(one, personalization=True).context(replace(world, goal=False)) for one in pair)
    before, after = (only(decided(replace(one, record=record), world.model())) for one in (low, high))
    assert allowed(before) <= allowed(after)
    assert best(before) <= best(after) + 1e-9 or not believed_alike(*pair)


@pytest.mark.example(8)
@pytest.mark.parametrize("field", sorted(STEPS.keys() - {"personalization"}))  # without it another need is decided
@given(worlds, st.data())
@settings(max_examples=10, deadline=None)
def test_each_setting_step_by_step(field, world, data):
    """From the least leave to the most, the other settings held where they are."""
    own = replace(data.draw(held), personalization=True)
    without_goal = replace(world, goal=False)
    steps = [replace(own, **{field: step}) for step in STEPS[field]]
    found = [only(decided(one.context(without_goal), world.model())) for one in steps]
    for step, (before, after) in zip(STEPS[field][1:], pairwise(found), strict=True):
        assert permitted(before) <= permitted(after)
        if step is not None or field not in ("family", "category"):  # a statement that is taken back may be worth less
            assert allowed(before) <= allowed(after)
        if field not in ("ceiling", "family", "category"):  # these tell what is wished, and so what a rung is worth
            assert best(before) <= best(after) + 1e-9


def test_a_ceiling_taken_back_permits_what_it_permitted_though_it_may_be_worth_too_little():
    """Who said of coffee that being asked suits them is asked at odds at which the others are not."""
    world = World(0.45, 1, 0, 0, False, (0.85, 0.95))
    stated, unsaid = (
        only(decided(replace(ALL, ceiling=None, family=family).context(world), world.model()))
        for family in (Rung.APPROVE, None)
    )
    assert (stated.rung, unsaid.rung) == (Rung.APPROVE, Rung.CURATE)
    assert permitted(stated) == permitted(unsaid)
    assert rules(unsaid)[Rung.APPROVE] == "value.low"


@pytest.mark.example(8)
@given(held, worlds, records, st.integers(0, 6), st.integers(0, 6))
@many
def test_more_messages_never_take_a_rung_away(own, world, record, one, other):
    context = replace(own.context(world), record=record)
    few, more = (decided(context, world.model(), policy=Policy(messages=budget)) for budget in sorted((one, other)))
    for before, after in zip(few.experiences, more.experiences, strict=True):
        assert before.need == after.need
        assert allowed(before) <= allowed(after)
        assert best(before) <= best(after) + 1e-9


@pytest.mark.example(8)
@given(worlds, st.sampled_from([rung for rung in Rung if rung <= Rung.CURATE]))
@many
def test_what_was_looked_at_hours_ago_takes_nothing_away_when_it_may_be_looked_at(world, ceiling):
    """Who is looking right now is answered, see ``test_agency``; what was looked at before only adds a need."""
    seen = (an_event(item_id="i1", occurred_at=NOW - timedelta(hours=20)),)
    context = replace(ALL, ceiling=Rung.SILENT).context(replace(world, goal=False))
    less, more = (
        replace(context, events=seen, consents=consents(behaviour=state)) for state in (Grant.UNSET, Grant.GRANTED)
    )
    before, after = only(decided(less, world.model())), only(decided(more, world.model()))
    assert after.need.family == "coffee"
    if before.need.family == "coffee":
        assert allowed(before) <= allowed(after)
        assert best(before) <= best(after) + 1e-9


# Example 8: no past lifts anything above a ceiling


@pytest.mark.example(8)
@given(records, held, worlds, st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_past_lifts_a_rung_above_a_stated_ceiling(record, own, world, review):
    context = replace(own.context(world), record=reviewed(record) if review else record)
    for one in decided(context, world.model()).experiences:
        stated = [Rung.APPROVE if own.ceiling is None else own.ceiling]
        if one.need.family == "coffee":
            stated += [rung for rung in (own.family, own.category) if rung is not None]
        assert max(allowed(one)) <= min(stated)
        assert one.rung <= min(stated)
        assert own.signed or max(allowed(one)) <= Rung.APPROVE
        assert own.automation or max(allowed(one)) <= Rung.COACH


@pytest.mark.example(8)
@given(praised, st.sampled_from(Rung))
@many
def test_praise_alone_leads_up_to_the_ceiling_and_no_further(heard, ceiling):
    record = reviewed(Record(heard=heard))
    context = a_context(preferences=Preferences(ceiling=ceiling), record=record)
    one = only(decided(context, FakeModel([a_forecast(probability=0.99)])))
    assert max(allowed(one)) <= ceiling


def test_enough_praise_leads_to_silence():
    """What the law above holds down is not held down by anything else."""
    kept = [(Signal.KEPT, Rung.VETO, 80 - n) for n in range(3)]
    foreseen = [(Signal.SHADOW_RIGHT, None, 380 - 6 * n) for n in range(60)]
    heard = tuple(
        Heard(signal=signal, at=ago(days), need="coffee", rung=rung, probability=0.99, source=f"{signal} {days}")
        for signal, rung, days in sorted([*kept, *foreseen], key=lambda one: -one[2])
    )
    record = reviewed(Record(heard=heard))
    for ceiling in (Rung.SILENT, Rung.VETO, Rung.CURATE):
        context = a_context(preferences=Preferences(ceiling=ceiling), record=record)
        assert only(decided(context, FakeModel([a_forecast(probability=0.99)]))).rung is ceiling


# What is refused leaves no trace


shown = st.lists(st.tuples(st.sampled_from(["i1", "m1", "w1"]), st.integers(0, 27)), max_size=4).map(
    lambda found: tuple(Showing(item_id=id, at=ago(days)) for id, days in found)
)
TRACES = {
    Purpose.PERSONALIZATION: st.fixed_dictionaries(
        {"history": histories, "executions": executions, "shown": shown, "record": records}
    ),
    Purpose.BEHAVIOUR: st.fixed_dictionaries({"events": events}),
    Purpose.COACHING: st.fixed_dictionaries(
        {"goals": goals, "coached": st.sampled_from([{}, {"g0": ago(3)}, {"g1": ago(0)}])}
    ),
    Purpose.AUTOMATION: st.fixed_dictionaries({"mandates": mandates}),
}


@pytest.mark.parametrize("purpose", TRACES)
@given(situations(), st.data())
@many
def test_refused_data_leaves_no_trace(purpose, situation, data):
    """Two customers who differ in nothing but what they refused are decided for alike, to the byte."""
    unset = [] if purpose is Purpose.AUTOMATION else [Grant.UNSET]  # who said nothing yet is told what they could sign
    state = data.draw(st.sampled_from([Grant.REFUSED, *unset]))
    context = situation["context"]
    context = replace(context, consents={**context.consents, purpose: state})
    one, other = (replace(context, **data.draw(TRACES[purpose])) for _ in range(2))
    assert told(made({**situation, "context": one})) == told(made({**situation, "context": other}))


@pytest.mark.parametrize("purpose", TRACES)
def test_what_is_granted_leaves_traces(purpose):
    """The law above says something: with the purpose granted the same data change the decision."""
    data = {
        Purpose.PERSONALIZATION: {"history": a_history(("m1", "milk", 27), ("m1", "milk", 55))},
        Purpose.BEHAVIOUR: {"events": (an_event(item_id="w1", occurred_at=ago(0.5)),)},
        Purpose.COACHING: {"goals": (a_goal(),)},
        Purpose.AUTOMATION: {"mandates": ()},
    }[purpose]
    plain = a_context()
    assert told(decided(plain)) != told(decided(replace(plain, **data)))
    refused = replace(plain, consents={**ALL_GRANTED, purpose: Grant.REFUSED})
    assert told(decided(refused)) == told(decided(replace(refused, **data)))


# The same input, the same bytes


@given(situations())
@many
def test_the_same_input_gives_the_same_bytes(situation):
    assert told(made(situation)) == told(made(situation))


# Example 12: what is written down as the probability of a rung is how often it is chosen


LUCKY = Policy(worth=Worth(attention=0.0), chance=Chance(explore=0.3, near=0.2, hold_back=0.25))
ALPHA = 1e-9  # that a right share is called wrong, all rungs together


def off_by_chance(n: int, shares: int) -> float:
    """How far ``shares`` counted shares of ``n`` draws may lie from their probabilities (Hoeffding, two-sided)."""
    return sqrt(log(2 * shares / ALPHA) / (2 * n))


CASES = {  # values of the six rungs, what is open, whether chance may choose, and how many rungs chance chooses among
    "near": ([0.0, 0.50, 0.49, 0.35, -1.0, -1.0], [1, 1, 1, 1, 1, 1], True, 3),
    "alone": ([0.0, 0.50, 0.10, 0.10, -1.0, -1.0], [1, 1, 1, 1, 1, 1], True, 1),
    "held back": ([0.0, 0.10, 0.10, 0.50, 1.0, 2.0], [1, 1, 1, 1, 1, 1], True, 2),
    "not askable": ([0.0, 0.10, 0.10, 0.50, 1.0, 2.0], [1, 1, 1, 0, 1, 1], True, 1),
    "not curious": ([0.0, 0.50, 0.49, 0.35, -1.0, -1.0], [1, 1, 1, 1, 1, 1], False, 1),
    "nothing": ([0.0, -0.50, 0.01, -0.35, -1.0, -1.0], [1, 1, 1, 1, 1, 1], True, 1),
}


@pytest.mark.example(12)
@pytest.mark.parametrize("case", CASES)
def test_a_hundred_thousand_seeds_choose_as_often_as_is_written_down(case):
    """By the draws that decisions really make: one need of one customer at one instant, seed by seed."""
    n = 100_000
    value, open_, curious, among = CASES[case]
    draws = np.array([draw(seed, "c1", "coffee", NOW) for seed in range(n)])
    known = selection.priced(
        np.tile(np.array(value), (n, 1, 1)),
        np.tile(np.array(open_, bool), (n, 1, 1)),
        load=np.zeros(n),
        left=np.full(n, 3.0),
        policy=LUCKY,
        here=np.zeros((n, 1, 1), bool),
    )
    found = known.given((np.arange(n), known.next(np.zeros((n, 1), bool))), draws, LUCKY.chance, np.full(n, curious))
    shares = found.propensity[0]
    assert (found.propensity == shares).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert np.count_nonzero(shares) == among
    counted = np.bincount(found.rung, minlength=len(Rung)) / n
    assert np.abs(counted - shares).max() <= off_by_chance(n, len(Rung))
    assert set(np.flatnonzero(counted)) == set(np.flatnonzero(shares))


@pytest.mark.example(12)
def test_whole_decisions_choose_as_often_as_is_written_down():
    """The same through ``decide``, and seed by seed what the arrays say."""
    n = 1_000
    context = a_context(preferences=Preferences(ceiling=Rung.APPROVE), record=a_trusting_record())
    model = FakeModel([a_forecast(probability=0.6)])
    counted = dict.fromkeys(Rung, 0)
    for seed in range(n):
        one = only(decided(context, model, policy=replace(LUCKY, chance=replace(LUCKY.chance, seed=seed))))
        shares = np.array([rung(one, each).propensity for each in Rung])
        assert shares.sum() == pytest.approx(1, abs=1e-12)
        assert one.rung == drawn(shares[None], np.array([draw(seed, "c1", "coffee", NOW)]))[0]
        counted[one.rung] += 1
    assert np.count_nonzero(shares) > 1
    assert max(abs(counted[each] / n - share) for each, share in zip(Rung, shares, strict=True)) <= off_by_chance(n, 6)


def a_trusting_record() -> Record:
    """Earned enough for chance to be let in."""
    return Record(
        standings={"coffee": Standing(rung=Rung.SILENT, hits=(20.0,) * 3, shadows=(20.0,) * 3)},
        reviewed_at=ago(3),
        stated_trust=0.6,
        stated_at=ago(30),
    )


@pytest.mark.example(12)
def test_where_needs_compete_each_is_chosen_as_often_as_its_turn_says():
    """What a need is given hangs on who was heard before it: the share written down is that of its own turn.

    Chosen less its share sums to a martingale with steps within (-1, 1); Azuma bounds how far it strays.
    """
    n, m = 100_000, 3
    worth = [
        [0.0, 0.50, 0.49, 0.35, -1.0, -1.0],
        [0.0, 0.40, 0.40, 0.40, 1.0, 1.4],
        [0.0, 0.30, 0.20, 0.35, -1.0, -1.0],
    ]
    found = select(
        np.tile(np.array(worth), (n, 1, 1)),
        np.ones((n, m, 6), bool),
        load=np.zeros(n),
        left=np.full(n, 2.0),
        policy=LUCKY,
        chance=LUCKY.chance,
        rng=np.random.default_rng(11),
    )
    assert np.abs(found.propensity.sum(axis=-1) - 1).max() < 1e-12
    chosen = found.rung[..., None] == np.arange(6)
    stray = np.abs((chosen - found.propensity).sum(axis=0)) / n
    assert stray.max() <= sqrt(2 * log(2 * stray.size / ALPHA) / n)
    assert len(np.unique(found.propensity[:, 2], axis=0)) > 1  # what is left for the last one hangs on chance


@pytest.mark.example(12)
def test_chance_never_leads_upwards_in_a_hundred_thousand_states():
    n, rng = 100_000, np.random.default_rng(12)
    value, open_ = rng.normal(0.3, 0.6, (n, 1, 6)), rng.random((n, 1, 6)) < 0.8
    open_[..., 0] = True
    known = {"load": rng.integers(0, 4, n).astype(float), "left": rng.integers(0, 4, n).astype(float)}
    found = select(value, open_, policy=LUCKY, chance=LUCKY.chance, rng=rng, **known)
    best = select(value, open_, policy=LUCKY, **known).rung
    for unasked in (Rung.VETO, Rung.SILENT):
        assert found.propensity[..., unasked][best != unasked].max() == 0
        assert (best == unasked).any()
    assert np.abs(found.propensity.sum(axis=-1) - 1).max() < 1e-12
    assert not found.propensity[~open_].any()
