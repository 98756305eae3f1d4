"""What customers bought, as sums: taken at once, order by order and from a live history, they are the same."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.history import History
from engine.learn import cases as made
from engine.learn.catalogue import Catalogue
from engine.learn.features import NAMES, PAIR, features
from engine.learn.lines import Lines
from engine.learn.sources import Pools, Sources
from engine.learn.state import DAYS, ORDERS, State, Tally, Visits
from tests.engine.learn.known import NOW, asked, cases_of, law, lines

ITEMS, OWNERS = 7, 3
FAMILY_OF = np.arange(ITEMS) // 2
CATALOGUE = Catalogue.of([(f"i{n}", f"f{n // 2}", ()) for n in range(ITEMS)])
rows = st.lists(
    st.tuples(st.integers(0, OWNERS - 1), st.integers(0, ITEMS - 1), st.integers(0, 9)), max_size=40, unique=True
)


def shop(found, gap: float = 3.5) -> Lines:
    """Orders some days apart, the last of them before ``NOW``."""
    return lines([(c, i, o, NOW - 40 + gap * o) for c, i, o in found], n_items=ITEMS, n_customers=OWNERS)


def state(bought: Lines, numbers=None) -> State:
    """Of everybody."""
    return State.of(
        bought.customers,
        bought.items,
        FAMILY_OF[bought.items],
        bought.numbers() if numbers is None else numbers,
        bought.days,
        n_owners=OWNERS,
        n_items=ITEMS,
        n_families=int(FAMILY_OF.max()) + 1,
    )


def assert_same(one: State | Tally | Visits, other: State | Tally | Visits) -> None:
    """The same in every column."""
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12, err_msg=field.name)
        elif isinstance(mine, int):
            assert mine == theirs
        else:
            assert_same(mine, theirs)


@law(150)
@given(rows, st.lists(st.integers(0, 9), max_size=4))
def test_the_sums_add(found, cuts):
    """However the orders are cut into earlier and later ones."""
    bought = shop(found)
    numbers, edges = bought.numbers(), [0, *sorted(cuts), 99]
    total = state(bought.take(np.zeros(len(bought), bool)), np.zeros(0, np.int64))
    for start, end in pairwise(edges):
        kept = (numbers >= start) & (numbers < end)
        total = total + state(bought.take(kept), numbers[kept])
    assert_same(total, state(bought))


@law(100)
@given(rows)
def test_the_sums_are_what_counting_says(found):
    bought = shop(found)
    seen, numbers = state(bought), bought.numbers()
    tally = seen.items
    pairs = sorted({(c, i) for c, i in zip(bought.customers.tolist(), bought.items.tolist(), strict=True)})
    assert list(zip(tally.owners.tolist(), tally.codes.tolist(), strict=True)) == pairs
    for row, (owner, item) in enumerate(pairs):
        own = (bought.customers == owner) & (bought.items == item)
        days, orders = bought.days[own], numbers[own]
        assert tally.counts[row] == len(days)
        assert (tally.first_day[row], tally.last_day[row]) == (days[0], days[-1])
        assert (tally.first_order[row], tally.last_order[row]) == (orders[0], orders[-1])
        if len(days) > 1:
            assert (tally.prior_day[row], tally.prior_order[row]) == (days[-2], orders[-2])
        else:
            assert np.isnan(tally.prior_day[row])
        for at, half in enumerate(ORDERS):
            assert tally.by_orders[row, at] == pytest.approx(np.sum(0.5 ** ((orders[-1] - orders) / half)))
        for at, half in enumerate(DAYS):
            assert tally.by_days[row, at] == pytest.approx(np.sum(0.5 ** ((days[-1] - days) / half)))
    for owner in range(OWNERS):
        sizes = np.bincount(numbers[bought.customers == owner]).tolist() if owner in bought.customers else []
        assert seen.visits.orders[owner] == len(sizes)
        assert seen.visits.lines[owner] == sum(sizes)
        latest = [*sizes[::-1], np.nan, np.nan, np.nan][:3]
        np.testing.assert_array_equal(seen.visits.sizes[owner], latest)


def history(bought: Lines, owner: int) -> History:
    """The live history of one customer of the shop."""
    own = bought.take(bought.customers == owner)
    return History(
        items=np.array([f"i{n}" for n in own.items], object),
        families=np.array([f"f{n // 2}" for n in own.items], object),
        orders=own.orders,
        days=own.days,
        quantities=np.ones(len(own), np.int64),
        amounts=np.full(len(own), np.nan),
    )


@law(60)
@given(rows)
def test_a_live_history_is_seen_as_many_customers_lines_are(found):
    """What a ranking looks at is the same in every column, however it is asked for."""
    bought = shop(found)
    owners = np.arange(OWNERS)
    batch = made.of_lines(bought, owners, np.full(OWNERS, NOW), FAMILY_OF, len(CATALOGUE.families))
    live, strangers = made.of_histories([history(bought, owner) for owner in owners], CATALOGUE, NOW)
    assert strangers == ()
    assert_same(live.state, batch.state)
    sources = Sources.fit(bought, FAMILY_OF, len(CATALOGUE.families), NOW, seed=1)
    pools = Pools(own=9, popular=9, votes=9, siblings=9, tasted=True)
    there, here = (sources.found(cases, pools, only_new=False) for cases in (batch, live))
    known = features(batch, there, sources.market)
    np.testing.assert_allclose(features(live, here, sources.market), known, rtol=1e-6)
    for owner in owners:  # and one by one
        alone, _ = made.of_histories([history(bought, owner)], CATALOGUE, NOW)
        one = sources.found(alone, pools, only_new=False)
        np.testing.assert_allclose(features(alone, one, sources.market), known[there.owners == owner], rtol=1e-6)


def test_an_order_more_changes_only_what_it_holds():
    bought = shop([(0, 1, 0), (0, 2, 0), (0, 5, 1)])
    more = shop([(0, 1, 0), (0, 2, 0), (0, 5, 1), (0, 2, 2)])
    before, after = state(bought).items, state(more).items
    for field in fields(Tally)[2:]:
        changed = getattr(before, field.name) != getattr(after, field.name)
        gone = np.isnan(getattr(before, field.name)) & np.isnan(getattr(after, field.name))
        rows = np.flatnonzero((changed & ~gone).reshape(len(before), -1).any(axis=1))
        assert set(before.codes[rows].tolist()) <= {2}, field.name


def test_strangers_have_the_codes_after_the_catalogues():
    own = History(
        items=np.array(["new", "i1", "newer"], object),
        families=np.array(["f1", "f0", "unheard of"], object),
        orders=np.zeros(3, np.int64),
        days=np.full(3, NOW - 1),
        quantities=np.ones(3, np.int64),
        amounts=np.full(3, np.nan),
    )
    cases, strangers = made.of_histories([own], CATALOGUE, NOW)
    assert strangers == ("new", "newer")
    assert cases.state.items.codes.tolist() == [1, ITEMS, ITEMS + 1]
    assert cases.family_of[ITEMS:].tolist() == [1, len(CATALOGUE.families)]


def known_of(cases, *items: int) -> dict[str, np.ndarray]:
    """The features of some items for the one owner, by name."""
    sources = Sources.fit(BOUGHT, np.arange(9), 9, NOW, seed=1)
    from engine.learn.features import Candidates

    codes = np.array(items, np.int64)
    zeros = np.zeros(len(codes))
    found = Candidates(owners=np.zeros(len(codes), np.int64), items=codes, own=zeros > 0, votes=zeros, taste=zeros)
    return dict(zip(NAMES, features(cases, found, sources.market).T, strict=True))


BOUGHT = lines(
    [(0, 4, 0, NOW - 40), (0, 4, 1, NOW - 30), (0, 3, 1, NOW - 30), (0, 4, 2, NOW - 10), (1, 8, 0, NOW - 1)], n_items=9
)


def test_features_are_what_one_would_work_out():
    """Item 4 was bought 40, 30 and 10 days ago, in all three orders; item 3 once; item 8 by another."""
    found = known_of(cases_of(BOUGHT, 0), 3, 4, 8)
    assert found["times"].tolist() == [1, 3, 0]
    assert found["orders_since"][:2].tolist() == [2, 1]
    assert found["days_since"][:2].tolist() == [30, 10]
    assert found["last_gap_days"][1] == 20
    assert found["mean_gap_days"][1] == 15
    assert found["overdue_days"][1] == pytest.approx(10 / 15)
    assert found["rate"][:2].tolist() == [0.5, 1.0]  # of the orders since the first
    assert found["by_2_orders"][1] == pytest.approx(1 + 2**-0.5 + 0.5)
    assert found["by_14_days"][1] == pytest.approx(sum(2 ** (-age / 14) for age in (10, 30, 40)))
    assert found["orders"].tolist() == [3, 3, 3]
    assert found["mean_size"] == pytest.approx(4 / 3)
    assert found["repeat_share"] == pytest.approx(0.5)
    assert np.isnan(found["days_since"][2])
    assert np.isnan(found["last_gap_days"][0])
    assert found["share_of_family"][:2].tolist() == [1, 1]  # each item is a family of its own
    for name in PAIR:
        np.testing.assert_array_equal(found[name], found[f"family_{name}"])


def test_what_was_bought_by_nobody_has_features_too():
    found = known_of(asked(10, n_items=9), 10, 2)
    assert found["times"].tolist() == [1, 0]
    assert found["log_sold_7"].tolist() == [0, 0]
    assert found["share_of_sales"].tolist() == [0, 0]


def test_some_owners_are_numbered_anew():
    bought = shop([(0, 1, 0), (1, 2, 0), (1, 3, 1), (2, 2, 0)])
    whole = state(bought)
    part = whole.take(np.array([2, 1]))
    assert part.items.owners.tolist() == [0, 1, 1]
    assert part.items.codes.tolist() == [2, 2, 3]
    assert part.visits.orders.tolist() == [1, 2]
    assert_same(whole.take(np.arange(3)), whole)
    assert replace(part.items).find(np.array([2, ITEMS + 3, ITEMS + 4]))[1].tolist() == [True, True, False]
