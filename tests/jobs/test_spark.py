"""Tastes fitted by Spark are served as those fitted here, and foresee as well."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from engine.errors import Unavailable
from engine.learn.als import Als, Tasting, by_implicit
from jobs import spark
from tests.engine.learn.known import HALF, NOW, asked, checkerboard

with_the_extra = pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra [spark] is not installed")
TASTING = Tasting(factors=2)  # one for each half


def test_without_the_extra_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(spark, "find_spec", lambda name: None)
    with pytest.raises(
        Unavailable, match=r"RAPPORT_SPARK is set and pyspark is not there: install the extra \[spark\]"
    ):
        spark.factorize("local[2]")


@pytest.fixture(scope="module")
def fits() -> dict[str, Als]:
    """The checkerboard's tastes by Spark and by implicit."""
    bought = checkerboard()
    ways = {"spark": spark.factorize("local[2]"), "implicit": by_implicit}
    return {name: Als.fit(bought, NOW, seed=5, tasting=TASTING, factorize=way) for name, way in ways.items()}


@pytest.mark.long
@with_the_extra
class TestOnTwoCores:
    """With `local[2]`."""

    def test_the_factors_have_the_same_shape(self, fits):
        assert fits["spark"].factors.shape == fits["implicit"].factors.shape
        assert fits["spark"].factors.dtype == np.float32
        assert not fits["spark"].factors[2 * HALF].any()  # nobody bought it

    def test_they_are_kept_alike(self, fits):
        again = Als.of_arrays(fits["spark"].arrays())
        assert np.array_equal(again.factors, fits["spark"].factors)

    def test_what_suits_is_told_alike(self, fits):
        said = []
        for half in (0, 1):
            who = asked(*(HALF * half + n for n in range(5)))
            every = np.arange(2 * HALF)
            said.append([fits[name].tastes(who).of(np.zeros(2 * HALF, np.int64), every) for name in fits])
        for spark_s, implicit_s in said:
            assert np.corrcoef(spark_s, implicit_s)[0, 1] > 0.97
            assert np.abs(spark_s - implicit_s).max() < 0.15


@pytest.mark.long
@with_the_extra
def test_a_shop_without_purchases_has_no_tastes():
    from scipy.sparse import csr_matrix

    found = spark.factorize("local[2]")(csr_matrix((3, 4), dtype=np.float32), TASTING, 1)
    assert found.tolist() == np.zeros((4, 2)).tolist()
