"""Beliefs, ladder and selection on arrays, with the numbered examples of the design."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.decisions import Rung
from engine.domain.signals import Heard, Record, Standing
from modes import attention, posterior, selection
from modes.conduct import Conduct
from modes.ladder import BARS, GATES, Ladder, e_value, ready
from modes.policy import DIGEST, Policy, Worth
from modes.posterior import Posterior
from modes.selection import NONE, Chance, select
from modes.signals import LESSONS, Signal
from modes.success import taken_up
from modes.value import Stakes, before_messages, expected
from tests.modes.shop import NOW, FakeModel, a_context, a_forecast, ago, decided, only, rules

signals = st.lists(st.sampled_from(list(Signal)), max_size=12)
values = st.lists(st.floats(-2, 3), min_size=6, max_size=6)


def taught(mean: float, *given: Signal, of: str) -> Posterior:
    """The prior and some signals of now."""
    found = Posterior.of(mean)
    for signal in given:
        found = found.taught(getattr(LESSONS[signal], of))
    return found


@pytest.mark.example(5)
class TestPosterior:
    """Example 5."""

    def test_agency_and_its_forgetting(self):
        found = taught(0.5, Signal.VETOED, Signal.KEPT, Signal.KEPT, Signal.EDITED, of="agency")
        assert (float(found.alpha), float(found.beta)) == pytest.approx((3.5, 2.6))
        assert float(found.mean) == pytest.approx(0.5738, abs=1e-4)
        month, half = found.later(30), found.later(180)
        assert (float(month.alpha), float(month.beta)) == pytest.approx((3.3363, 2.5345), abs=1e-4)
        assert float(month.mean) == pytest.approx(0.5683, abs=1e-4)
        assert (float(half.alpha), float(half.beta)) == pytest.approx((2.75, 2.30))

    def test_a_return_and_a_complaint_cost_trust(self):
        one = taught(0.7, Signal.RETURNED, of="trust")
        two = taught(0.7, Signal.RETURNED, Signal.COMPLAINED, of="trust")
        assert [float(one.mean), float(two.mean)] == pytest.approx([0.4667, 0.3111], abs=1e-4)
        caps = [Rung(int(posterior.cap(0.5, float(found.mean)))) for found in (one, two)]
        assert caps == [Rung.SILENT, Rung.APPROVE]

    @given(signals, st.randoms(use_true_random=False))
    def test_the_order_of_one_day_says_nothing(self, given, chance):
        mixed = chance.sample(given, len(given))
        one, other = taught(0.6, *given, of="trust"), taught(0.6, *mixed, of="trust")
        assert float(one.mean) == pytest.approx(float(other.mean))

    @given(st.lists(st.tuples(st.sampled_from(list(Signal)), st.integers(0, 400)), max_size=10))
    def test_it_can_be_made_anew_from_history(self, history):
        """Day by day and at once, for what is not an incident."""
        counts = [(LESSONS[signal].agency, age) for signal, age in history]
        whole = posterior.from_history(
            0.6,
            np.array([count for count, _ in counts], float),
            np.array([age for _, age in counts], float),
            np.zeros(len(counts), bool),
        )
        found, before = Posterior.of(0.6), None
        for count, age in sorted(counts, key=lambda one: -one[1]):
            found = found.later(0 if before is None else before - age).taught(count)
            before = age
        found = found.later(before or 0)
        assert float(whole.mean) == pytest.approx(float(found.mean))


class TestProof:
    """Examples 6 and 7."""

    @pytest.mark.example(6)
    def test_readiness(self):
        assert float(ready(0.85, 6, 0, 0.80)) == pytest.approx(0.9018, abs=1e-3)

    @pytest.mark.example(6)
    @pytest.mark.parametrize(("hits", "misses", "expected"), [(0, 0, 0.9510), (1, 0, 0.9681), (3, 1, 0.9394)])
    def test_readiness_of_beta_7_1_and_what_comes_to_it(self, hits, misses, expected):
        assert float(ready(7 / 8, hits, misses, 0.65, prior=8)) == pytest.approx(expected, abs=1e-3)

    @pytest.mark.example(6)
    def test_six_of_six_at_such_a_probability_are_not_ready_for_the_highest_bar(self):
        asked = replace(one(Rung.VETO, 6), hits=np.full((1, 1, 3), 6.0), sure=np.full((1, 1, 3), 6 * 0.85))
        assert asked.readiness()[0, 0, 2] == pytest.approx(0.9018, abs=1e-3)
        enough = replace(asked, shadows=np.full((1, 1, 3), 20.0), sure=np.full((1, 1, 3), 20 * 0.85))
        assert enough.reviewed(10, ALL).rung[0, 0] == Rung.VETO  # readiness alone keeps it there

    @pytest.mark.example(6)
    @pytest.mark.parametrize(("rung", "least"), [(Rung.COACH, 2), (Rung.APPROVE, 4), (Rung.VETO, 10)])
    def test_below_the_least_number_nothing_promotes_however_sure_it_is(self, rung, least):
        certain = {"hits": np.full((1, 1, 3), 500.0), "kept": np.full((1, 1), 50.0)}
        few = replace(one(rung, least - 1), **certain)
        assert few.readiness()[0, 0].min() > 0.999
        assert few.reviewed(10, ALL).rung[0, 0] == rung
        assert replace(one(rung, least), **certain).reviewed(10, ALL).rung[0, 0] == rung + 1

    @pytest.mark.example(7)
    @pytest.mark.parametrize(
        ("hits", "misses", "bar", "expected"),
        [
            (6, 0, 0.5, 18.14),
            (7, 0, 0.5, 31.88),
            (10, 1, 0.5, 30.93),
            (15, 0, 0.75, 18.52),
            (16, 0, 0.75, 23.30),
            (10, 1, 0.75, 1.81),
            (42, 0, 0.9, 19.22),
            (43, 0, 0.9, 20.89),
            (10, 1, 0.9, 0.741),
            (0, 0, 0.9, 1.0),
        ],
    )
    def test_e_values(self, hits, misses, bar, expected):
        assert float(e_value(hits, misses, bar)) == pytest.approx(expected, rel=1e-3)

    @pytest.mark.example(7)
    @pytest.mark.parametrize("bar", [0.5, 0.75, 0.9])
    def test_whoever_is_at_the_bar_is_seldom_let_through_however_often_one_looks(self, bar):
        came = np.random.default_rng(7).random((10_000, 200)) < bar
        hits = came.cumsum(axis=1)
        highest = e_value(hits, np.arange(1, 201) - hits, bar).max(axis=1)
        assert np.mean(highest >= 20) <= 0.05


def one(rung: Rung, hits: float = 0, misses: float = 0) -> Ladder:
    """One pair on a rung, with evidence for every step."""
    bottom, steps = Ladder.bottom(1, 1), (1, 1, 3)
    return Ladder(
        rung=np.full((1, 1), int(rung)),
        hits=np.full(steps, float(hits)),
        misses=np.full(steps, float(misses)),
        sure=np.full(steps, 0.9 * (hits + misses)),
        shadows=np.full(steps, float(hits + misses)),
        kept=np.full((1, 1), 5.0),
        rest_until=bottom.rest_until,
        falls=bottom.falls,
    )


def fell(ladder: Ladder, day: float, signal: Signal) -> Ladder:
    """The pair fell."""
    lesson, shape = LESSONS[signal], (1, 1)
    return ladder.fallen(
        day,
        np.ones(shape, bool),
        np.full(shape, lesson.falls),
        np.full(shape, lesson.to_approve),
        np.full(shape, lesson.rest_days),
    )


ALL = np.ones(3, bool)


@pytest.mark.example(10)
class TestLadder:
    """Example 10."""

    def test_falls_rest_longer_each_time(self):
        first = fell(one(Rung.SILENT, 40, 0), 100, Signal.RETURNED)
        assert (first.rung[0, 0], first.rest_until[0, 0]) == (Rung.VETO, 128)
        second = fell(first, 140, Signal.RETURNED)
        assert (second.rung[0, 0], second.rest_until[0, 0]) == (Rung.APPROVE, 196)

    def test_a_fall_does_not_wait_for_the_weekly_review(self):
        """Between two reviews a decision already stands on the lower rung; the same return heard again is one fall."""
        earned = Standing(rung=Rung.SILENT, hits=(20.0,) * 3, misses=(1.0,) * 3, shadows=(21.0,) * 3)
        back = Heard(signal=Signal.RETURNED, at=ago(0.01), need="coffee", source="execution:x")
        record = Record(standings={"coffee": earned}, reviewed_at=ago(3), heard=(back,))
        found = Conduct.of(a_context(record=record), Policy(), NOW).standing("coffee")
        assert (found.rung, found.rest_until, found.falls) == (Rung.VETO, back.at + timedelta(days=28), 1)
        assert (found.hits, found.misses) == ((20.0, 20.0, 10.0), (1.0, 1.0, 0.0))
        chosen = only(decided(a_context(record=record), FakeModel([a_forecast(probability=0.99)])))
        assert rules(chosen)[Rung.SILENT] == "ladder.rest"

    def test_nothing_is_gained_while_it_rests(self):
        fallen = fell(one(Rung.VETO, 60, 0), 100, Signal.RETURNED)
        assert fallen.reviewed(127, ALL).rung[0, 0] == Rung.APPROVE
        assert fallen.reviewed(128, ALL).rung[0, 0] == Rung.VETO

    def test_a_complaint_takes_everything_above_asking(self):
        found = fell(one(Rung.SILENT, 40, 0), 100, Signal.COMPLAINED)
        assert (found.rung[0, 0], found.rest_until[0, 0]) == (Rung.APPROVE, 156)

    def test_evidence_above_the_new_rung_is_halved(self):
        found = fell(one(Rung.SILENT, 20, 1), 100, Signal.RETURNED)
        assert found.hits[0, 0].tolist() == [20, 20, 10]
        assert found.misses[0, 0].tolist() == [1, 1, 0]

    def test_without_a_proof_for_all_nobody_rises_above_asking(self):
        ready_for_more = one(Rung.APPROVE, 60, 0)
        assert ready_for_more.reviewed(10, np.array([True, False, False])).rung[0, 0] == Rung.APPROVE
        assert ready_for_more.reviewed(10, ALL).rung[0, 0] == Rung.VETO

    def test_silence_asks_for_kept_orders_and_a_customers_own_proof(self):
        earned = one(Rung.VETO, 60, 0)
        assert earned.reviewed(10, ALL).rung[0, 0] == Rung.SILENT
        few = one(Rung.VETO, 11, 0)  # ready, but 11 straight hits prove no .80
        assert float(few.wealth()[0]) < 20
        assert few.reviewed(10, ALL).rung[0, 0] == Rung.VETO

    @pytest.mark.example(6)
    @pytest.mark.parametrize(("n", "rung"), [(1, Rung.COACH), (2, Rung.APPROVE)])
    def test_too_few_never_promote(self, n, rung):
        assert one(Rung.COACH, n, 0).reviewed(10, ALL).rung[0, 0] == rung

    def test_a_record_that_turns_bad_loses_its_rung(self):
        assert one(Rung.VETO, 4, 40).reviewed(10, ALL).rung[0, 0] == Rung.APPROVE

    def test_a_shadow_is_evidence_for_the_gates_it_reached(self):
        closed, yes, no = np.ones((1, 1), bool), np.ones((1, 1)), np.zeros((1, 1))
        found = Ladder.bottom(1, 1).witnessed(np.full((1, 1), 0.75), yes, no, closed)
        assert found.hits[0, 0].tolist() == [float(gate <= 0.75) for gate in GATES]
        assert len(BARS) == 3


def choose(value: np.ndarray, allowed: np.ndarray, policy: Policy = Policy(), **given: object) -> selection.Selected:
    """For one customer."""
    defaults: dict[str, object] = {"load": np.zeros(1), "left": np.full(1, float(policy.messages))}
    return select(np.asarray(value, float)[None], np.asarray(allowed, bool)[None], policy=policy, **(defaults | given))


@pytest.mark.example(11)
class TestAttention:
    """Example 11."""

    def test_announced_orders_are_reserved_first_and_what_is_worth_least_goes_without(self):
        value, allowed = np.full((4, 6), -1.0), np.zeros((4, 6), bool)
        value[:, 0], allowed[:, 0] = 0.0, True
        worth = {Rung.CURATE: 0.40, Rung.COACH: 0.35, Rung.APPROVE: 0.90, Rung.SILENT: 1.2}
        for need, (rung, eu) in enumerate(worth.items()):
            price = 0.0 if rung is Rung.SILENT else 1.0
            value[need, rung], allowed[need, rung] = eu + price, True
        found = choose(value, allowed, left=np.ones(1), load=np.full(1, 2.0))
        assert found.rung[0].tolist() == [Rung.RESPOND, Rung.RESPOND, Rung.APPROVE, Rung.SILENT]
        assert found.spent[0, 0, Rung.CURATE]
        assert found.spent[0, 1, Rung.COACH]

    def test_no_notice_no_order(self):
        value, allowed = np.zeros((1, 6)), np.zeros((1, 6), bool)
        value[0, Rung.VETO], allowed[0, [Rung.RESPOND, Rung.VETO]] = 2.0, True
        assert choose(value, allowed, left=np.zeros(1)).rung[0, 0] == Rung.RESPOND
        assert choose(value, allowed, left=np.ones(1)).rung[0, 0] == Rung.VETO

    def test_the_price_of_a_message(self):
        worth = Worth(attention=0.12, attention_scale=1.5)
        assert attention.price(np.array([0.0, 3.0]), worth).tolist() == pytest.approx([0.18, 0.36])

    def test_coming_back_soon_costs_more(self):
        away, again = (Stakes(probability=0.9, load=load) for load in (0, 2))
        lost = before_messages(away, DIGEST.worth) - before_messages(again, DIGEST.worth)
        assert lost.tolist() == pytest.approx([0, 4, 4, 4, 4, 0])
        assert np.all(before_messages(away, Worth()) == before_messages(again, Worth()))


EVERY = np.ones((1, 6), bool)


@pytest.mark.example(12)
class TestChance:
    """Example 12."""

    def test_propensities_of_the_design(self):
        value = [[0.0, 0.30, 0.27, 0.10, -1.0, -1.0]]
        free = Policy(worth=Worth(attention=0.0))
        rng = np.random.default_rng(1)
        found = choose(value, EVERY, policy=free, chance=Chance(explore=0.03), rng=rng)
        assert found.propensity[0, 0].tolist() == pytest.approx([0, 0.985, 0.015, 0, 0, 0])

    @settings(max_examples=200)
    @given(values, st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 2**32 - 1))
    def test_they_sum_to_one_and_nothing_is_tried_upwards(self, value, allowed, seed):
        given_ = np.array([[True, *allowed[1:]]])
        found = choose([value], given_, chance=Chance(), rng=np.random.default_rng(seed))
        shares = found.propensity[0, 0]
        assert shares.sum() == pytest.approx(1)
        assert shares[found.rung[0, 0]] > 0
        assert not shares[~given_[0]].any()
        best = choose([value], given_, chance=NONE).rung[0, 0]
        for rung in (Rung.VETO, Rung.SILENT):
            assert shares[rung] == 0 or rung == best

    def test_they_are_how_often_each_is_chosen(self):
        n = 100_000
        value = np.tile([0.0, 0.50, 0.49, 0.47, -1.0, -1.0], (n, 1, 1))
        found = select(
            value,
            np.ones((n, 1, 6), bool),
            load=np.zeros(n),
            left=np.full(n, 3.0),
            policy=Policy(worth=Worth(attention=0.0)),
            chance=Chance(explore=0.3),
            rng=np.random.default_rng(5),
        )
        counted = np.bincount(found.rung[:, 0], minlength=6) / n
        assert counted == pytest.approx(found.propensity[0, 0], abs=4 * np.sqrt(0.25 / n))

    def test_an_order_unasked_is_sometimes_held_back_and_asked_about(self):
        value = [[0.0, 0.1, 0.1, 0.5, 1.0, 2.0]]
        found = choose(value, EVERY, chance=Chance(hold_back=0.1), rng=np.random.default_rng(1))
        assert found.propensity[0, 0].tolist() == pytest.approx([0, 0, 0, 0.1, 0, 0.9])

    def test_the_same_seed_chooses_the_same(self):
        value = np.random.default_rng(2).random((50, 4, 6))
        runs = [
            select(
                value,
                np.ones(value.shape, bool),
                load=np.zeros(50),
                left=np.full(50, 3.0),
                policy=Policy(),
                chance=Chance(explore=0.5),
                rng=np.random.default_rng(9),
            )
            for _ in range(2)
        ]
        assert np.array_equal(runs[0].rung, runs[1].rung)


def test_many_customers_are_each_one_alone():
    """One decision is the case n = 1."""
    rng = np.random.default_rng(3)
    value, allowed = rng.normal(0.3, 0.5, (40, 5, 6)), rng.random((40, 5, 6)) < 0.7
    allowed[..., 0] = True
    load, left = rng.integers(0, 4, 40).astype(float), rng.integers(0, 4, 40).astype(float)
    whole = select(value, allowed, load=load, left=left, policy=Policy())
    for n in range(40):
        alone = select(value[[n]], allowed[[n]], load=load[[n]], left=left[[n]], policy=Policy())
        assert np.array_equal(alone.rung[0], whole.rung[n])
        assert whole.rung[n][np.arange(5)].max() <= Rung.SILENT
        assert allowed[n, np.arange(5), whole.rung[n]].all()


def test_success_is_drawn_to_the_customers_and_to_the_usual():
    taken, tried = np.zeros((1, 2, 6)), np.zeros((1, 2, 6))
    taken[0, 0, Rung.CURATE], tried[0, 0, Rung.CURATE] = 1, 4
    found = taken_up(taken, tried, Worth().success)[0, :, Rung.CURATE]
    own = (1 + 8 * 0.7) / (4 + 8)
    assert found.tolist() == pytest.approx([(1 + 4 * own) / (4 + 4), own])


def test_values_of_many_are_those_of_each():
    rng = np.random.default_rng(4)
    p, order, load = rng.random((7, 3)), rng.random((7, 3)), rng.integers(0, 4, (7, 3)).astype(float)
    goal = np.where(rng.random((7, 3)) < 0.5, rng.random((7, 3)), np.nan)
    whole = expected(Stakes(probability=p, order=order, goal=goal, load=load), Worth())
    for place in np.ndindex(7, 3):
        alone = Stakes(
            probability=p[place],
            order=order[place],
            goal=None if np.isnan(goal[place]) else goal[place],
            load=load[place],
        )
        assert expected(alone, Worth()) == pytest.approx(whole[place])


def test_the_digest_is_a_policy_like_any_other():
    assert DIGEST.messages == 4
    assert DIGEST.veto_window == timedelta(hours=24)
