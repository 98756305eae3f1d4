"""Off-policy values: the example of the design, naive loops, logs whose truth is known, and what is refused."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from engine.domain.estimates import NotEstimable
from engine.learn.offpolicy import reward as rewards
from engine.learn.offpolicy import sums as adding
from engine.learn.offpolicy.log import FOLDS, Shares, folds, mixed, table_of
from engine.learn.offpolicy.policies import Best, Logged, Means, Stance, Uniform
from engine.learn.offpolicy.reward import Design, Moments, Reward
from engine.learn.offpolicy.sums import Sums
from engine.learn.offpolicy.support import Support
from engine.learn.offpolicy.value import Estimator, Value, estimates, logged
from tests.engine.learn.decision_logs import ACTIONS, KINDS, Fixed, World, log_of, model_of, sums_of
from tests.engine.learn.known import law

IPS, SNIPS, DR = Estimator


def same_for_all(*shares: float, n: int) -> Fixed:
    """One distribution for every row."""
    return Fixed(table=np.array([shares]), rows=np.zeros(n, np.int64))


def example_13() -> Sums:
    """Five rows, a target, and a model that is given."""
    log = log_of(
        actions=[0, 1, 0, 2, 1], rewards=[1, 0, 0, 2, 1], propensities=[0.5, 0.25, 0.5, 0.25, 0.25], n_actions=3
    )
    q = np.array([0.5, 0.25, 1.5])
    model = Reward(design=Design.of(log.features, 1), weights=np.tile(q[None, :, None], (FOLDS, 1, 1)), seed=0)
    return Sums.of(log, same_for_all(0.2, 0.3, 0.5, n=5).on(log), np.ones((1, 3), bool), model)


@pytest.mark.example(13)
def test_the_numbers_of_example_13():
    found = estimates(example_13(), seed=0)
    assert [found[one].estimate for one in Estimator] == pytest.approx([1.12, 1.0769, 1.2450], abs=5e-5)
    assert [found[one].se for one in Estimator] == pytest.approx([0.7526, 0.4416, 0.2709], abs=5e-5)
    support = Support.of(example_13(), ["A", "B", "C"])
    assert support.ess == pytest.approx(3.756, abs=5e-4)
    assert any("effective sample size" in one.reason for one in support.objections())


@pytest.mark.example(13)
def test_the_weights_of_example_13_and_what_its_model_alone_says():
    units = example_13().units
    weights, weighted, robust = units[:, 1], units[:, 2], units[:, 4]
    assert sorted(weights) == pytest.approx([0.4, 0.4, 1.2, 1.2, 2.0])
    said = np.array([0.4, 1.2, 0.4, 2.0, 1.2]) @ [0.5, 0.25, 0.5, 1.5, 0.25]  # the model, of what was done, weighted
    direct = (robust.sum() - weighted.sum() + said) / 5
    assert direct == pytest.approx(0.9250)  # to which DR adds the weighted residuals


def test_what_loops_come_to():
    world = World()
    log, kinds = world.draw(300, seed=1)
    contexts = np.repeat(np.arange(100), 3)
    log = log_of(
        actions=log.actions,
        rewards=log.rewards,
        propensities=log.propensities,
        features=log.features,
        contexts=contexts,
    )
    model = model_of(log)
    q = np.stack([model.at(_doing(log, action)) for action in range(len(ACTIONS))], axis=1)
    weights, robust = [], []
    for row in range(300):
        target = world.target[kinds[row]]
        weights.append(target[log.actions[row]] / log.propensities[row])
        expected = sum(target[action] * q[row, action] for action in range(len(ACTIONS)))
        robust.append(expected + weights[row] * (log.rewards[row] - q[row, log.actions[row]]))
    w, r = np.array(weights), log.rewards
    found = estimates(sums_of(log, world.policy(kinds)), seed=0)
    assert found[IPS].estimate == pytest.approx(np.mean(w * r))
    assert found[SNIPS].estimate == pytest.approx(np.sum(w * r) / np.sum(w))
    assert found[DR].estimate == pytest.approx(np.mean(robust))
    off = [sum((w * r - np.mean(w * r))[contexts == one]) for one in range(100)]
    assert found[IPS].se == pytest.approx(np.sqrt(sum(x * x for x in off)) / 300 * np.sqrt(100 / 99))
    off = [sum((w * (r - found[SNIPS].estimate))[contexts == one]) for one in range(100)]
    assert found[SNIPS].se == pytest.approx(np.sqrt(sum(x * x for x in off)) / sum(w))
    support = Support.of(sums_of(log, world.policy(kinds)), ACTIONS)
    assert support.ess == pytest.approx(sum(w) ** 2 / sum(w * w))
    assert support.mean_weight == pytest.approx(np.mean(w))
    assert support.largest_share == pytest.approx(max(sum(w[contexts == one]) for one in range(100)) / sum(w))


def _doing(log, action):
    """The log as if this had been done throughout."""
    return log_of(
        actions=np.full(len(log), action),
        rewards=log.rewards,
        propensities=log.propensities,
        features=log.features,
        contexts=np.repeat(np.arange(100), 3),
    )


def test_the_model_is_ridge_towards_what_actions_have_in_common():
    log, _ = World().draw(400, seed=2)
    model = model_of(log)
    fold = folds(log.units, 0)
    mean, spread = log.features.mean(axis=0), log.features.std(axis=0)
    z = np.concatenate([np.ones((400, 1)), (log.features - mean) / spread], axis=1)
    for one in range(FOLDS):
        others = fold != one
        common = _ridge(z[others], log.rewards[others], np.zeros(4), np.diag([0.0, 1.0, 1.0, 1.0]))
        for action in range(len(ACTIONS)):
            rows = others & (log.actions == action)
            own = _ridge(z[rows], log.rewards[rows], common, 10.0 * np.eye(4))
            here = (fold == one) & (log.actions == action)
            assert model.at(log.where(here)) == pytest.approx(z[here] @ own, abs=1e-5)


def _ridge(z, y, center, penalty):
    """Least squares with a penalty for leaving a centre, as one longer least squares problem."""
    root = np.sqrt(penalty)
    return np.linalg.lstsq(np.concatenate([z, root]), np.concatenate([y, root @ center]), rcond=None)[0]


def test_no_row_is_judged_by_a_model_that_saw_it():
    log, _ = World().draw(500, seed=3)
    fold = folds(log.units, 0)
    spoilt = log_of(
        actions=log.actions,
        rewards=np.where(fold == 2, log.rewards + 1_000, log.rewards),
        propensities=log.propensities,
        features=log.features,
        start=3,
    )
    before, after = model_of(log), model_of(spoilt)
    assert np.allclose(before.weights[2], after.weights[2])
    assert not np.allclose(before.weights[1], after.weights[1])


def test_a_customer_stays_in_one_fold_and_folds_are_of_one_size():
    units = mixed(np.arange(50_000, dtype=np.uint64))
    assert np.array_equal(folds(units, 4), folds(units[::-1], 4)[::-1])
    assert not np.array_equal(folds(units, 4), folds(units, 5))
    assert np.bincount(folds(units, 4)) == pytest.approx(np.full(FOLDS, 10_000), rel=0.05)


@pytest.mark.example(13)
@law(50)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(-100, 100), st.floats(0.01, 1)),
        min_size=2,
        max_size=30,
    ),
    st.integers(0, 5),
)
def test_the_policy_that_made_the_log_is_worth_the_mean_reward(rows, seed):
    actions, reward, propensity = zip(*rows, strict=True)
    log = log_of(actions=actions, rewards=reward, propensities=propensity)
    known = Stance(logged=log.propensities)  # as a target that says the same
    for stance in (Logged().on(log), known):
        sums = Sums.of(log, stance, np.ones((1, len(ACTIONS)), bool))
        assert (sums.units[:, 1] == 1).all()
        assert sums.units[:, 2].tolist() == sums.units[:, 3].tolist()  # w r is r, to the last bit
        found = estimates(sums, seed=seed, draws=20)
        mean = pytest.approx(np.mean(reward), abs=1e-9)
        assert found[IPS].estimate == found[SNIPS].estimate == logged(sums, seed=seed).estimate == mean
    assert found[DR] == NotEstimable(
        reason="only the policy's probability of the logged action is known",
        needed="its probabilities of every action, as a policy FILE",
    )


@law(30)
@given(st.lists(st.integers(0, 400), max_size=5), st.permutations(range(4)), st.integers(1, 60))
def test_sums_add_whichever_way_the_log_is_cut(cuts, order, contexts):
    world = World()
    log, kinds = world.draw(400, seed=5)
    log = log_of(
        actions=log.actions,
        rewards=log.rewards,
        propensities=log.propensities,
        features=log.features,
        contexts=np.arange(400) % contexts,
        positions=np.arange(400) % 4,
    )
    seen, model = Means.of(log, 0).seen, model_of(log)
    whole = Sums.of(log, world.policy(kinds).on(log), seen, model)
    edges = [0, *sorted(cuts), 400]
    places = [np.arange(a, b) for a, b in pairwise(edges)]
    masks = [np.isin(np.arange(400), place) for place in places]
    masks = [masks[place] for place in order if place < len(masks)] + masks[4:]
    parts = [Sums.of(log.where(m), world.policy(kinds[m]).on(log.where(m)), seen, model) for m in masks if m.any()]
    added = reduce(add, parts)
    assert np.array_equal(added.keys, whole.keys)
    assert added.units == pytest.approx(whole.units, rel=1e-9, abs=1e-9)
    assert (added.squares, added.thin, added.contexts) == pytest.approx((whole.squares, whole.thin, whole.contexts))
    means = reduce(add, [Means.of(log.where(m), 0) for m in masks if m.any()])
    assert means.sums == pytest.approx(Means.of(log, 0).sums)
    design = Design.of(log.features, 4)
    moments = reduce(add, [Moments.of(log.where(m), design, 0) for m in masks if m.any()])
    assert moments.products == pytest.approx(Moments.of(log, design, 0).products)


def test_many_units_are_grouped_without_a_change_to_the_values(monkeypatch):
    world = World()
    log, kinds = world.draw(3_000, seed=6)
    exact = sums_of(log, world.policy(kinds))
    monkeypatch.setattr(adding, "MOST", 2_000)
    monkeypatch.setattr(adding, "GROUPS", 512)
    half = np.arange(3_000) < 1_500
    seen, model = Means.of(log, 0).seen, model_of(log)
    parts = [Sums.of(log.where(m), world.policy(kinds[m]).on(log.where(m)), seen, model) for m in (half, ~half)]
    assert not parts[0].grouped
    grouped = parts[0] + parts[1]
    assert grouped.grouped
    assert 500 < len(grouped.keys) <= 512
    for one in Estimator:
        mine, other = estimates(exact, seed=0)[one], estimates(grouped, seed=0)[one]
        assert other.estimate == pytest.approx(mine.estimate)
        assert other.se == pytest.approx(mine.se, rel=0.15)
        assert other.high - other.low == pytest.approx(mine.high - mine.low, rel=0.25)
    assert Support.of(grouped, ACTIONS).ess == pytest.approx(Support.of(exact, ACTIONS).ess)
    assert grouped.contexts == exact.contexts == 3_000


def test_contexts_are_counted_from_a_sketch_where_they_are_many(monkeypatch):
    monkeypatch.setattr(adding, "SKETCH", 4_096)
    log, _ = World().draw(40_000, seed=7)
    assert sums_of(log).contexts == pytest.approx(40_000, rel=0.05)


@pytest.mark.parametrize(
    ("world", "n"),
    [
        (World(), 2_000),
        (World(rewards="binary", plain=True), 2_000),
        (World(rewards="skewed"), 2_000),
        (World(heat=0.8), 2_000),  # heavy: the effective sample size is a twelfth of the rows
        (World(heat=1.3), 2_000),  # refused, and yet
        pytest.param(World(heat=0.8, rewards="skewed"), 5_000, marks=pytest.mark.long),
        pytest.param(World(heat=0.6), 10_000, marks=pytest.mark.long),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else f"{value.rewards}-{value.heat}",
)
def test_intervals_hold_the_truth_in_nine_of_ten_logs(world, n):
    held = dict.fromkeys(Estimator, 0)
    for seed in range(100):
        log, kinds = world.draw(n, seed)
        found = estimates(sums_of(log, world.policy(kinds)), seed=seed, draws=300)
        for one in Estimator:
            held[one] += found[one].low <= world.value <= found[one].high
    assert min(held.values()) >= 90, held


def test_intervals_follow_customers_and_not_rows():
    """Ten rows of one customer are alike: an interval that counted them as ten would miss the truth."""
    world, held, naive = World(heat=0.2, informative=0.0), 0, 0
    for seed in range(60):
        log, kinds = world.draw(2_000, seed)
        luck = np.repeat(np.random.default_rng(seed).normal(size=200), 10)
        rows = {"actions": log.actions, "rewards": log.rewards + 2 * luck, "propensities": log.propensities}
        by_customer = log_of(**rows, contexts=np.repeat(np.arange(200), 10))
        for which, these in ((True, by_customer), (False, log_of(**rows))):
            found = estimates(sums_of(these, world.policy(kinds)), seed=seed, draws=300)[SNIPS]
            hit = found.low <= world.value <= found.high
            held, naive = held + (hit and which), naive + (hit and not which)
    assert held >= 54
    assert naive < 50


def test_intervals_reach_further_to_where_the_rewards_are_skewed():
    rng = np.random.default_rng(0)
    log = log_of(actions=np.zeros(300), rewards=rng.lognormal(0, 1.5, 300), propensities=np.ones(300))
    for found in estimates(sums_of(log), seed=0).values():
        assert found.high - found.estimate > 1.3 * (found.estimate - found.low)


def test_the_interval_of_ips_holds_that_of_snips():
    apart = 0
    for seed in range(20):
        world = World(heat=0.8)
        log, kinds = world.draw(1_000, seed)
        sums = sums_of(log, world.policy(kinds))
        found = estimates(sums, seed=seed, draws=100)
        assert found[IPS].low <= found[SNIPS].low
        assert found[IPS].high >= found[SNIPS].high
        apart += found[IPS].low == found[SNIPS].low or found[IPS].high == found[SNIPS].high
    assert 0 < apart < 20


def test_a_model_that_knows_makes_estimates_surer():
    world, found = World(informative=2.0), []
    for seed in range(40):
        log, kinds = world.draw(1_000, seed)
        values = estimates(sums_of(log, world.policy(kinds)), seed=seed, draws=2)
        found.append([values[one].estimate for one in Estimator])
    ips, snips, dr = np.std(found, axis=0)
    assert dr < 0.4 * ips
    assert dr < 0.7 * snips
    assert np.mean(found, axis=0)[2] == pytest.approx(world.value, abs=4 * dr / np.sqrt(40))


def test_so_many_actions_that_they_differ_by_a_constant_only(monkeypatch):
    world, found = World(), []
    rich = model_of(world.draw(1_000, 0)[0])
    monkeypatch.setattr(rewards, "LARGEST", 100)
    for seed in range(30):
        log, kinds = world.draw(1_000, seed)
        found.append(estimates(sums_of(log, world.policy(kinds)), seed=seed, draws=2)[DR].estimate)
    poor = model_of(world.draw(1_000, 0)[0])
    assert np.ptp(poor.weights[0, :, 1:], axis=0).max() < 1e-9 < np.ptp(rich.weights[0, :, 1:], axis=0).min()
    assert np.ptp(poor.weights[0, :, 0]) > 0.5
    assert np.mean(found) == pytest.approx(world.value, abs=4 * np.std(found) / np.sqrt(30))


def test_the_same_seed_gives_the_same_interval():
    sums = sums_of(World().draw(500, 8)[0])
    assert logged(sums, seed=3) == logged(sums, seed=3)
    assert logged(sums, seed=3) != logged(sums, seed=4)


def test_the_log_itself_has_the_interval_of_a_mean():
    sums = sums_of(World().draw(2_000, 9)[0])
    found = logged(sums, seed=0)
    rewards_ = sums.units[:, 3]
    assert found.estimate == pytest.approx(rewards_.mean())
    assert found.se == pytest.approx(rewards_.std(ddof=1) / np.sqrt(2_000))
    assert (found.low, found.high) == pytest.approx(
        (found.estimate - 1.96 * found.se, found.estimate + 1.96 * found.se), abs=0.2 * found.se
    )


def refusal(log, policy):
    """What is objected, as one text."""
    return "; ".join(one.reason for one in Support.of(sums_of(log, policy), ACTIONS).objections())


def test_a_policy_near_the_log_is_not_refused():
    for seed in range(20):
        log, kinds = World().draw(1_000, seed)
        assert refusal(log, World().policy(kinds)) == ""
        assert refusal(log, Logged()) == ""


@pytest.mark.example(13)
def test_an_action_the_log_does_not_have_is_named():
    log, _ = World().draw(1_000, 1)
    without = log.where(log.actions != 3)
    alike = same_for_all(0.2, 0.2, 0.2, 0.2, 0.2, n=len(without))
    assert "20.0% of the policy's probability is on actions the log does not have there: D" in refusal(without, alike)
    barely = same_for_all(0.33, 0.33, 0.3395, 0.0005, 0.0, n=len(without))
    assert "does not have" not in refusal(without, barely)


def test_an_action_missing_at_one_position_is_named_too():
    log, _ = World(heat=0.0).draw(2_000, 1)
    positions = np.arange(2_000) % 2
    kept = (positions == 0) | (log.actions != 1)
    log = log_of(
        actions=log.actions[kept],
        rewards=log.rewards[kept],
        propensities=log.propensities[kept],
        positions=positions[kept],
    )
    assert "8.9% of the policy's probability is on actions the log does not have there: B" in refusal(
        log, Uniform(n_actions=len(ACTIONS))
    )


def test_a_log_without_chance_supports_nothing_else():
    log = log_of(actions=np.arange(1_000) % 5, rewards=np.ones(1_000), propensities=np.ones(1_000))
    assert "the mean weight is 0.200 and not 1.000" in refusal(log, Uniform(n_actions=5))


def test_propensities_of_another_policy_are_noticed():
    log, kinds = World().draw(2_000, 2)
    wrong = log_of(actions=log.actions, rewards=log.rewards, propensities=np.minimum(log.propensities * 1.3, 1))
    assert "mean weight" in refusal(wrong, World().policy(kinds))


def test_mass_where_the_log_hardly_goes_is_refused():
    world = World(heat=1.3)
    assert (world.target * (world.logging < 0.01)).sum(axis=1).mean() > 0.3
    log, kinds = world.draw(5_000, 3)
    assert "where the log's is below 0.01" in refusal(log, world.policy(kinds))


def test_too_few_rows_in_effect_are_refused_with_what_it_takes():
    log, kinds = World().draw(60, 4)
    found = Support.of(sums_of(log, World().policy(kinds)), ACTIONS)
    said = next(one for one in found.objections() if "effective sample size" in one.reason)
    assert said.needed.startswith(f"about {60 * 30 / found.ess:,.0f} rows like these, or a log made by a policy nearer")


def test_a_small_share_is_refused_unless_it_is_plenty():
    def log(n):
        rng = np.random.default_rng(n)
        actions = rng.integers(0, 40, n)
        return log_of(actions=actions, rewards=rng.normal(size=n), propensities=np.full(n, 1 / 40), n_actions=40)

    def said(n):
        policy = same_for_all(1.0, *[0.0] * 39, n=n)
        names = [str(one) for one in range(40)]
        return [one.reason for one in Support.of(sums_of(log(n), policy), names).objections()]

    assert any("effective sample size" in one for one in said(10_000))
    assert said(60_000) == []


def test_one_customer_with_much_of_the_weight_is_refused():
    log, _ = World().draw(500, 5)
    contexts = np.where(np.arange(500) < 80, 0, np.arange(500))
    log = log_of(actions=log.actions, rewards=log.rewards, propensities=log.propensities, contexts=contexts)
    assert "one context or customer has" in refusal(log, Logged())


def test_few_customers_are_few_however_many_rows_they_have():
    log, _ = World().draw(2_000, 5)
    log = log_of(
        actions=log.actions, rewards=log.rewards, propensities=log.propensities, contexts=np.arange(2_000) % 20
    )
    assert "effective sample size is 20.0" in refusal(log, Logged())


def test_a_reward_that_hardly_ever_comes_is_refused():
    log, kinds = World().draw(2_000, 6)
    few = log_of(actions=log.actions, rewards=np.arange(2_000) < 5, propensities=log.propensities)
    assert "the rewards the policy would see come from" in refusal(few, World().policy(kinds))
    none = log_of(actions=log.actions, rewards=np.zeros(2_000), propensities=log.propensities)
    assert "0.0 contexts" in refusal(none, Logged())


def test_the_best_action_is_worth_what_it_is_worth_and_not_what_luck_gave_it():
    """Without any difference between actions, choosing by luck and judging by the same luck would show a gain."""
    world, found, naive = World(heat=0.0, informative=0.0), [], []
    for seed in range(60):
        log, _ = world.draw(200, seed)
        noise = np.random.default_rng(seed).normal(size=200)
        log = log_of(actions=log.actions, rewards=noise, propensities=log.propensities, start=seed)
        best = Best.fit(Means.of(log, 0), np.arange(5), seed=0)
        found.append(estimates(sums_of(log, best), seed=0, draws=2)[SNIPS].estimate)
        naive.append(max(noise[log.actions == action].mean() for action in range(5)))
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(60)
    assert np.mean(naive) > 8 * np.std(naive) / np.sqrt(60)


def test_the_best_action_is_found():
    world = World(informative=0.0)
    log, _ = world.draw(3_000, 1)
    best = Best.fit(Means.of(log, 0), np.arange(5), seed=0)
    assert set(best.on(log).shares.table[best.on(log).shares.rows].indices.tolist()) == {4}
    found = estimates(sums_of(log, best), seed=0)[DR]
    assert found.low <= world.value_of(np.eye(5)[4]) <= found.high


def test_the_best_action_is_the_best_of_those_available_and_the_first_of_equals():
    rows = 400
    actions = np.arange(rows) % 4
    sets = csr_array(np.array([[1.0, 1, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0]]))
    which = np.where(np.arange(rows) < 200, 0, np.where(actions < 2, 1, 2))
    available = Shares(table=sets, rows=which)
    log = log_of(
        actions=actions,
        rewards=np.array([1.0, 3.0, 2.0, 3.0])[actions],
        propensities=np.full(rows, 0.25),
        available=available,
    )
    means = Means.of(log, 0)
    for order, first in ((np.array([0, 1, 2, 3, 4]), 1), (np.array([4, 3, 2, 1, 0]), 3)):
        chosen = Best.fit(means, order, seed=0).on(log).shares.spread().indices
        assert set(chosen[which == 0].tolist()) == {first}
        assert set(chosen[which == 1].tolist()) == {1}
        assert set(chosen[which == 2].tolist()) == {3}
        plain = log_of(actions=actions, rewards=log.rewards, propensities=log.propensities)
        assert set(Best.fit(means, order, seed=0).on(plain).shares.spread().indices.tolist()) == {first}


def test_the_best_action_needs_more_than_one_lucky_row():
    actions = np.append(np.arange(400) % 2, 2)
    log = log_of(actions=actions, rewards=[*np.arange(400) % 2, 50], propensities=np.full(401, 0.4))
    chosen = Best.fit(Means.of(log, 0), np.arange(5), seed=0).on(log).shares.spread().indices
    assert set(chosen.tolist()) == {1}


def test_uniform_is_over_what_was_available():
    sets = table_of(np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]]))
    available = Shares(table=sets, rows=np.array([0, 1, 1]))
    log = log_of(actions=[0, 3, 1], rewards=[1, 2, 3], propensities=[0.5, 0.5, 0.1], available=available)
    assert Uniform(n_actions=5).on(log).logged.tolist() == [0.5, 0.25, 0.25]
    assert Uniform(n_actions=4).on(log_of(actions=[0, 3], rewards=[1, 2], propensities=[1, 1])).logged.tolist() == [
        0.25,
        0.25,
    ]


def test_mass_on_what_was_not_available_is_not_supported():
    sets = table_of(np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]))
    log, _ = World(heat=0.0).draw(1_000, 1)
    rows = (log.actions >= 2).astype(np.int64)
    log = log_of(
        actions=log.actions,
        rewards=log.rewards,
        propensities=log.propensities,
        available=Shares(table=sets, rows=rows),
    )
    sums = sums_of(log, same_for_all(0.2, 0.2, 0.2, 0.2, 0.2, n=1_000))
    share = (rows == 0).mean()
    assert sums.unlogged / 1_000 == pytest.approx([0, 0, 0.2 * share, 0.2 * share, 0.2 * share])


def test_missing_features_count_as_their_mean():
    log, _ = World().draw(1_000, 1)
    design = Design.of(log.features, 1)
    holes = np.where(np.random.default_rng(0).random(log.features.shape) < 0.2, np.nan, log.features)
    holed = log_of(actions=log.actions, rewards=log.rewards, propensities=log.propensities, features=holes)
    vectors = design.vectors(holed)
    assert np.isfinite(vectors).all()
    assert (vectors[:, 1:][np.isnan(holes)] == 0).all()
    assert vectors[:, 1:][~np.isnan(holes)] == pytest.approx(((holes - design.center) / design.scale)[~np.isnan(holes)])


def test_the_unit_of_features_does_not_matter():
    log, kinds = World().draw(1_000, 2)
    far = log_of(
        actions=log.actions,
        rewards=log.rewards,
        propensities=log.propensities,
        features=log.features * [1e3, 1e-3, 1] + [1.7e9, 0, 5],
        start=2,
    )
    mine, other = (estimates(sums_of(one, World().policy(kinds)), seed=0)[DR] for one in (log, far))
    assert isinstance(mine, Value)
    assert other.estimate == pytest.approx(mine.estimate, abs=1e-4)


def test_the_known_value_is_what_a_very_long_log_comes_to():
    world = World(rewards="binary")
    log, kinds = world.draw(200_000, 1)
    assert len(KINDS) == 64
    weights = world.target[kinds, log.actions] / log.propensities
    assert np.mean(weights * log.rewards) == pytest.approx(world.value, abs=0.02)
