"""Lines, and how time splits them: nothing that is foreseen was looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.lines import last_orders, next_orders
from tests.engine.learn.known import law, lines

rows = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 7)), max_size=60, unique_by=lambda row: row
)
shops = rows.map(lambda found: lines([(c, i, o, o + c / 10) for c, i, o in found], n_items=6, n_customers=6))


def keys(bought) -> list[tuple[int, int, float]]:
    """The lines as a list."""
    return list(zip(bought.orders.tolist(), bought.items.tolist(), bought.days.tolist(), strict=True))


@law()
@given(shops)
def test_orders_are_counted_from_the_latest(bought):
    found = bought.from_the_end()
    for customer, where in bought.each():
        own = sorted(set(bought.orders[where].tolist()), reverse=True)
        assert found[where].tolist() == [own.index(order) + 1 for order in bought.orders[where].tolist()], customer


@law()
@given(shops)
def test_each_finds_every_line_once(bought):
    assert [line for _, where in bought.each() for line in range(where.start, where.stop)] == list(range(len(bought)))
    assert all(set(bought.customers[where].tolist()) == {customer} for customer, where in bought.each())


@pytest.mark.parametrize("back", [1, 2])
@law()
@given(bought=shops)
def test_the_order_so_many_from_the_end_is_foreseen_from_those_before_it(back, bought):
    split = last_orders(bought, back)
    for customer in range(6):
        orders = sorted(set(bought.orders[bought.customers == customer].tolist()))
        mine = set(split.future.orders[split.future.customers == customer].tolist())
        seen = set(split.past.orders[split.past.customers == customer].tolist())
        if len(orders) < 4:
            assert (mine, seen) == (set(), set(orders))
        else:
            assert mine == {orders[-back]}
            assert seen == set(orders[:-back])


@law()
@given(bought=shops)
def test_settings_are_found_without_the_baskets_that_they_are_judged_on(bought):
    tuned, judged = last_orders(bought, 2), last_orders(bought, 1)
    looked_at = set(tuned.past.orders.tolist()) | set(tuned.future.orders.tolist())
    assert not looked_at & set(judged.future.orders.tolist())


@law()
@given(bought=shops, day=st.floats(-1, 9))
def test_a_cut_parts_what_was_from_what_comes_next(bought, day):
    split = next_orders(bought, day)
    assert keys(split.past) == [line for line in keys(bought) if line[2] < day]
    for customer in range(6):
        own = bought.customers == customer
        later = bought.orders[own & (bought.days >= day)]
        expected = {int(later.min())} if len(later) and (bought.days[own] < day).any() else set()
        mine = split.future.customers == customer
        assert set(split.future.orders[mine].tolist()) == expected
        assert set(split.future.items[mine].tolist()) == {
            int(item) for item, order in zip(bought.items, bought.orders, strict=True) if int(order) in expected
        }


@law()
@given(bought=shops)
def test_a_family_counts_once_an_order(bought):
    families = np.array([0, 0, 1, 1, 2, 2])
    found = bought.by(families, 3)
    pairs = list(zip(found.orders.tolist(), found.items.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == set(zip(bought.orders.tolist(), families[bought.items].tolist(), strict=True))
    assert np.all(np.diff(found.orders) >= 0)
    assert found.n_items == 3
