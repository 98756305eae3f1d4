"""Planning: for those who let something be done unasked, once a day, with all that follows kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Goal, GoalKind, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.nudges import NudgeKind
from engine.learn.base import Model
from engine.store import consents, customers, decisions, executions, goals, items, nudges, orders, preferences
from engine.store.database import Database
from jobs import plan
from jobs.decisions import Deciding
from jobs.evaluate import served
from tests.shops import NOW, bought, earned, open_shop, stocked

HOUR = timedelta(hours=1)
SOME = [f"c{n}" for n in range(8)]


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
    """What a few bought in the small shop; nobody said anything."""
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, SOME, NOW)
        lines = [line for line in bought() if line.customer_id in SOME]
        orders.put_lines(tx, lines, import_id=orders.new_import())
    earned(db, SOME)
    return db


def say(db: Database, id: str, state: Grant, *purposes: Purpose) -> None:
    """What a customer says of purposes."""
    with db.begin() as tx:
        consents.put(tx, id, [Consent(purpose=purpose, state=state, at=NOW) for purpose in purposes])


def planned(db: Database) -> dict[str, int]:
    """How many decisions of planning each customer was given."""
    with db.read() as tx:
        counts = {id: len(decisions.of_customer(tx, id, 100)[0]) for id in SOME}
    return {id: count for id, count in counts.items() if count}


def made_for(db: Database, id: str) -> list:
    """Their executions."""
    with db.read() as tx:
        return executions.of_customer(tx, id)


def told(db: Database, id: str) -> list:
    """Their messages, sent or not yet."""
    with db.read() as tx:
        return nudges.delivered(tx, id, NOW - 9 * HOUR, NOW + 99 * HOUR)


def test_nobody_who_said_nothing_is_planned_for(shop, settings, model):
    assert plan.run(shop, model, NOW, settings) == {"customers": 0}
    assert planned(shop) == {}


def test_those_are_planned_for_who_granted_coaching_or_automation(shop, settings, model):
    say(shop, "c0", Grant.GRANTED, Purpose.COACHING)
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    say(shop, "c2", Grant.GRANTED, Purpose.COACHING, Purpose.AUTOMATION)
    say(shop, "c3", Grant.REFUSED, Purpose.COACHING, Purpose.AUTOMATION)
    say(shop, "c4", Grant.GRANTED, Purpose.PERSONALIZATION, Purpose.BEHAVIOUR, Purpose.RESEARCH)
    say(shop, "c5", Grant.GRANTED, Purpose.AUTOMATION)
    say(shop, "c5", Grant.REFUSED, Purpose.AUTOMATION)
    say(shop, "c6", Grant.GRANTED, Purpose.AUTOMATION)
    say(shop, "c6", Grant.UNSET, Purpose.AUTOMATION)
    found = plan.run(shop, model, NOW, settings)
    assert planned(shop) == {"c0": 1, "c1": 1, "c2": 1}
    assert found["customers"] == 3


def test_however_often_it_runs_a_customers_turn_comes_once_a_day(shop, settings, model):
    for id in SOME:
        say(shop, id, Grant.GRANTED, Purpose.AUTOMATION)
    for hour in range(23):
        plan.run(shop, model, NOW + hour * HOUR, settings)
    assert planned(shop) == dict.fromkeys(SOME, 1)
    plan.run(shop, model, NOW + 24 * HOUR, settings)
    assert planned(shop) == dict.fromkeys(SOME, 2)


def test_decisions_that_somebody_asked_for_do_not_take_the_turn(shop, settings, model):
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    Deciding(db=shop, settings=settings, model=model, trigger="command").one("c1", NOW - HOUR)
    assert plan.run(shop, model, NOW, settings)["customers"] == 1


def test_who_is_new_has_a_turn_at_the_next_run(shop, settings, model):
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    plan.run(shop, model, NOW, settings)
    say(shop, "c2", Grant.GRANTED, Purpose.AUTOMATION)
    assert plan.run(shop, model, NOW + HOUR, settings)["customers"] == 1
    assert planned(shop) == {"c1": 1, "c2": 1}


def test_a_run_that_was_stopped_goes_on_where_it_was(shop, settings, model, monkeypatch):
    monkeypatch.setattr("jobs.decisions.BATCH", 3)
    for id in SOME:
        say(shop, id, Grant.GRANTED, Purpose.AUTOMATION)
    asked = iter([False, True])
    assert plan.run(shop, model, NOW, settings, stopped=lambda: next(asked))["customers"] == 3
    assert plan.run(shop, model, NOW + HOUR, settings)["customers"] == 5
    assert planned(shop) == dict.fromkeys(SOME, 1)


def test_what_is_decided_is_kept_with_what_is_to_be_done(shop, settings, model):
    for id in SOME:
        say(shop, id, Grant.GRANTED, Purpose.AUTOMATION)
    found = plan.run(shop, model, NOW, settings)
    orders_made = 0
    for id in SOME:
        with shop.read() as tx:
            (document,) = decisions.of_customer(tx, id, 10)[0]
        made, messages = made_for(shop, id), told(shop, id)
        said = [one["execution"]["execution_id"] for one in document["experiences"] if one["execution"]]
        assert sorted(said) == sorted(one.execution_id for one in made)
        assert sorted(said) == sorted(one.execution_id for one in messages)
        assert {one.decision_id for one in messages} <= {document["decision_id"]}
        assert all(one.state is State.WAITING and one.rung is Rung.APPROVE for one in made)
        assert all(one.kind is NudgeKind.APPROVAL and one.send_at >= NOW for one in messages)
        orders_made += len(made)
    assert found["approve"] == orders_made > 0
    assert found["veto"] == found["silent"] == 0  # nobody signed a mandate


def test_what_was_asked_is_not_asked_again_the_next_day(shop, settings, model):
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    for day in range(3):
        plan.run(shop, model, NOW + 24 * day * HOUR, settings)
    open_needs = [line.need for one in made_for(shop, "c1") if one.state is State.WAITING for line in one.lines]
    assert len(open_needs) == len(set(open_needs))


def test_those_who_want_to_be_let_alone_are(shop, settings, model):
    for id in SOME[:4]:
        say(shop, id, Grant.GRANTED, Purpose.AUTOMATION, Purpose.COACHING)
    with shop.begin() as tx:
        preferences.put(tx, "c0", Preferences(paused=True), NOW)
        preferences.put(tx, "c1", Preferences(ceiling=Rung.CURATE), NOW)
        preferences.put(tx, "c2", Preferences(paused_until=NOW + HOUR), NOW)
    say(shop, "c3", Grant.REFUSED, Purpose.PERSONALIZATION)
    plan.run(shop, model, NOW, settings)
    for id in SOME[:4]:
        assert made_for(shop, id) == [], id
        assert told(shop, id) == [], id


def test_goals_are_coached_only_where_coaching_was_granted(shop, settings, model):
    with shop.begin() as tx:
        for id in ("c0", "c1"):
            goals.add(
                tx,
                Goal(
                    goal_id=f"goal of {id}",
                    customer_id=id,
                    kind=GoalKind.BUY_MORE,
                    family="tea",
                    target=20.0,
                    created_at=NOW - timedelta(days=18),
                ),
            )
    say(shop, "c0", Grant.GRANTED, Purpose.COACHING)
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    plan.run(shop, model, NOW, settings)
    assert [one.goal_id for one in told(shop, "c0") if one.kind is NudgeKind.GOAL] == ["goal of c0"]
    assert not [one for one in told(shop, "c1") if one.kind is NudgeKind.GOAL]
    assert made_for(shop, "c0") == []


def test_without_a_model_nobody_is_decided_for(shop, settings):
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    assert plan.run(shop, None, NOW, settings) == {"customers": 0}
    assert planned(shop) == {}


def test_one_whose_message_cannot_be_kept_has_a_turn_again(shop, settings, model, monkeypatch):
    for id in SOME:
        say(shop, id, Grant.GRANTED, Purpose.AUTOMATION)
    whole = nudges.add

    def failing(tx, messages):
        if any(one.customer_id == "c2" for one in messages):
            raise RuntimeError("the inbox is full")
        whole(tx, messages)

    with monkeypatch.context() as patch:
        patch.setattr(nudges, "add", failing)
        first = plan.run(shop, model, NOW, settings)
    again = plan.run(shop, model, NOW + HOUR, settings)
    assert (first["customers"], again["customers"]) == (len(SOME) - 1, 1)
    assert planned(shop) == dict.fromkeys(SOME, 1)


def test_it_is_done_for_the_instant_it_is_told(shop, settings, model):
    """In the middle of the night nothing is sent before the morning."""
    say(shop, "c1", Grant.GRANTED, Purpose.AUTOMATION)
    night = datetime.fromisoformat("2017-12-01T23:00:00+00:00")
    plan.run(shop, model, night, settings)
    messages = told(shop, "c1")
    assert messages
    assert {one.send_at.isoformat() for one in messages} == {"2017-12-02T08:00:00+00:00"}


def test_shared_among_processes_everybody_is_given_the_same(tmp_path, monkeypatch):
    """What two processes decide is what one does, and it is kept once."""
    monkeypatch.setattr("jobs.plan.PART", 3)
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home"), "RAPPORT_LOG_LEVEL": "error"})
    db = Database.open(settings.database_url)
    db.upgrade()
    open_shop(db, settings)
    earned(db, SOME)
    for id in SOME:
        say(db, id, Grant.GRANTED, Purpose.AUTOMATION)
    alone = Counter[str](customers=0)
    for id in SOME:
        made = Deciding(db=db, settings=settings, model=served(settings), trigger="command").one(id, NOW, dry_run=True)
        alone["customers"] += 1
        alone.update(one["rung"] for one in made["experiences"])
    shared = plan.run(db, served(settings), NOW, settings, processes=2)
    assert shared == alone
    assert planned(db) == dict.fromkeys(SOME, 1)
    assert plan.run(db, served(settings), NOW + HOUR, settings, processes=2) == {"customers": 0}
    db.close()
