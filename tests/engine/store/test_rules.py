"""Rules as they are kept: which version holds when, and what failed when deciding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.domain.house import House
from engine.domain.rules import Cap, Every, Forbid, Per, Rule, Version
from engine.errors import Conflict
from engine.store import decided, house, rules
from engine.store.database import Database
from engine.store.decided import Made
from modes.document import document
from tests.ledgers import NOW, execution, stored
from tests.modes.shop import decided as a_decision

DAY = timedelta(days=1)


def kept(db: Database, rule: Rule | None, replaces: int = 0, approved: bool = True, rule_id: str = "r1") -> Version:
    """Keep a version."""
    made = Version(rule_id=rule_id, version=0, rule=rule, author="op", why="", created_at=NOW)
    with db.begin() as tx:
        return rules.add(tx, replace(made, approved_by="op", approved_at=NOW) if approved else made, replaces)


def a_rule(when: str = "true", **given) -> Rule:
    """A rule that forbids."""
    return Rule(**{"rule_id": "r1", "when": when, "effect": Forbid(), **given})


def holding(db: Database, now=NOW) -> list[tuple[int, str]]:
    """Which version of the rule holds, and what it says."""
    with db.read() as tx:
        found = rules.in_force(tx, now)
        assert list(found) == [one for one in (rules.ruling(rules.versions(tx, "r1"), now),) if one is not None]
    return [(one.version, one.when) for one in found]


def test_the_newest_version_that_was_approved_and_has_begun_holds(db: Database) -> None:
    assert holding(db) == []
    kept(db, a_rule("price > 1.0"))
    kept(db, a_rule("price > 2.0", starts_at=NOW + DAY), 1)
    kept(db, a_rule("price > 3.0"), 2, approved=False)
    assert holding(db) == [(1, "price > 1.0")]
    assert holding(db, NOW + DAY) == [(2, "price > 2.0")]
    with db.begin() as tx:
        rules.approve(tx, "r1", 3, "other", NOW)
    assert holding(db) == [(3, "price > 3.0")]
    kept(db, a_rule("price > 4.0", ends_at=NOW + DAY), 3)
    assert holding(db) == [(4, "price > 4.0")]
    assert holding(db, NOW + DAY) == []
    kept(db, None, 4)
    assert holding(db) == []


@pytest.mark.parametrize("replaces", [0, 2, 7])
def test_a_version_replaces_the_newest_one(db: Database, replaces: int) -> None:
    kept(db, a_rule())
    with pytest.raises(Conflict):
        kept(db, a_rule("price > 2.0"), replaces)
    assert holding(db) == [(1, "true")]


def test_rules_that_failed_when_deciding_are_counted(db: Database) -> None:
    failing = House(rules=(replace(a_rule("1 / 0 == 1"), version=4),))
    for number in range(2):
        decision = replace(a_decision(house=failing), decision_id=f"d{number}")
        with db.begin() as tx:
            made = Made(decision=decision, deeds=(), document=lambda _, one=decision: document(one))
            decided.keep(tx, [made], "api", NOW)
    with db.read() as tx:
        (failure,) = rules.failures(tx)
    assert (failure.rule_id, failure.version, failure.count, failure.last_at) == ("r1", 4, 2, NOW)


def test_what_is_promised_counts_when_deciding_and_not_when_placing(db: Database) -> None:
    cap = a_rule(effect=Cap(count=5, per=(Per.CUSTOMER,), every=Every.WEEK))
    kept(db, cap)
    one = a_decision(house=House(rules=(cap,))).experiences[0].execution
    stored(db, replace(execution(customer="c1"), counted=one.counted), execution("e2", "c2"))
    with db.begin() as tx:
        promised = house.read(tx, NOW, customers=["c1", "c2"]).uses
        assert [(key, use.count, use.minor) for key, (use,) in promised.items()] == [(("r1", "customer=c1"), 1, 500)]
        assert house.read(tx, NOW, customers=["c2"]).uses == {}
        assert house.read(tx, NOW, customers=["c1"], placing=True).uses == {}
        assert house.read(tx, NOW + 7 * DAY, customers=["c1"]).uses == {}
