"""What a training publishes, refuses, keeps and survives, on both databases."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.shopping import OrderLine
from engine.errors import Unavailable
from engine.learn import base
from engine.learn.accuracy import Accuracy
from engine.store import artifacts, consents, customers, items, models, orders
from engine.store.artifacts import Slot
from engine.store.database import Database
from jobs import reliability, train
from tests.shops import NOW, bought, open_shop, stocked

WEEK = timedelta(days=7)


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A home of its own."""
    return Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})


def filled(db: Database, lines: list[OrderLine], source: str = "shop") -> Database:
    """The small shop's items, and these lines."""
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, [line.customer_id for line in lines], NOW)
        orders.put_lines(tx, lines, import_id=orders.new_import(), source=source)
    return db


@pytest.fixture
def shop(db, settings) -> Database:
    """The small shop with a model that is served."""
    open_shop(db, settings)
    return db


@pytest.fixture
def small(sqlite_db, settings) -> Database:
    """The same on SQLite, for what has nothing to do with the database."""
    open_shop(sqlite_db, settings)
    return sqlite_db


def trained(db: Database, settings: Settings, **given) -> train.Training:
    """A training as of NOW unless said otherwise."""
    return train.run(db, settings, **{"as_of": NOW, "now": NOW, **given})


def known(db: Database) -> dict[str, models.Trained]:
    """The trainings that were written down."""
    with db.read() as tx:
        return {one.model_id: one for one in models.all(tx)}


def test_without_orders_there_is_nothing_to_train_on(db, settings):
    with pytest.raises(Unavailable, match="no orders"):
        trained(db, settings)
    filled(db, bought())
    with pytest.raises(Unavailable, match="from before 2016"):
        trained(db, settings, as_of=NOW - 52 * WEEK)
    assert known(db) == {}
    assert artifacts.served_id(settings.models) is None


def test_the_first_model_is_published_though_nothing_can_be_said_of_it(db, settings):
    found = trained(filled(db, bought()[:1]), settings)
    assert found.published
    assert found.ours is None
    assert artifacts.served_id(settings.models) == found.model_id == found.served
    assert Slot(settings.models, base.decode).current().model_id == found.model_id


def test_what_is_written_down_is_what_is_said(shop, settings):
    found = trained(shop, settings)
    written = known(shop)[found.model_id]
    assert (written.published, written.reason, written.as_of) == (found.published, found.reason, found.as_of)
    assert written.metrics == json.loads(json.dumps(found.metrics))
    assert len(known(shop)) == 2


def test_a_refused_training_is_kept_and_not_served(small, settings):
    served = artifacts.served_id(settings.models)
    found = trained(small, settings, as_of=NOW - WEEK)
    assert (found.published, found.served, artifacts.served_id(settings.models)) == (False, served, served)
    assert "2017-12-01" in found.reason
    assert not known(small)[found.model_id].published
    assert artifacts.read(settings.models, found.model_id).model_id == found.model_id
    artifacts.point(settings.models, found.model_id)  # and can be served by hand


def refuse(db: Database, ids: list[str]) -> None:
    """That the orders of these customers be used."""
    with db.begin() as tx:
        for id in ids:
            consents.put(tx, id, [Consent(purpose=Purpose.PERSONALIZATION, state=Grant.REFUSED, at=NOW)])


def test_refused_lines_are_not_taken_for_lost_ones(small, settings):
    served_with(settings, lines=len(bought()))
    with small.read() as tx:
        ids = customers.ids(tx)
    refuse(small, ids[:-1])
    assert trained(small, settings).published
    refuse(small, ids)
    with pytest.raises(Unavailable, match=rf"all {len(bought()):,} lines are of customers who refused"):
        trained(small, settings)


def served_with(settings: Settings, **metrics: object) -> None:
    """The served model, found to be otherwise."""
    kept = artifacts.read(settings.models, artifacts.served_id(settings.models))
    artifacts.publish(settings.models, replace(kept, model_id="other", metrics={**kept.metrics, **metrics}))


@pytest.mark.parametrize(("share", "published"), [(0.49, True), (0.51, True), (1.99, True), (2.01, False)])
def test_a_model_of_less_than_half_of_the_lines_is_refused(small, settings, share, published):
    served_with(settings, lines=int(len(bought()) * share))
    found = trained(small, settings)
    assert found.published is published
    assert published or "lines are stored" in found.reason


def judged(recall: float, se: float = 0.01) -> Accuracy:
    """An accuracy of which only the recall matters."""
    return Accuracy(recall_10=recall, recall_20=recall, ndcg_10=recall, phr_10=recall, se=se, customers=40)


@pytest.mark.parametrize(
    ("ours", "before", "published"),
    [(0.50, 0.48, True), (0.50, 0.509, True), (0.50, 0.511, False), (0.50, None, True), (None, None, True)],
)
def test_a_model_that_is_worse_by_more_than_a_standard_error_is_refused(
    small, settings, monkeypatch, ours, before, published
):
    served = artifacts.served_id(settings.models)
    whole = train.train

    def as_if(*args: object, **given: object):
        accuracies = (None if recall is None else judged(recall) for recall in (ours, before))
        return replace(whole(*args, **given), **dict(zip(("ours", "served"), accuracies, strict=True)))

    monkeypatch.setattr(train, "train", as_if)
    found = trained(small, settings)
    assert found.published is published
    assert (artifacts.served_id(settings.models) == served) is not published
    assert published or "recall@10 0.5000" in found.reason


def garbled(folder: Path) -> None:
    """Half of a manifest."""
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])


def cut(folder: Path) -> None:
    """An array without its end."""
    array = folder / "neighbours.others.npy"
    array.write_bytes(array.read_bytes()[:-8])


def gone(folder: Path) -> None:
    """Nothing at all where the pointer points."""
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("damage", [garbled, cut, gone])
def test_a_served_model_that_cannot_be_read_is_replaced(small, settings, damage):
    damage(settings.models / artifacts.served_id(settings.models))
    assert Slot(settings.models, base.decode).current() is None
    found = trained(small, settings, as_of=NOW - WEEK)
    assert (found.published, found.before, found.reason) == (True, None, "the served model cannot be read")
    assert Slot(settings.models, base.decode).current().model_id == found.model_id


def test_whoever_serves_is_told_of_each_swap_and_of_nothing_else(shop, settings):
    told = []
    slot = Slot(settings.models, base.decode, lambda: told.append(slot.current().model_id))
    first = slot.current().model_id
    assert slot.current().model_id == first
    second = trained(shop, settings).model_id
    assert slot.current().model_id == second
    garbled(settings.models / trained(shop, settings).model_id)
    assert slot.current().model_id == second
    assert told == [first, second]


@pytest.mark.parametrize("stage", ["write", "point"])
def test_a_training_that_is_cut_off_leaves_what_was_served(shop, settings, monkeypatch, stage):
    before = artifacts.served_id(settings.models)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, stage, killed)
        with pytest.raises(KeyboardInterrupt):
            trained(shop, settings)
    assert Slot(settings.models, base.decode).current().model_id == before
    assert trained(shop, settings).published


def test_a_week_without_purchases_is_no_bar(db, settings):
    """Nothing came in the week that forecasts are judged on: no order of theirs can be told, and JSON has no nan."""
    filled(db, bought())
    found = trained(db, settings, as_of=NOW + WEEK)
    assert found.published
    assert found.metrics["replenishment"]["auc"] is None
    json.dumps(found.document(), allow_nan=False)
    assert known(db)[found.model_id].metrics["replenishment"]["auc"] is None


def test_only_what_was_bought_before_is_learned_from(db, settings):
    filled(db, bought())
    cut = NOW - 6 * WEEK
    found = trained(db, settings, as_of=cut)
    at = {line.order_id: line.ordered_at for line in bought()}  # an order has one time, the last that was said
    assert found.metrics["lines"] == sum(at[line.order_id] < cut for line in bought())
    assert found.as_of == cut


def test_orders_made_by_rapport_teach_it_nothing(db, settings):
    lines = bought()
    filled(db, lines[:-50])
    filled(db, [replace(line, order_id=f"own-{line.order_id}") for line in lines[-50:]], source="execution")
    assert trained(db, settings).metrics["lines"] == len(lines) - 50


def arrays_of(settings: Settings) -> dict[str, np.ndarray]:
    """What the served model is made of."""
    return dict(artifacts.read(settings.models, artifacts.served_id(settings.models)).arrays)


def named(lines: list[OrderLine], name: str) -> list[OrderLine]:
    """The same lines of customers with a name of their own, in the same order."""
    known = {f"c{n}": f"{name}-{n:02d}" for n in range(40)}
    return [
        replace(line, customer_id=known[line.customer_id], order_id=f"{known[line.customer_id]}/{line.order_id}")
        for line in lines
    ]


def test_no_customer_is_in_the_artifact(db, settings):
    """Neither id nor order: every byte of every file is looked at, and what is written down of the training."""
    found = trained(filled(db, named(bought(), "Zoë-Quux")), settings)
    assert found.metrics["customers"] == 40
    kept = [path.read_bytes() for path in settings.models.rglob("*") if path.is_file()]
    kept += [str(one).encode() for one in known(db).values()]
    assert len(kept) > 20
    for word in ("Quux", "quux", "Zo\u00eb", "Zo\\u00eb"):
        assert not any(word.encode() in content for content in kept)
        assert not any(word.encode("utf-16-le") in content or word.encode("utf-32-le") in content for content in kept)


def test_both_databases_give_the_same_model(sqlite_db, postgres_url, tmp_path):
    made = []
    other = Database.open(postgres_url)
    for number, db in enumerate((sqlite_db, other)):
        settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path / str(number))})
        trained(filled(db, bought()), settings)
        made.append(arrays_of(settings))
    other.close()
    assert made[0].keys() == made[1].keys()
    for name, array in made[0].items():
        assert np.array_equal(array, made[1][name]), name


@pytest.mark.parametrize("default", [Grant.GRANTED, Grant.REFUSED])
def test_those_who_refused_leave_no_trace(db, settings, default, tmp_path):
    """The model is the one of a shop that they never bought in. ALS draws a start for everybody: it is left out."""
    settings = replace(settings, personalization_default=default.value)
    gone, kept = {f"c{n}" for n in range(0, 40, 4)}, {f"c{n}" for n in range(40) if n % 4}
    filled(db, bought())
    said = {Grant.REFUSED: gone} if default is Grant.GRANTED else {Grant.GRANTED: kept}
    with db.begin() as tx:
        for state, ids in said.items():
            for id in ids:
                consents.put(tx, id, [Consent(purpose=Purpose.PERSONALIZATION, state=state, at=NOW)])
    found = trained(db, settings)
    assert found.metrics["customers"] == 30
    alone = Database.open(f"sqlite:///{tmp_path}/alone.db")
    alone.upgrade()
    elsewhere = replace(settings, home=tmp_path / "alone", personalization_default="granted")
    trained(filled(alone, [line for line in bought() if line.customer_id in kept]), elsewhere)
    first, second = arrays_of(settings), arrays_of(elsewhere)
    for name, array in first.items():
        assert name.startswith("als.") or np.array_equal(array, second[name]), name
    alone.close()


def test_a_table_and_a_picture_of_its_forecasts_lie_beside_a_model(small, settings):
    found = trained(small, settings)
    folder = settings.models / found.model_id
    rows = list(csv.DictReader((folder / reliability.TABLE).read_text().splitlines()))
    windows = found.metrics["replenishment"]["windows"]
    assert [(int(row["window_days"]), int(row["pairs"])) for row in rows] == [
        (one["window_days"], each["pairs"]) for one in windows for each in one["reliability"]
    ]
    picture = ElementTree.parse(folder / reliability.PICTURE).getroot()
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == len(rows) > 0
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["beside"] == {
        name: sha256((folder / name).read_bytes()).hexdigest() for name in (reliability.TABLE, reliability.PICTURE)
    }


def test_where_no_forecast_could_be_judged_nothing_lies_beside_a_model():
    assert reliability.files({"replenishment": None}) == {}


def test_a_budget_of_nothing_still_trains(small, settings):
    """One tree a ranker at the most, and what is fitted without any choice."""
    found = trained(small, settings, budget=0.0)
    model = base.decode(artifacts.read(settings.models, found.model_id))
    learned = model.baskets.learned
    rounds = [ranker.booster.num_boosted_rounds() for ranker in (learned.all, learned.new) if ranker is not None]
    assert rounds
    assert set(rounds) <= {1, 2}
    assert found.metrics["lines"] > 0
