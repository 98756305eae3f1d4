"""Raw scores asked for through the C interface beside those of xgboost's own wrapper."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xgboost

from engine.learn.raw_scores import raw_scores


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    """Trees of three features, some of them missing."""
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(400, 3)).astype(np.float32)
    rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
    labels = np.nan_to_num(rows[:, 0]) > 0
    return xgboost.train({"objective": "binary:logistic", "nthread": 1, "seed": 1}, xgboost.DMatrix(rows, labels), 20)


def rows(n: int, features: int = 3) -> np.ndarray:
    """Seeded rows with holes."""
    rng = np.random.default_rng(n)
    found = rng.normal(size=(n, features)).astype(np.float32)
    found[rng.uniform(size=found.shape) < 0.3] = np.nan
    return found


@pytest.mark.parametrize("n", [1, 63, 64, 65, 1_000])
def test_they_are_those_of_the_wrapper_to_the_bit(booster: xgboost.Booster, n: int):
    found = raw_scores(booster, rows(n))
    assert found.dtype == np.float32
    assert found.tobytes() == booster.inplace_predict(rows(n), predict_type="margin").tobytes()


def test_rows_may_lie_anyhow_in_memory(booster: xgboost.Booster):
    wide = np.asfortranarray(rows(50).astype(np.float64))
    assert np.array_equal(raw_scores(booster, wide[::2]), raw_scores(booster, rows(50)[::2]))


def test_an_answer_stays_when_another_is_asked_for(booster: xgboost.Booster):
    first = raw_scores(booster, rows(10))
    kept = first.copy()
    raw_scores(booster, rows(2_000))
    assert np.array_equal(first, kept)


def test_no_rows_have_no_raw_scores(booster: xgboost.Booster):
    assert raw_scores(booster, rows(0)).shape == (0,)


def test_rows_of_other_features_are_refused_with_what_they_are(booster: xgboost.Booster):
    with pytest.raises(ValueError, match=r"7 rows of 4 features: .*3"):
        raw_scores(booster, rows(7, features=4))


def test_trees_of_several_outputs_are_refused():
    data = xgboost.DMatrix(rows(90), np.arange(90) % 3)
    several = xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1}, data, 2)
    with pytest.raises(ValueError, match=r"one score for each of 5 rows was expected, not an array of shape \[5, 3\]"):
        raw_scores(several, rows(5))


def test_threads_are_answered_each_for_itself(booster: xgboost.Booster):
    sizes = [1, 7, 64, 300, 1_000] * 20
    expected = {n: booster.inplace_predict(rows(n), predict_type="margin") for n in set(sizes)}
    with ThreadPoolExecutor(4) as pool:
        for n, found in zip(sizes, pool.map(lambda n: raw_scores(booster, rows(n)), sizes), strict=True):
            assert np.array_equal(found, expected[n])
