"""Parameters from a shop's own returns and contacts, where what a return brings is planted."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import yaml

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.domain.executions import State
from engine.domain.shopping import Item
from engine.domain.signals import Heard, Signal
from engine.measure.costs import Amount
from engine.store import consents, customers, events, items, signals
from engine.store.database import Database
from jobs import fitting
from jobs.fitting import Costs, Fitted
from modes import parameters
from modes.policy import Policy
from tests.builders import an_event
from tests.ledgers import NOW, execution, line, stored

SETTINGS = Settings.from_env({})
ITEMS = (
    Item(item_id="beans", family="coffee", category=("DRINKS", "COFFEE")),
    Item(item_id="soap", family="soap", category=("HOME",)),
)
BRINGS = {"beans": 1.5, "soap": 0.3}  # contacts after a return
SILENT = 40  # customers who did not let their events be looked at


def filled(db: Database, people: int = 150) -> None:
    """A year in which everybody sends something back now and then, and calls for it and for other things."""
    rng = np.random.default_rng(11)
    ids = [f"c{n}" for n in range(people + SILENT)]
    made = []

    def happened(id: str, kind: str, day: float, item: str | None = None) -> None:
        at = NOW - timedelta(days=365) + timedelta(days=day)
        made.append(an_event(f"e{len(made)}", customer_id=id, kind=kind, occurred_at=at, item_id=item, channel=None))

    for id in ids[:people]:
        happened(id, "view", 0.0)
        for item, brings in BRINGS.items():
            for day in rng.uniform(0, 350, rng.poisson(0.7)):
                happened(id, "return", day, item)
                for _ in range(rng.poisson(brings)):
                    happened(id, "contact", day + rng.uniform(0, 13))
        for day in rng.uniform(0, 365, rng.poisson(2)):
            happened(id, "complaint", day)
    for id in ids[people:]:
        for day in range(10, 300, 10):
            happened(id, "return", day, "beans")
    with db.begin() as tx:
        customers.ensure(tx, ids, NOW)
        items.put(tx, ITEMS)
        events.put(tx, made)
        for id in ids[:people]:
            consents.put(tx, id, [_granted(Purpose.BEHAVIOUR)])


def _granted(purpose: Purpose) -> Consent:
    return Consent(purpose=purpose, state=Grant.GRANTED, at=NOW - timedelta(days=400), wording="1", source="test")


def went_wrong(db: Database, vetoed: int, returned: int) -> None:
    """Announced orders of beans that nobody wanted."""
    states = [State.VETOED] * vetoed + [State.RETURNED] * returned
    stored(db, *(execution(f"x{n}", f"c{n}", line(need="coffee"), state=one) for n, one in enumerate(states)))
    with db.begin() as tx:
        for n, one in enumerate(states):
            said = Signal.VETOED if one is State.VETOED else Signal.RETURNED
            heard = Heard(signal=said, at=NOW - timedelta(days=40), need="coffee", source=f"execution:x{n}")
            signals.add(tx, {f"c{n}": [heard]})


def found_of(found: list[Fitted], category: str, parameter: str) -> Amount | NotEstimable:
    (one,) = [one.found for one in found if (one.category, one.parameter) == (category, parameter)]
    return one


def test_what_a_return_brings_is_found_in_each_category(db: Database) -> None:
    filled(db)
    went_wrong(db, vetoed=30, returned=10)
    found = fitting.run(db, SETTINGS, Costs(contact=2.0, sent_back=1.0), NOW)
    for category, item in (("DRINKS", "beans"), ("HOME", "soap")):
        one = found_of(found, category, "wrong.silent")
        assert one.low <= 1.0 + 2.0 * BRINGS[item] <= one.high
        assert one.n > 60
    shop = found_of(found, "", "wrong.silent")
    assert (
        found_of(found, "HOME", "wrong.silent").estimate
        < shop.estimate
        < found_of(found, "DRINKS", "wrong.silent").estimate
    )
    announced = found_of(found, "DRINKS", "wrong.veto")
    silent = found_of(found, "DRINKS", "wrong.silent")
    assert announced.estimate == pytest.approx(0.75 * 0.4 + 0.25 * silent.estimate)
    assert (announced.n, announced.customers) == (40, 40)
    assert announced.low < announced.estimate < announced.high


def test_what_cannot_be_known_says_what_it_would_take(sqlite_db: Database) -> None:
    nothing = fitting.run(sqlite_db, SETTINGS, Costs(contact=2.0), NOW)
    assert {one.category for one in nothing} == {""}
    assert all(isinstance(one.found, NotEstimable) for one in nothing)
    filled(sqlite_db)
    unpriced = fitting.run(sqlite_db, SETTINGS, Costs(), NOW)
    assert found_of(unpriced, "", "wrong.silent").needed == "--contact-cost"
    priced = fitting.run(sqlite_db, SETTINGS, Costs(contact=2.0), NOW)
    assert "announced orders" in found_of(priced, "", "wrong.veto").reason
    assert "trial" in found_of(priced, "", "wrong.approve").needed
    assert "0 cases" in found_of(priced, "", "out_of_stock").reason


def test_who_did_not_let_events_be_looked_at_is_not_in_it(sqlite_db: Database) -> None:
    filled(sqlite_db)
    one = found_of(fitting.run(sqlite_db, SETTINGS, Costs(contact=2.0), NOW), "DRINKS", "wrong.silent")
    assert one.n < 150 < SILENT * 29


def test_a_proposal_changes_what_was_found_and_nothing_else() -> None:
    cost = Amount(estimate=2.5, low=2, high=3, n=40, customers=30, se=0.2)
    unknown = NotEstimable(reason="", needed="")
    found = [
        Fitted(category="", parameter="wrong.silent", found=cost, in_force=4.0),
        Fitted(category="", parameter="wrong.veto", found=unknown, in_force=1.3),
        Fitted(category="A > B", parameter="out_of_stock", found=cost.times(-1), in_force=0.3),
    ]
    policy = fitting.proposed(Policy(messages=5), found)
    assert (policy.worth.wrong[Rung.SILENT], policy.worth.wrong[Rung.VETO], policy.messages) == (2.5, 1.3, 5)
    assert policy.worth_of(("A", "B")).out_of_stock == 0.0
    assert policy.worth_of(("A",)).out_of_stock == 0.3
    text = fitting.written(policy, Costs(contact=2.0), NOW)
    again = parameters.read(text, "proposed.yaml")
    assert again.worth.wrong == policy.worth.wrong
    assert yaml.safe_load(text)["categories"]["A > B"]["out_of_stock"] == 0.0
