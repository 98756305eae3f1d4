"""The report draws what was counted, and nothing it draws is broken."""

from xml.etree import ElementTree

import pytest

from jobs.demo import pictures
from jobs.demo.scores import Precision


@pytest.mark.parametrize(
    "drawn",
    [
        pictures.days({"2017-12-01": {"respond": 3, "execute": 1}, "2017-12-02": {}}),
        pictures.days({}),
        pictures.bars([("ours & theirs", 0.2, 0.01), ("<other>", 0.0, 0.0)], "recall"),
        pictures.bars([], "recall"),
        pictures.promise([("veto", 0.95, 0.9, 1.0)], 0.9),
        pictures.reliability([(0.1, 0.12, 1_000), (0.9, 0.88, 10)]),
        pictures.reliability([]),
    ],
)
def test_pictures_are_whole_and_hold_no_stranger(drawn):
    assert ElementTree.fromstring(drawn).tag == "svg"
    assert "://" not in drawn


def test_a_precision_says_how_sure_it_is():
    found = Precision(what="orders", n=100, hits=95)
    assert found.share == 0.95
    assert found.interval == pytest.approx((0.8977, 0.9801), abs=1e-4)  # Clopper and Pearson, 90 %


def test_nothing_judged_is_no_precision():
    none = Precision(what="orders", n=0, hits=0)
    assert none.share is None
    assert none.interval is None


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 0.2589), (10, 0.7411, 1.0)])
def test_none_and_all_have_intervals_too(hits, low, high):
    assert Precision(what="orders", n=10, hits=hits).interval == pytest.approx((low, high), abs=1e-4)
