"""At three in the morning: stopped, shown, lifted and settled from the command line, without a server."""

import subprocess
import sys
from dataclasses import replace

import pytest

from engine.domain.alerts import DifferenceKind
from engine.domain.executions import State
from engine.domain.gateways import NamedGateway
from engine.store import audit, customers, differences, gateways, items, nudges, orders, stops
from engine.store.database import Database
from tests.builders import a_line, an_item
from tests.ledgers import NOW, execution, standing, stored


@pytest.fixture
def db(rapport, environment):
    """The database of the place, migrated."""
    environment.more["RAPPORT_NOW"] = NOW.isoformat()
    assert rapport("db", "upgrade").code == 0
    database = Database.open(environment.settings.database_url)
    yield database
    database.close()


def in_force(db):
    """What is stopped."""
    with db.read() as tx:
        return [one.subject for one in stops.in_force(tx, NOW)]


def test_one_word_stops_everything_and_what_it_says_lifts_it(rapport, db):
    said = rapport("stop")
    assert said.code == 0
    assert in_force(db) == ["all"]
    words = said.out.splitlines()[-1].removeprefix("to go on: rapport ").split()
    assert rapport(*words).code == 0
    assert in_force(db) == []
    with db.read() as tx:
        entries, _ = audit.page(tx, 2)
    assert [(one.action, one.actor.split(":")[0]) for one in entries] == [("stop.lift", "cli"), ("stop.press", "cli")]


def test_a_family_or_a_gateway_is_stopped_for_a_while(rapport, db):
    rapport("stop", "--family", "milk").failed(1, "family 'milk' not found")
    with db.begin() as tx:
        items.put(tx, [an_item("m1", family="milk")])
        gateways.put(tx, NamedGateway(name="pharmacy", url="https://shop.example", author="op", updated_at=NOW))
    assert rapport("stop", "--family", "milk", "--for", "2h", "--reason", "recall").code == 0
    pressed = rapport("stop", "--gateway", "pharmacy", "--until", "2017-12-02", "--json").json
    assert pressed["stopped"] == "gateway pharmacy"
    assert pressed["until"] == "2017-12-02T00:00:00Z"
    assert in_force(db) == ["family milk", "gateway pharmacy"] or in_force(db) == ["gateway pharmacy", "family milk"]
    shown = rapport("start")
    assert "recall" in shown.out
    assert len(rapport("start", "--all", "--json").json["lifted"]) == 2
    assert rapport("start").out.strip() == "nothing is stopped"


def test_a_stop_that_is_there_already_is_told_and_how_long_it_lasts(rapport, db):
    rapport("stop", "--for", "2h")
    again = rapport("stop", "--for", "1h").out.splitlines()
    assert again[0].startswith("already stopped by cli")
    assert again[0].endswith("all, until 2017-12-01 10:00:00+00:00")
    rapport("stop")
    held = rapport("stop", "--for", "1h")
    assert held.out.splitlines()[0].endswith("all, until it is lifted")
    found = rapport("stop", "--for", "1h", "--json").json
    assert (found["already"], found["until"]) == (True, None)


@pytest.mark.parametrize(
    "words", [("--family", "a", "--gateway", "b"), ("--for", "2h", "--until", "2018-01-01"), ("--until", "2017-01-01")]
)
def test_what_is_not_clear_stops_nothing(rapport, db, words):
    rapport("stop", *words).failed(2)
    assert in_force(db) == []


def test_lifting_what_is_not_there_is_told(rapport, db):
    rapport("start", "none").failed(1, "none")


def test_what_needs_review_is_settled(rapport, db):
    stored(db, execution(state=State.NEEDS_REVIEW), execution("e2", "ben", state=State.NEEDS_REVIEW))
    assert rapport("settle", "e1", "--placed", "shop-1").code == 0
    assert (standing(db).state, standing(db).order_id) == (State.PLACED, "shop-1")
    rapport("settle", "e2", "--placed", "shop-1").failed(1, "shop-1")
    assert rapport("settle", "e2", "--failed", "--json").json["state"] == "failed"
    with db.read() as tx:
        told = [nudges.of_customer(tx, id)[0].kind.value for id in ("anna", "ben")]
    assert told == ["placed", "refused"]
    rapport("settle", "e2", "--failed").failed(1, "execution 'e2' is failed: only what needs_review is settled")
    stored(db, execution("e3", "cem"))
    rapport("settle", "e3", "--failed").failed(1, "execution 'e3' is waiting", "it can be vetoed or skipped")
    rapport("settle", "e4", "--failed").failed(1, "execution 'e4' not found")
    rapport("settle", "e1").failed(2, "--placed")


def test_differences_are_listed_and_end_with_1(rapport, db):
    said = rapport("differences")
    assert (said.code, said.out.strip()) == (0, "none")
    stored(db, execution(state=State.PLACED))
    with db.begin() as tx:
        differences.note(tx, "e1", DifferenceKind.OTHER_ORDER, "shop-1", "shop-2", NOW)
    said = rapport("differences", "--json")
    assert said.code == 1
    assert [(one["kind"], one["gateway"]) for one in said.json["differences"]] == [("other_order", "shop-2")]


def test_a_stop_does_not_wait_for_what_learning_needs():
    """At night every second counts: what takes seconds to load is loaded by the commands that use it."""
    code = "import sys, api.cli.main, api.cli.stopping, engine.store.stops; print(*sorted(sys.modules), sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "engine.store.stops" in loaded
    assert {"scipy", "xgboost", "pandas", "implicit", "flask"}.isdisjoint(loaded)


@pytest.mark.parametrize("test", [True, False])
def test_the_order_of_another_customer_settles_no_execution(rapport, db, test):
    """Of a test execution neither, which makes no order."""
    stored(db, replace(execution(state=State.NEEDS_REVIEW), test=test))
    with db.begin() as tx:
        customers.ensure(tx, ["ben"], NOW)
        items.ensure(tx, ["i1"])
        orders.put_lines(tx, [a_line("bens", customer_id="ben"), a_line("annas", customer_id="anna")], import_id=1)
    rapport("settle", "e1", "--placed", "bens").failed(1, "order 'bens' belongs to another execution or customer")
    assert (standing(db).state, standing(db).order_id) == (State.NEEDS_REVIEW, None)
    assert rapport("settle", "e1", "--placed", "annas").code == 0
