"""Training, predicting and planning over a stored shop, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.history import day_of
from engine.errors import InputError, NotFound, Unavailable
from engine.learn import base
from engine.store import artifacts, consents, customers, decisions, executions, items, models, nudges, orders
from engine.store.artifacts import Slot
from jobs import evaluate, plan, predict, shopping, train
from jobs.decisions import Deciding
from tests.shops import CUSTOMERS, NOW, bought, open_shop


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A home of its own."""
    return Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})


@pytest.fixture
def shop(db, settings):
    """The small shop on each database in turn."""
    open_shop(db, settings)
    return db


def say(db, customer_id: str, **said: Grant) -> None:
    """What a customer says of purposes."""
    with db.begin() as tx:
        consents.put(
            tx, customer_id, [Consent(purpose=Purpose(name), state=state, at=NOW) for name, state in said.items()]
        )


def test_without_orders_there_is_nothing_to_train_on(db, settings):
    with pytest.raises(Unavailable, match="no orders"):
        train.run(db, settings, as_of=NOW, now=NOW)
    assert artifacts.served_id(settings.models) is None


def test_the_first_model_is_published_and_known(shop, settings):
    with shop.read() as tx:
        (trained,) = models.all(tx)
    assert trained.published
    assert artifacts.served_id(settings.models) == trained.model_id
    assert trained.metrics["lines"] == len(bought())


def test_a_second_training_says_what_it_was_compared_with(shop, settings):
    found = train.run(shop, settings, as_of=NOW, now=NOW)
    assert found.published, found.reason
    assert found.before is not None
    assert found.document()["next_basket_served"]["customers"] == found.ours.customers


def test_a_model_is_refused_when_half_of_the_orders_are_gone(shop, settings):
    served = artifacts.served_id(settings.models)
    say_all = [f"c{n}" for n in range(CUSTOMERS - 5)]
    for id in say_all:
        say(shop, id, personalization=Grant.REFUSED)
    found = train.run(shop, settings, as_of=NOW, now=NOW)
    assert not found.published
    assert "lines" in found.reason
    assert artifacts.served_id(settings.models) == served
    with shop.read() as tx:
        assert [one.published for one in models.all(tx)].count(False) == 1


def test_an_older_model_does_not_replace_a_newer_one(shop, settings):
    found = train.run(shop, settings, as_of=NOW - timedelta(days=7), now=NOW)
    assert not found.published
    assert "until" in found.reason


def test_a_damaged_model_is_no_bar_to_a_new_one(shop, settings):
    served = artifacts.served_id(settings.models)
    (settings.models / served / "als.factors.npy").write_bytes(b"broken")
    found = train.run(shop, settings, as_of=NOW, now=NOW)
    assert found.published
    assert found.served != served


def test_the_orders_of_those_who_refused_are_not_learned_from(shop, settings):
    say(shop, "c1", personalization=Grant.REFUSED)
    read = shopping.read(shop, settings, NOW)
    assert len(read.lines) == len([line for line in bought() if line.customer_id != "c1"])
    refused = replace(settings, personalization_default="refused")
    assert len(shopping.read(shop, refused, NOW).lines) == 0


def served(settings: Settings) -> base.Model:
    """The served model."""
    found = Slot(settings.models, base.decode).current()
    assert found is not None
    return found


def test_recommendations_leave_out_what_cannot_be_had_and_what_may_not_be_looked_at(shop, settings):
    with shop.begin() as tx:
        gone = next(iter(items.get_many(tx, ["milk-1"]).values()))
        items.put(tx, [replace(gone, available=False)])
    say(shop, "c2", personalization=Grant.REFUSED)
    found = {
        row["customer_id"]: row["items"]
        for row in predict.recommend(shop, settings, served(settings), None, k=8, as_of=NOW)
    }
    assert len(found) == CUSTOMERS
    assert all(len(row) == 8 for row in found.values())
    assert not any(item["item_id"] == "milk-1" for row in found.values() for item in row)
    assert any(item["repeat"] for item in found["c1"])
    assert not any(item["repeat"] for item in found["c2"])


def test_forecasts_are_for_those_who_are_known(shop, settings):
    model = served(settings)
    found = list(predict.due(shop, settings, model, ["c1"], within=timedelta(days=7), as_of=NOW))
    assert {row["family"] for row in found} == {"coffee", "milk", "bread", "tea"}
    with pytest.raises(NotFound):
        list(predict.due(shop, settings, model, ["stranger"], within=timedelta(days=7), as_of=NOW))
    with pytest.raises(InputError, match="--within"):
        list(predict.due(shop, settings, model, ["c1"], within=timedelta(days=61), as_of=NOW))


def test_forecasts_are_good_where_habits_are(shop, settings):
    report = evaluate.run(shop, settings, cut=evaluate.Cut.TIME, as_of=NOW, say=lambda *_: None)
    weekly = [one for one in report.replenishment if one.window == 7]
    assert weekly
    assert all(one.honesty.auc > 0.8 for one in weekly)
    ours = {row.level: row.accuracy.recall_10 for row in report.rows if row.method == "rapport" and row.list == "all"}
    assert ours["item"] > 0.9


def test_the_plan_decides_once_a_day_for_those_who_let_it(shop, settings):
    say(shop, "c1", automation=Grant.GRANTED)
    say(shop, "c2", coaching=Grant.GRANTED)
    say(shop, "c3", automation=Grant.REFUSED)
    first = plan.run(shop, served(settings), NOW, settings)
    again = plan.run(shop, served(settings), NOW + timedelta(hours=1), settings)
    tomorrow = plan.run(shop, served(settings), NOW + timedelta(hours=24), settings)
    assert (first["customers"], again["customers"], tomorrow["customers"]) == (2, 0, 2)
    assert first["approve"] >= 1
    with shop.read() as tx:
        assert decisions.count(tx) == 4
        mine = executions.of_customer(tx, "c1")
        asked = nudges.inbox(tx, "c1", NOW + timedelta(days=3), 100)[0]
    assert mine
    assert {one.execution_id for one in mine} == {one.execution_id for one in asked}
    families = Counter(line.need for one in mine for line in one.lines)
    assert max(families.values()) == 1, "a need was asked about twice"


def test_without_a_model_nothing_is_planned(db, settings):
    assert plan.run(db, None, NOW, settings)["customers"] == 0


def test_one_customer_that_cannot_be_decided_for_does_not_stop_the_others(shop, settings):
    class Broken(base.Model):
        """Stumbles over one customer."""

        def rhythms(self, history, now_day):
            if len(history) and history.items[0].endswith("-2") and day_of(NOW) == now_day:
                raise RuntimeError("stumbled")
            return super().rhythms(history, now_day)

    whole = served(settings)
    parts = ("model_id", "created_at", "as_of", "metrics", "catalogue", "baskets", "replenishment", "evidence")
    broken = Broken(**{name: getattr(whole, name) for name in parts})
    deciding = Deciding(db=shop, settings=settings, model=broken, trigger="test")
    with shop.read() as tx:
        ids = customers.ids(tx)
    found = {one["customer_id"] for one in deciding.many(ids, NOW)}
    assert found == {f"c{n}" for n in range(0, CUSTOMERS, 2)}


def test_a_dry_run_keeps_nothing(shop, settings):
    deciding = Deciding(db=shop, settings=settings, model=served(settings), trigger="test")
    assert deciding.one("c1", NOW, dry_run=True)["experiences"]
    assert deciding.one("stranger", NOW)["mode"] in ("respond", "curate")
    with shop.read() as tx:
        assert decisions.count(tx) == 1
        assert customers.get(tx, "stranger") is None
        assert orders.newest(tx) is not None
