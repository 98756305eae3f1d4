"""Figures of merit against naive counting, and the table of methods on shops where the winner is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.accuracy import accuracy, honesty, reliability
from engine.learn.baskets import Learned
from engine.learn.evaluation import Exam, compared
from engine.learn.lines import last_orders, next_orders
from tests.engine.learn.known import checkerboard, law, lines

METHODS = {
    "rapport",
    "popular",
    "most buyers",
    "popular, last 4 weeks",
    "personal",
    "personal, then popular",
    "implicit als",
    "implicit item-item",
}
lists = st.tuples(st.lists(st.booleans(), max_size=20), st.integers(0, 9)).map(
    lambda given: (np.array(given[0], bool), max(sum(given[0]) + given[1], 1))
)


@law()
@given(st.lists(lists, min_size=1, max_size=12))
def test_accuracy_is_what_counting_says(found):
    hits, sizes = [hit for hit, _ in found], [size for _, size in found]
    said = accuracy(hits, sizes)
    recalls = [sum(hit[:10]) / size for hit, size in found]
    gains = [sum(1 / math.log2(place + 2) for place, one in enumerate(hit[:10]) if one) for hit in hits]
    best = [sum(1 / math.log2(place + 2) for place in range(size)) for size in sizes]
    assert said.recall_10 == pytest.approx(np.mean(recalls))
    assert said.recall_20 == pytest.approx(np.mean([sum(hit) / size for hit, size in found]))
    assert said.phr_10 == pytest.approx(np.mean([any(hit[:10]) for hit in hits]))
    assert said.ndcg_10 == pytest.approx(np.mean([gain / most for gain, most in zip(gains, best, strict=True)]))
    assert said.customers == len(found)
    if len(found) > 1:
        assert said.se == pytest.approx(np.std(recalls, ddof=1) / math.sqrt(len(found)))


def test_of_nobody_there_is_no_accuracy():
    assert accuracy([], []) is None


pairs = st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40)


@law()
@given(pairs)
def test_honesty_is_what_counting_says(found):
    p, came = np.array([n / 20 for n, _ in found]), np.array([one for _, one in found], bool)
    said = honesty(p, came)
    above = [(a > b) + (a == b) / 2 for a in p[came] for b in p[~came]]
    assert said.auc == (pytest.approx(np.mean(above)) if above else None)
    bins = [np.minimum((p * 10).astype(int), 9) == n for n in range(10)]
    gaps = [abs(p[one].sum() - came[one].sum()) for one in bins]
    assert said.ece == pytest.approx(sum(gaps) / max(len(p), 1))
    assert said.pairs == len(p)
    assert said.brier == (pytest.approx(np.mean((p - came) ** 2)) if found else None)


@law()
@given(pairs)
def test_every_pair_lies_in_one_bin_of_reliability(found):
    p, came = np.array([n / 20 for n, _ in found]), np.array([one for _, one in found], bool)
    rows = reliability(p, came)
    assert sum(row.pairs for row in rows) == len(p)
    assert sum(row.pairs * row.came for row in rows) == pytest.approx(came.sum())
    for row in rows:
        assert row.low - 1e-12 <= row.said <= row.high + 1e-12


def baskets(split) -> list[tuple[set[int], set[int]]]:
    """Of each customer that is judged, what was bought before and what came."""
    past = {customer: set(split.past.items[where].tolist()) for customer, where in split.past.each()}
    came = [(past.get(customer), set(split.future.items[where].tolist())) for customer, where in split.future.each()]
    return [(before, basket) for before, basket in came if before]


def rows_of(split):
    """The table, each item a family of its own."""
    n = split.past.n_items
    return {(row.method, row.list): row.accuracy for row in compared(split, np.arange(n), n, level="item", seed=1)}


@pytest.fixture(scope="module")
def table():
    """Every method on the last baskets of the checkerboard."""
    return rows_of(last_orders(checkerboard()))


def test_every_method_is_judged_on_the_same_baskets(table):
    assert {method for method, _ in table} == METHODS
    assert len({found.customers for (_, which), found in table.items() if which == "all"}) == 1


def test_who_knows_the_customer_beats_who_does_not(table):
    assert table["rapport", "all"].recall_10 > 0.95
    assert table["personal, then popular", "all"].recall_10 > 0.95
    assert table["popular", "all"].recall_10 < 0.7  # ten of twenty items, of which three were bought


def tries(orders: int = 5):
    """Everybody tries five of thirty things each time, the first ones more often."""
    rng = np.random.default_rng(4)
    odds = np.arange(30, 0, -1) / 465
    rows = [(c, int(i), o, float(o)) for c in range(50) for o in range(orders) for i in rng.choice(30, 5, False, odds)]
    return lines(rows, n_items=30)


def test_a_list_of_what_is_new_is_not_filled_with_what_is_known():
    split = last_orders(tries())
    found = rows_of(split)
    popular = np.bincount(split.past.items, minlength=30)
    recalls = []
    for before, basket in baskets(split):
        left = [item for item in np.argsort(-popular, kind="stable").tolist() if item not in before]
        if basket - before:
            recalls.append(len(set(left[:10]) & (basket - before)) / len(basket - before))
    assert found["popular", "new"].recall_10 == pytest.approx(np.mean(recalls))
    assert found["popular", "new"].customers == len(recalls)


def test_nothing_can_be_said_again_on_the_list_of_what_is_new(table):
    """Whoever lists only what was bought before hits nothing among what was not."""
    assert table["personal", "new"].recall_10 == 0


@law(25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 5)), max_size=40))
def test_baselines_are_what_counting_says(rows):
    bought = lines([(c, i, o, float(o)) for c, i, o in sorted(set(rows))], n_items=7)
    split = last_orders(bought, least=2)
    found = rows_of(split)
    meant = baskets(split)
    if not meant:
        assert found == {}
        return
    listed = {}
    listed["popular"] = np.bincount(split.past.items, minlength=7)
    pairs = {*zip(split.past.customers.tolist(), split.past.items.tolist(), strict=True)}
    listed["most buyers"] = np.bincount([item for _, item in pairs], minlength=7)
    lately = split.past.days >= split.past.days.max() - 28
    listed["popular, last 4 weeks"] = np.bincount(split.past.items[lately], minlength=7)
    for method, counts in listed.items():
        tops = [item for item in np.lexsort((np.arange(7), -counts)).tolist() if counts[item]][:10]
        recalls = [len(set(tops) & basket) / len(basket) for _, basket in meant]
        assert found[method, "all"].recall_10 == pytest.approx(np.mean(recalls))
    own = [len(before & basket) / len(basket) for before, basket in meant]
    assert found["personal", "all"].recall_10 == pytest.approx(np.mean(own))  # seven items all fit among ten


def test_our_lists_are_judged_as_counting_says():
    split = last_orders(tries())
    exam = Exam.of(split, np.arange(30), 30, seed=1)
    for only_new in (False, True):
        ranked = exam.ours(Learned())(only_new)
        recalls = []
        for owner, (before, basket) in enumerate(baskets(split)):
            wanted = basket - before if only_new else basket
            ten = set(ranked.items[ranked.owners == owner][:10].tolist())
            assert not only_new or not ten & before
            if wanted:
                recalls.append(len(ten & wanted) / len(wanted))
        said = exam.judged(exam.ours(Learned()), only_new=only_new)
        assert said.recall_10 == pytest.approx(np.mean(recalls))
        assert said.se == pytest.approx(np.std(recalls, ddof=1) / math.sqrt(len(recalls)))


def test_an_exam_looks_at_nobodys_basket():
    """Other baskets in the place of the last ones change no list."""
    bought = tries()
    latest = bought.from_the_end() == 1
    other = bought.items.copy()
    other[latest] = 29 - other[latest]
    changed = lines(
        zip(bought.customers.tolist(), other.tolist(), bought.numbers().tolist(), bought.days.tolist(), strict=True), 30
    )
    lists = []
    for one in (bought, changed):
        exam = Exam.of(last_orders(one), np.arange(30), 30, seed=1)
        lists.append(exam.ours(Learned())(False).items.tolist())
    assert lists[0] == lists[1]


def test_a_cut_in_time_foresees_everybodys_next_basket():
    found = rows_of(next_orders(checkerboard(), 60.0))
    assert found["rapport", "all"].customers == 60
    assert found["rapport", "all"].recall_10 > 0.9
