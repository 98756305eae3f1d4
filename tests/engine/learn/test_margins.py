"""Margins asked for through the C interface beside those of xgboost's own wrapper."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from engine.learn.margins import margins


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
    found = margins(booster, rows(n))
    assert found.dtype == np.float32
    assert found.tobytes() == booster.inplace_predict(rows(n), predict_type="margin").tobytes()


def test_rows_may_lie_anyhow_in_memory(booster: xgboost.Booster):
    wide = np.asfortranarray(rows(50).astype(np.float64))
    assert np.array_equal(margins(booster, wide[::2]), margins(booster, rows(50)[::2]))


def test_an_answer_stays_when_another_is_asked_for(booster: xgboost.Booster):
    first = margins(booster, rows(10))
    kept = first.copy()
    margins(booster, rows(2_000))
    assert np.array_equal(first, kept)


def test_no_rows_have_no_margins(booster: xgboost.Booster):
    assert margins(booster, rows(0)).shape == (0,)


def test_rows_of_other_features_are_refused_with_what_they_are(booster: xgboost.Booster):
    with pytest.raises(ValueError, match=r"7 rows of 4 features: .*3"):
        margins(booster, rows(7, features=4))
