"""An index of tastes finds nearly what looking at everything finds, and says how nearly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.learn import nearest
from engine.learn.als import Als, Tasting
from engine.learn.nearest import AMONG, WANTED, Nearest, exact, share_found
from tests.engine.learn.known import HALF, NOW, asked, cases_of, checkerboard

with_the_extra = pytest.mark.skipif(not nearest.present(), reason="the extra [ann] is not installed")
ITEMS, WIDTH = 4_000, 16


def factors(seed: int, n: int = ITEMS) -> np.ndarray:
    """Around forty tastes, as those of real catalogues lie in heaps."""
    rng = np.random.default_rng(seed)
    heaps = rng.normal(size=(40, WIDTH))
    return (heaps[rng.integers(0, 40, n)] + 0.3 * rng.normal(size=(n, WIDTH))).astype(np.float32)


@with_the_extra
def test_what_it_finds_of_other_tastes_is_what_it_says():
    every = factors(1)
    found = Nearest.fit(every, factors(2, 200), seed=3)
    assert found.recall >= WANTED
    others = factors(4, 300)
    again = share_found(found.top(others, AMONG), exact(every, others, AMONG))
    assert again == pytest.approx(found.recall, abs=0.03)
    cells = found.index.nlist
    assert found.probes < cells / 4  # it looks at a part of them only


@with_the_extra
def test_with_every_cell_looked_at_nothing_is_missed():
    every, tastes = factors(1), factors(2, 50)
    some = Nearest.fit(every, tastes, seed=3)
    whole = replace(some, probes=some.index.nlist)
    truth = [np.argsort(-(every @ taste), kind="stable")[:7].tolist() for taste in tastes]
    assert whole.top(tastes, 7).tolist() == truth


@with_the_extra
def test_the_same_seed_is_the_same_index():
    one, other = (Nearest.fit(factors(1), factors(2, 50), seed=3) for _ in range(2))
    assert np.array_equal(one.packed, other.packed)
    kept = Nearest.of_arrays(one.arrays())
    assert np.array_equal(kept.top(factors(5, 20), 9), one.top(factors(5, 20), 9))
    assert (kept.probes, kept.recall) == (one.probes, one.recall)


@with_the_extra
@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_index_is_refused(place):
    arrays = Nearest.fit(factors(1), factors(2, 50), seed=3).arrays()
    arrays["packed"] = arrays["packed"].copy()
    arrays["packed"][place] ^= 1
    with pytest.raises(ValueError, match="are not the index that was packed"):
        Nearest.of_arrays(arrays)


@pytest.fixture
def tasted(monkeypatch) -> Als:
    """Of a shop that counts as large."""
    monkeypatch.setattr(nearest, "LARGE", 2 * HALF + 1)
    bought = checkerboard()
    return Als.fit(bought, NOW, seed=5, tasting=Tasting(factors=8)).indexed(cases_of(bought), seed=1)


@with_the_extra
def test_candidates_are_those_of_looking_at_everything(tasted):
    who = asked(1, 3, 5)
    assert tasted.index is not None
    assert tasted.index.recall >= WANTED
    whole = replace(tasted, index=replace(tasted.index, probes=tasted.index.index.nlist))
    every = replace(tasted, index=None).tastes(who).candidates(who, HALF)
    assert sorted(whole.tastes(who).candidates(who, HALF).items) == sorted(every.items)
    assert not set(every.items) & {1, 3, 5}


@with_the_extra
def test_without_the_extra_a_kept_index_is_left_alone(tasted, monkeypatch):
    monkeypatch.setattr(nearest, "present", lambda: False)
    kept = Als.of_arrays(tasted.arrays())
    who = asked(1, 3, 5)
    assert sorted(kept.tastes(who).candidates(who, 4).items) == sorted(
        replace(kept, index=None).tastes(who).candidates(who, 4).items
    )
    assert np.array_equal(kept.arrays()["index.packed"], tasted.arrays()["index.packed"])


def test_small_catalogues_have_none():
    bought = checkerboard()
    fitted = Als.fit(bought, NOW, seed=5, tasting=Tasting(factors=8))
    assert fitted.indexed(cases_of(bought), seed=1) is fitted


def test_without_the_extra_large_ones_have_none_either(monkeypatch):
    monkeypatch.setattr(nearest, "LARGE", 1)
    monkeypatch.setattr(nearest, "present", lambda: False)
    bought = checkerboard()
    fitted = Als.fit(bought, NOW, seed=5, tasting=Tasting(factors=8))
    assert fitted.indexed(cases_of(bought), seed=1) is fitted
