"""The tables of an evaluation: the contract's keys, and figures that belong to the split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.errors import ArtifactError, Unavailable
from engine.store import artifacts, consents
from engine.store.database import Database
from jobs import evaluate
from jobs.evaluate import Cut
from tests.shops import CUSTOMERS, NOW, open_shop

WEEK = timedelta(days=7)
ROW = {"method", "level", "list", "recall@10", "recall@20", "ndcg@10", "phr@10", "se", "customers"}
FORECAST = {"cutoff", "window", "auc", "ece", "brier", "pairs", "level", "least_purchases", "said", "came"}
GATE = {"cutoff", "open", "threshold", "executions", "precision", "share_of_purchases"}


def silent(stage: str, done: int, total: int) -> None:
    """Says nothing."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The small shop with a served model."""

    db: Database
    settings: Settings

    def report(self, cut: Cut = Cut.LAST_BASKET, **given: object) -> evaluate.Report:
        """Its tables."""
        return evaluate.run(self.db, self.settings, cut=cut, **{"as_of": NOW, "say": silent, **given})

    def gates(self, **given: object) -> list[dict[str, object]]:
        """Its gate at two past cut-offs."""
        known = {"promise": 0.8, "window": 7, "cutoffs": 2, "as_of": NOW, "say": silent}
        return evaluate.gates(evaluate.gate(self.db, self.settings, **{**known, **given}))


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Shop]:
    """Opened once; whoever changes something takes their own."""
    yield from opened(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def own_shop(tmp_path) -> Iterator[Shop]:
    """One to change something in."""
    yield from opened(tmp_path)


def opened(home) -> Iterator[Shop]:
    settings = Settings.from_env({"RAPPORT_HOME": str(home / "home")})
    db = Database.open(f"sqlite:///{home}/shop.db")
    db.upgrade()
    open_shop(db, settings)
    yield Shop(db=db, settings=settings)
    db.close()


@pytest.mark.parametrize("cut", Cut)
def test_every_method_has_a_row_at_both_levels_and_for_both_lists(shop, cut):
    rows = shop.report(cut).document()["rows"]
    assert all(set(row) == ROW for row in rows)
    methods = {row["method"] for row in rows}
    assert {"rapport", "popular", "personal, then popular", "implicit als"} <= methods
    expected = {(method, level, "all") for method in methods for level in ("item", "family")}
    assert expected <= {(row["method"], row["level"], row["list"]) for row in rows}
    for row in rows:
        assert 0 <= row["recall@10"] <= row["recall@20"] <= 1
        assert 0 <= row["ndcg@10"] <= 1
        assert row["recall@10"] <= row["phr@10"] <= 1
        assert 0 < row["customers"] <= CUSTOMERS


def test_the_report_is_json(shop):
    said = shop.report().document()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["model_id"] == artifacts.served_id(shop.settings.models)


def test_forecasts_are_judged_at_weekly_cut_offs_whose_windows_are_over(shop):
    rows = shop.report().document()["replenishment"]
    assert all(set(row) == FORECAST for row in rows)
    assert {row["window"] for row in rows} <= {"7d", "14d", "28d"}
    expected = [(NOW - WEEK * back).isoformat().replace("+00:00", "Z") for back in (3, 2, 1)]
    assert [row["cutoff"] for row in rows if row["window"] == "7d"] == expected


def test_who_knows_the_shop_beats_popularity(shop):
    rows = {(row.method, row.level, row.list): row.accuracy for row in shop.report(Cut.TIME).rows}
    assert rows["rapport", "item", "all"].phr_10 > 0.9
    assert rows["rapport", "item", "all"].ndcg_10 > rows["popular", "item", "all"].ndcg_10


def test_it_is_the_same_again(shop):
    assert shop.report().document() == shop.report().document()


def test_what_came_after_is_not_looked_at(shop):
    then = NOW - 3 * WEEK
    seen = shop.report(as_of=then).document()
    assert max(row["cutoff"] for row in seen["replenishment"]) == (then - WEEK).isoformat().replace("+00:00", "Z")
    assert seen["rows"] != shop.report().document()["rows"]


def test_those_who_refused_are_not_judged_on(own_shop):
    with own_shop.db.begin() as tx:
        for n in range(10):
            consents.put(tx, f"c{n}", [Consent(purpose=Purpose.PERSONALIZATION, state=Grant.REFUSED, at=NOW)])
    assert {row.accuracy.customers for row in own_shop.report().rows if row.list == "all"} == {CUSTOMERS - 10}


def test_the_gate_has_a_row_for_every_cut_off(shop):
    rows = shop.gates(cutoffs=3)
    assert [set(row) for row in rows] == [GATE] * 3
    last = NOW - WEEK
    assert [row["cutoff"] for row in rows] == [
        (last - WEEK * back).isoformat().replace("+00:00", "Z") for back in (2, 1, 0)
    ]
    for row in rows:
        assert row["open"] is (row["threshold"] is not None)
        assert 0 <= row["share_of_purchases"] <= 1


def test_an_open_gate_keeps_its_promise_in_a_shop_with_habits(shop):
    rows = [row for row in shop.gates() if row["open"]]
    assert rows
    for row in rows:
        assert row["executions"] > 0
        assert row["precision"] > 0.8
        assert 0.39 < row["threshold"] < 0.99


def test_a_promise_nobody_can_keep_shuts_the_gate(shop):
    for row in shop.gates(promise=0.9999):
        assert (row["open"], row["threshold"], row["executions"]) == (False, None, 0)
        assert (row["precision"], row["share_of_purchases"]) == (None, 0.0)


def test_it_says_how_far_it_is(shop):
    said: list[tuple[str, int, int]] = []
    shop.gates(say=lambda *stage: said.append(stage))
    assert said[-1] == ("cut-offs", 2, 2)
    shop.report(say=lambda *stage: said.append(stage))
    assert {"judging (item level)", "judging (family level)"} <= {stage for stage, _, _ in said}


def test_without_a_model_there_is_nothing_to_judge(shop, tmp_path):
    with pytest.raises(Unavailable, match="rapport train"):
        replace(shop, settings=replace(shop.settings, home=tmp_path)).report()


def test_a_model_that_cannot_be_read_is_not_judged(own_shop):
    folder = own_shop.settings.models / artifacts.served_id(own_shop.settings.models)
    (folder / "als.gram.npy").unlink()
    with pytest.raises(ArtifactError, match=folder.name):
        own_shop.report()


QUALIFIED = {"promise", "threshold", "qualified", "precision"}
DATES = {"cutoff", "level", "dated", "error_days", "early_days", "error_days_of_all"}


def test_forecasts_of_chosen_cut_offs_are_judged_at_both_levels(shop):
    cutoffs = [NOW - 6 * WEEK, NOW - 3 * WEEK]
    found = evaluate.foreseen(
        shop.db,
        shop.settings,
        cutoffs=cutoffs,
        least=4,
        promise=0.8,
        levels=["family", "item"],
        as_of=NOW,
        say=silent,
    )
    said = evaluate.document(found)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert all(set(row) == FORECAST | QUALIFIED for row in said["replenishment"])
    assert all(set(row) == DATES for row in said["dates"])
    places = [(row["level"], row["cutoff"][:10], row["window"]) for row in said["replenishment"]]
    first, second = (f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs)
    windows = [(first, "7d"), (first, "14d"), (first, "28d"), (second, "7d"), (second, "14d")]
    assert places == [(level, *place) for level in ("family", "item") for place in windows]
    assert {row["least_purchases"] for row in said["replenishment"]} == {4}
