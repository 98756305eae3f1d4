"""Decisions for many: kept whole or not at all, and no customer stands in the way of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial

import numpy as np
import orjson
import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.history import History, day_of
from engine.domain.shopping import Customer
from engine.errors import InputError, NotFound
from engine.learn.ahead import Ahead
from engine.learn.base import ALL, Model, Rhythm, Sought, is_due
from engine.store import consents, customers, decisions, erasure, executions, items, nudges, orders, preferences
from engine.store import context as contexts
from engine.store.database import Database
from jobs import decisions as deciding
from jobs.decisions import Deciding
from jobs.evaluate import served
from modes.decide import decide as decide_for
from modes.document import document as worded
from modes.policy import Policy
from modes.recall import Recalled
from modes.request import Request
from tests.shops import CUSTOMERS, NOW, bought, earned, open_shop, stocked

EVERYBODY = [f"c{n}" for n in range(CUSTOMERS)]
SOME = EVERYBODY[:8]


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


@pytest.fixture
def shop(db) -> Database:
    """What a few bought in the small shop; all of them let Rapport ask before it orders."""
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, SOME, NOW)
        lines = [line for line in bought() if line.customer_id in SOME]
        orders.put_lines(tx, lines, import_id=orders.new_import())
        for id in SOME:
            consents.put(tx, id, [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW)])
    earned(db, SOME)
    return db


@pytest.fixture
def decide(shop, settings, model) -> Deciding:
    """Everything decisions are made with."""
    return Deciding(db=shop, settings=settings, model=model, trigger="test")


def like(model: Model, before: Callable[[History], None]) -> Model:
    """The model, but something happens before it is asked for the rhythms of a history."""

    class Prepared(Model):
        def rhythms(self, history: History, now_day: float, sought: Sought = ALL) -> list[Rhythm]:
            before(history)
            return super().rhythms(history, now_day, sought)

    return Prepared(**{field.name: getattr(model, field.name) for field in fields(model)})


def waited(one: Rhythm) -> bool:
    """Whether the family is due."""
    return is_due(one.need.evidence.since_days, one.need.evidence.median_gap_days)


def kept(db: Database, id: str) -> tuple[list[decisions.Document], list[str], list[str]]:
    """The decisions for a customer, their executions and the executions that their messages tell of."""
    with db.read() as tx:
        made = executions.of_customer(tx, id)
        told = nudges.delivered(tx, id, NOW.replace(year=2016), NOW.replace(year=2019))
        return (
            decisions.of_customer(tx, id, 100)[0],
            sorted(one.execution_id for one in made),
            sorted(one.execution_id for one in told if one.execution_id),
        )


def test_each_decision_is_kept_with_its_orders_and_their_messages(shop, decide):
    found = {one["customer_id"]: one for one in decide.many(SOME, NOW)}
    assert list(found) == SOME
    asked = 0
    for id, document in found.items():
        documents, made, told = kept(shop, id)
        assert documents == [document]
        said = [one["execution"]["execution_id"] for one in document["experiences"] if one["execution"]]
        assert sorted(said) == made == told
        asked += len(made)
    assert asked > 0


def test_an_order_that_is_under_way_is_not_made_again(shop, decide):
    list(decide.many(SOME, NOW))
    before = {id: kept(shop, id)[1] for id in SOME}
    list(decide.many(SOME, NOW))
    assert {id: kept(shop, id)[1] for id in SOME} == before
    with shop.read() as tx:
        assert decisions.count(tx) == 2 * len(SOME)


def test_customers_that_nobody_knows_are_passed_over(shop, decide):
    assert [one["customer_id"] for one in decide.many(["stranger", "c1"], NOW)] == ["c1"]


def stumbles(history: History) -> None:
    """Over whoever takes the second of each."""
    if len(history) and history.items[0].endswith("-2"):
        raise RuntimeError("stumbled")


def test_one_that_cannot_be_decided_for_does_not_stop_the_others(shop, decide, model):
    found = replace(decide, model=like(model, stumbles)).many(SOME, NOW)
    assert [one["customer_id"] for one in found] == SOME[::2]
    assert kept(shop, "c1") == ([], [], [])
    assert kept(shop, "c2")[0]


def test_one_that_cannot_be_read_does_not_stop_the_others(shop, decide):
    with shop.begin() as tx:
        customers.put(tx, [Customer(customer_id="c3", timezone="Nowhere/Land")], NOW)
    assert [one["customer_id"] for one in decide.many(SOME, NOW)] == [id for id in SOME if id != "c3"]


def test_one_that_cannot_be_kept_does_not_stop_the_others_and_leaves_nothing(shop, decide, monkeypatch):
    whole = nudges.add

    def failing(tx, messages):
        if any(one.customer_id == "c2" for one in messages):
            raise RuntimeError("the inbox is full")
        whole(tx, messages)

    monkeypatch.setattr(nudges, "add", failing)
    found = [one["customer_id"] for one in decide.many(SOME, NOW)]
    assert found == [id for id in SOME if id != "c2"]
    assert kept(shop, "c2") == ([], [], [])
    for id in found:
        documents, made, told = kept(shop, id)
        assert len(documents) == 1
        assert made == told


@pytest.mark.parametrize("automation", [Grant.GRANTED, Grant.REFUSED])
def test_who_is_erased_while_being_decided_for_leaves_nothing(shop, decide, model, automation):
    """Whether an order follows from the decision or not."""
    gone: list[str] = []
    with shop.begin() as tx:
        consents.put(tx, "c2", [Consent(purpose=Purpose.AUTOMATION, state=automation, at=NOW)])

    def erased(history: History) -> None:
        if not gone:
            gone.append("c2")
            with shop.begin() as tx:
                erasure.erase(tx, "c2", "test", NOW)

    found = [one["customer_id"] for one in replace(decide, model=like(model, erased)).many(SOME, NOW)]
    assert found == [id for id in SOME if id != "c2"]
    with shop.read() as tx:
        assert not any(erasure.export(tx, "c2").values())
    assert len(kept(shop, "c1")[0]) == 1


def test_who_is_erased_while_being_decided_for_alone_is_not_found(shop, decide, model):
    def erased(history: History) -> None:
        with shop.begin() as tx:
            erasure.erase(tx, "c2", "test", NOW)

    with pytest.raises(NotFound, match="c2"):
        replace(decide, model=like(model, erased)).one("c2", NOW)
    with shop.read() as tx:
        assert not any(erasure.export(tx, "c2").values())


def test_many_are_decided_for_in_parts_until_it_is_to_stop(shop, decide, monkeypatch):
    monkeypatch.setattr(deciding, "BATCH", 3)
    asked = iter([False, False, True])
    found = [one["customer_id"] for one in decide.many(SOME, NOW, stopped=lambda: next(asked))]
    assert found == SOME[:6]


def test_parts_change_nothing(shop, decide, monkeypatch):
    whole = {one["customer_id"]: one["experiences"] for one in decide.many(SOME, NOW)}
    monkeypatch.setattr(deciding, "BATCH", 1)
    ids = [one["decision_id"] for one in decide.many(SOME, NOW)]
    assert len(set(ids)) == len(SOME)
    assert {id: [one["mode"] for one in experiences] for id, experiences in whole.items()}


def test_alone_and_among_others_a_customer_is_decided_for_alike(shop, decide):
    with shop.begin() as tx:
        preferences.put(tx, "c1", Preferences(ceiling=Rung.CURATE), NOW)
    alone = {id: decide.one(id, NOW, dry_run=True) for id in SOME}
    for document in decide.many(SOME, NOW):
        single = alone[document["customer_id"]]
        assert [one["mode"] for one in document["experiences"]] == [one["mode"] for one in single["experiences"]]
        assert [one["need"] for one in document["experiences"]] == [one["need"] for one in single["experiences"]]


def test_requests_go_to_those_who_made_them(shop, decide):
    wanted = Request(items=(("tea-1", 2),))
    found = {one["customer_id"]: one for one in decide.many(SOME, NOW, {"c4": wanted})}
    orders_made = {
        id: [one["order"] for one in document["experiences"] if one["order"]] for id, document in found.items()
    }
    assert [line["item_id"] for line in orders_made.pop("c4")[0]["lines"]] == ["tea-1"]
    assert not any(orders_made.values())


def test_a_request_for_what_is_not_sold_is_refused_alone_and_logged_among_others(shop, decide):
    wanted = Request(items=(("nothing", 1),))
    with pytest.raises(InputError, match="nothing"):
        decide.one("c4", NOW, wanted)
    assert [one["customer_id"] for one in decide.many(SOME, NOW, {"c4": wanted})] == [id for id in SOME if id != "c4"]


def test_a_dry_run_and_a_stranger_store_no_customer(shop, decide):
    assert decide.one("c1", NOW, dry_run=True)["experiences"]
    assert decide.one("stranger", NOW)["customer_id"] == "stranger"
    assert kept(shop, "c1") == ([], [], [])
    assert len(kept(shop, "stranger")[0]) == 1
    with shop.read() as tx:
        assert customers.get(tx, "stranger") is None


def test_items_are_read_once(shop, decide, monkeypatch):
    asked: list[str] = []
    whole = items.get_many

    def counted(tx, ids):
        asked.extend(ids)
        return whole(tx, ids)

    monkeypatch.setattr(items, "get_many", counted)
    list(decide.many(SOME, NOW))
    list(decide.at("app.home").many(SOME, NOW))
    assert len(asked) == len(set(asked)) > 0
    assert np.isin(["milk-1", "milk-2"], asked).any()


def test_looked_ahead_for_together_everybody_is_given_what_they_are_given_alone(shop, settings, model):
    """To the byte."""
    with shop.read() as tx:
        known = contexts.read_many(tx, SOME, NOW, zone=settings.timezone, personalization_default=Grant.GRANTED)
        ahead = Ahead(model, [one.history for one in known.values()], day_of(NOW))
        for context in known.values():
            together, alone = (
                decide_for(context, one, NOW, catalogue=partial(items.get_many, tx), policy=Policy(), decision_id="d")
                for one in (ahead, model)
            )
            assert orjson.dumps(worded(together)) == orjson.dumps(worded(alone))
            for least, always in ((0.0, set()), (0.4, {"tea"}), (0.9, set())):
                every = Sought(least=least, always=frozenset(always))
                found = model.rhythms(context.history, day_of(NOW), every)
                due = [one for one in found if one.need.family in always or waited(one)]
                recalled = Recalled(model)
                for sought, expected in (
                    (replace(every, due=True), due),
                    (every, found),
                    (replace(every, due=True), due),
                ):
                    for one in (model, ahead, recalled):
                        assert one.rhythms(context.history, day_of(NOW), sought) == expected
            assert ahead.rhythms(context.history, day_of(NOW) + 3) == model.rhythms(context.history, day_of(NOW) + 3)
