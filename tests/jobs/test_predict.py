"""Recommendations and forecasts for many, from what may be looked at of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.history import day_of
from engine.domain.shopping import Item
from engine.errors import InputError, NotFound
from engine.learn.base import Model
from engine.store import consents, customers, items, orders
from engine.store.database import Database
from jobs import predict
from jobs.evaluate import served
from tests.builders import a_line
from tests.shops import CUSTOMERS, NOW, bought, open_shop, stocked

DAY = timedelta(days=1)
Rows = dict[str, list[dict[str, object]]]


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A home of its own."""
    return Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Iterator[Model]:
    """Trained on the small shop, once for all tests."""
    home = tmp_path_factory.mktemp("model")
    settings = Settings.from_env({"RAPPORT_HOME": str(home)})
    db = Database.open(f"sqlite:///{home}/shop.db")
    db.upgrade()
    open_shop(db, settings)
    yield served(settings)
    db.close()


def filled(db: Database) -> Database:
    """With what the small shop has, and what was bought there."""
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, [f"c{n}" for n in range(CUSTOMERS)], NOW)
        orders.put_lines(tx, bought(), import_id=orders.new_import())
    return db


@pytest.fixture
def shop(db) -> Database:
    """The small shop, on each database in turn."""
    return filled(db)


@pytest.fixture
def small(sqlite_db) -> Database:
    """The same on SQLite, for what has nothing to do with the database."""
    return filled(sqlite_db)


def refuse(db: Database, *ids: str) -> None:
    """They do not want their orders to be used."""
    with db.begin() as tx:
        for id in ids:
            consents.put(tx, id, [Consent(purpose=Purpose.PERSONALIZATION, state=Grant.REFUSED, at=NOW)])


def buy(db: Database, customer: str, item: str, *days_ago: float) -> None:
    """One order each, of things the shop may not have had before."""
    with db.begin() as tx:
        items.ensure(tx, [item])
        customers.ensure(tx, [customer], NOW)
        lines = [
            a_line(f"{customer} {item} {ago}", item, customer_id=customer, ordered_at=NOW - ago * DAY)
            for ago in days_ago
        ]
        orders.put_lines(tx, lines, import_id=orders.new_import())


def recommended(db: Database, settings: Settings, model: Model, ids: list[str] | None, k: int = 5, **given) -> Rows:
    """By customer."""
    found = predict.recommend(db, settings, model, ids, k=k, **{"as_of": NOW, **given})
    return {str(row["customer_id"]): row["items"] for row in found}  # type: ignore[misc]


def due(db: Database, settings: Settings, model: Model, ids: list[str] | None, **given) -> list[predict.Row]:
    """Over a week."""
    return list(predict.due(db, settings, model, ids, **{"within": 7 * DAY, "as_of": NOW, **given}))


def test_everybody_is_given_as_many_as_asked_for_best_first(shop, settings, model):
    found = recommended(shop, settings, model, None)
    assert set(found) == {f"c{n}" for n in range(CUSTOMERS)}
    for rows in found.values():
        scores = [row["score"] for row in rows]
        assert len(rows) == 5 == len({row["item_id"] for row in rows})
        assert scores == sorted(scores, reverse=True)
        assert [set(row) for row in rows] == [{"item_id", "score", "repeat"}] * 5


def test_customers_are_given_what_they_bought_and_told_so(small, settings, model):
    found = recommended(small, settings, model, ["c0", "c1"], k=9)
    for id, number in (("c0", "1"), ("c1", "2")):
        own = {f"{family}-{number}" for family in ("coffee", "milk", "bread", "tea")}
        assert {row["item_id"] for row in found[id] if row["repeat"]} == own
        assert {row["item_id"] for row in found[id][:2]} < own


def test_the_unknown_and_those_who_refused_are_given_what_is_popular(small, settings, model):
    refuse(small, "c1")
    found = recommended(small, settings, model, ["c1", "stranger"])
    popular = [row.item_id for row in model.popular(5)]
    assert [row["item_id"] for row in found["c1"]] == popular == [row["item_id"] for row in found["stranger"]]
    assert not any(row["repeat"] for rows in found.values() for row in rows)
    with small.read() as tx:
        assert customers.get(tx, "stranger") is None


def test_where_silence_is_refusal_only_those_who_granted_are_known(shop, settings, model):
    careful = replace(settings, personalization_default="refused")
    with shop.begin() as tx:
        consents.put(tx, "c2", [Consent(purpose=Purpose.PERSONALIZATION, state=Grant.GRANTED, at=NOW)])
    found = recommended(shop, careful, model, ["c1", "c2"])
    assert [any(row["repeat"] for row in found[id]) for id in ("c1", "c2")] == [False, True]
    assert {row["customer_id"] for row in due(shop, careful, model, ["c1", "c2"])} == {"c2"}


def test_what_cannot_be_had_is_left_out_also_where_only_the_customer_knows_it(shop, settings, model):
    buy(shop, "c1", "rare", 1, 2, 3)
    before = recommended(shop, settings, model, None, k=50)
    assert {row["item_id"] for row in before["c1"]} - {row["item_id"] for row in before["c2"]} == {"rare"}
    with shop.begin() as tx:
        items.put(
            tx,
            [Item(item_id=id, family=family, available=False) for id, family in (("rare", "rare"), ("milk-2", "milk"))],
        )
    after = recommended(shop, settings, model, None, k=50)
    for id, rows in after.items():
        assert {row["item_id"] for row in rows} == {item.item_id for item in stocked()} - {"milk-2"}, id


def test_what_was_bought_from_then_on_is_not_looked_at(shop, settings, model):
    then = NOW - 30 * DAY
    before = recommended(shop, settings, model, ["c1"], as_of=then), due(shop, settings, model, ["c1"], as_of=then)
    buy(shop, "c1", "coffee-1", 30, 10, 5, 1)
    after = recommended(shop, settings, model, ["c1"], as_of=then), due(shop, settings, model, ["c1"], as_of=then)
    assert after == before
    assert recommended(shop, settings, model, ["c1"]) != before[0]


def test_customers_are_answered_once_each_in_the_order_they_are_named(small, settings, model):
    found = predict.recommend(small, settings, model, ["c3", "stranger", "c1", "c3"], k=2, as_of=NOW)
    assert [row["customer_id"] for row in found] == ["c3", "stranger", "c1"]


def test_more_customers_than_are_read_at_a_time_are_all_answered(small, settings, model, monkeypatch):
    whole = recommended(small, settings, model, None), due(small, settings, model, None)
    monkeypatch.setattr(predict, "BATCH", 7)
    said: list[tuple[int, int]] = []
    found = recommended(small, settings, model, None, progress=lambda done, total: said.append((done, total)))
    assert (found, due(small, settings, model, None)) == whole
    assert said == [(min(n, CUSTOMERS), CUSTOMERS) for n in range(7, CUSTOMERS + 7, 7)]


def test_forecasts_are_the_models_own_with_the_keys_agreed_on(small, settings, model):
    found = due(small, settings, model, ["c1"], within=10 * DAY)
    with small.read() as tx:
        expected = model.forecast(orders.history(tx, "c1", NOW), day_of(NOW), 10.0)
    assert [(row["family"], row["probability"]) for row in found] == [(one.family, one.probability) for one in expected]
    keys = {"customer_id", "family", "item_id", "probability", "low", "high", "expected_at", "evidence"}
    for row in found:
        assert keys <= set(row)
        assert row["customer_id"] == "c1"
        assert row["item_id"] == f"{row['family']}-2"
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
        assert isinstance(row["evidence"], dict)


def test_forecasts_are_for_families_bought_on_two_days(small, settings, model):
    buy(small, "d", "once", 3)
    buy(small, "d", "twice", 130, 135)
    assert [row["family"] for row in due(small, settings, model, ["d"])] == ["twice"]


def test_nobody_is_forecast_whose_orders_may_not_be_used(shop, settings, model):
    refuse(shop, "c1")
    assert due(shop, settings, model, ["c1"]) == []
    everybody = {row["customer_id"] for row in due(shop, settings, model, None)}
    assert everybody == {f"c{n}" for n in range(CUSTOMERS)} - {"c1"}


def test_one_unknown_customer_stops_all_before_anything_is_said(small, settings, model):
    found = predict.due(small, settings, model, ["c1", "stranger"], within=7 * DAY, as_of=NOW)
    with pytest.raises(NotFound, match="stranger"):
        next(found)


@pytest.mark.parametrize("within", [61 * DAY, 0 * DAY, -DAY, 60 * DAY + timedelta(seconds=1)])
def test_a_window_that_is_too_long_or_none_is_refused(sqlite_db, settings, model, within):
    with pytest.raises(InputError, match="--within"):
        due(sqlite_db, settings, model, None, within=within)


def test_the_longest_window_is_forecast(small, settings, model):
    assert len(due(small, settings, model, ["c1"], within=60 * DAY)) == 4
