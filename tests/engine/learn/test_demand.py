"""How things sell, against naive counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.demand import HALF_LIVES, NAMES, PRIOR, SCALE, TRAITS, Demand, Sales
from tests.engine.learn.known import NOW, law, lines

N = 5
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, N - 1), st.integers(0, 30)), max_size=40, unique=True)


def shop(found):
    """Orders a day apart, up to the latest before ``NOW``."""
    return lines([(c, i, o, NOW - 31 + o) for c, i, o in found], n_items=N, n_customers=4)


def sales(bought):
    """All of them."""
    return Sales.of(bought.customers, bought.items, bought.numbers(), bought.days, N)


def counted(bought, day):
    """The sums, by counting."""
    sums = np.zeros((N, len(NAMES)))
    numbers = bought.numbers()
    for item in range(N):
        for customer in range(4):
            own = (bought.customers == customer) & (bought.items == item) & (bought.days < day)
            days, orders = bought.days[own], numbers[own]
            for place, half_life in enumerate(HALF_LIVES):
                sums[item, place] += np.sum(0.5 ** ((day - days) / half_life))
            sums[item, 3] += len(days)
            sums[item, 4] += len(days) > 0
            sums[item, 5] += np.sum(np.log1p(np.diff(days)))
            sums[item, 6] += np.sum(np.log1p(np.diff(orders)))
    return sums


@law()
@given(rows, st.lists(st.floats(NOW - 40, NOW + 9), min_size=1, max_size=3, unique=True))
def test_the_sums_before_each_day_are_what_counting_says(found, days):
    bought = shop(found)
    each = Demand.each(sales(bought), np.sort(days))
    for day, one in zip(sorted(days), each, strict=True):
        np.testing.assert_allclose(one.sums, counted(bought, day), atol=1e-9)


def test_a_thing_twice_in_an_order_counts_once():
    once, twice = (lines([(0, 1, 0, 5.0)] * n, n_items=N) for n in (1, 2))
    assert Demand.of(sales(once), 9.0).sums.tolist() == Demand.of(sales(twice), 9.0).sums.tolist()


@law(50)
@given(rows)
def test_traits_are_what_one_would_work_out(found):
    bought = shop(found)
    sums = counted(bought, NOW)
    traits = dict(zip(TRAITS, Demand.of(sales(bought), NOW).traits().T, strict=True))
    for place, name in enumerate(("log_sold_2", "log_sold_7", "log_sold_28")):
        part = sums[:, place] / max(sums[:, place].sum(), 1e-9)
        np.testing.assert_allclose(traits[name], np.log1p(SCALE * part), rtol=1e-4)
    repeats = sums[:, 3] - sums[:, 4]
    usual = repeats.sum() / max(sums[:, 3].sum(), 1)
    np.testing.assert_allclose(traits["repeat_rate"], (repeats + PRIOR * usual) / (sums[:, 3] + PRIOR), rtol=1e-5)
    gap = sums[:, 5].sum() / max(repeats.sum(), 1)
    np.testing.assert_allclose(traits["usual_gap"], (sums[:, 5] + PRIOR * gap) / (repeats + PRIOR), rtol=1e-5)


def test_a_shop_twice_as_large_sells_alike():
    """Shares, not counts: the same customers once more change the traits of what is sold often by little."""
    rng = np.random.default_rng(2)
    rows = [(c, int(i), o, float(o)) for c in range(40) for o in range(20) for i in rng.choice(N, 2, False)]
    twice = rows + [(c + 40, i, o, day) for c, i, o, day in rows]
    one, two = (Demand.of(sales(lines(found, n_items=N)), 20.0).traits() for found in (rows, twice))
    assert one == pytest.approx(two, abs=0.06)
