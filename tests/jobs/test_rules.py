"""Rules at the instant of placing, against both databases: caps held by several workers, and rules that fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.rules import Cap, Every, Forbid, Gateway, Per, Rule, Version
from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store import consents, executions, items, rules
from engine.store.database import Database
from jobs.sweep import Sweep
from tests.fakes import FakeGateway
from tests.ledgers import NOW, execution, line, standing, stored

SETTINGS = Settings.from_env({"RAPPORT_SECRET_KEY": "a secret for tests that is long enough"})


def usd(cents: int) -> Money:
    """So many cents."""
    return Money(minor=cents, currency="USD")


def in_force(db: Database, effect, when: str = "true", rule_id: str = "r1", now=NOW - timedelta(days=60)) -> None:
    """Keep a rule that holds already."""
    with db.begin() as tx:
        found = rules.versions(tx, rule_id)
        rule = Rule(rule_id=rule_id, when=when, effect=effect)
        kept = Version(rule_id=rule_id, version=0, rule=rule, author="op", why="", created_at=now)
        last = found[0].version if found else 0
        rules.add(tx, replace(kept, approved_by="op", approved_at=now), last)


def waiting(db: Database, *costs: int, customers: int = 1_000, first: int = 0) -> list[str]:
    """Orders the customers said yes to, each of its own need; the items are there at their prices."""
    made = [
        execution(
            f"e{n:03}",
            f"c{n % customers}",
            line(f"i{n}", f"need{n}", cents=cost),
            rung=Rung.APPROVE,
            due=NOW + timedelta(hours=1),
        )
        for n, cost in enumerate(costs, start=first)
    ]
    with db.begin() as tx:
        items.put(tx, [Item(item_id=one.lines[0].item_id, family="f", price=one.lines[0].unit_price) for one in made])
    stored(db, *made)
    with db.begin() as tx:
        for one in made:
            granted = Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW)
            consents.put(tx, one.customer_id, [granted])
            executions.approve(tx, one.execution_id, "app", NOW - timedelta(hours=1))
    return [one.execution_id for one in made]


def swept(db: Database, gateway: FakeGateway, owner: str = "w", now=NOW) -> dict[str, int]:
    """What is due is placed."""
    return dict(Sweep(db=db, gateway=gateway, settings=SETTINGS, clock=lambda: now, owner=owner).run())


def spent(gateway: FakeGateway) -> int:
    """What the orders at the gateway come to, cents."""
    return sum({one.execution_id: one.total.minor for one in gateway.placed}.values())


def test_two_workers_do_not_go_beyond_a_cap_by_one_cent(db: Database):
    in_force(db, Cap(money=usd(1_000)))
    ids = waiting(db, *(99 for _ in range(40)))
    gateway, barrier = FakeGateway(), Barrier(3)

    def work(n: int) -> None:
        barrier.wait()
        swept(db, gateway, f"w{n}")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert spent(gateway) == 990
    states = [standing(db, id) for id in ids]
    assert sum(one.state is State.PLACED for one in states) == 10
    refused = [one for one in states if one.state is State.REFUSED]
    assert len(refused) == 30
    assert {one.reason for one in refused} == {"rule.cap.r1"}


def test_what_a_gateway_refuses_does_not_use_a_cap_up(db: Database):
    in_force(db, Cap(money=usd(500)))
    waiting(db, 300)
    swept(db, FakeGateway(["out_of_stock"]))
    waiting(db, 500, first=1)
    swept(db, FakeGateway())
    assert (standing(db, "e000").state, standing(db, "e001").state) == (State.REFUSED, State.PLACED)


def test_what_may_have_been_placed_uses_a_cap_up(db: Database):
    in_force(db, Cap(money=usd(500)))
    waiting(db, 300)
    swept(db, FakeGateway(["late"]))
    waiting(db, 201, first=1)
    swept(db, FakeGateway())
    assert standing(db, "e001").state is State.REFUSED


def test_a_cap_of_a_day_is_there_again_on_the_next(db: Database):
    in_force(db, Cap(count=1, every=Every.DAY))
    waiting(db, 100, 100)
    gateway = FakeGateway()
    assert swept(db, gateway)["placed"] == 1
    waiting(db, 100, first=2)
    assert swept(db, gateway, now=NOW + timedelta(days=1))["placed"] == 1


def test_a_personal_cap_is_each_customers_own(db: Database):
    in_force(db, Cap(count=1, per=(Per.CUSTOMER,)))
    waiting(db, *(100 for _ in range(9)), customers=3)
    assert swept(db, FakeGateway()) == {"placed": 3, "refused": 6}


def test_a_rule_that_fails_holds_orders_back_and_is_counted(db: Database, capsys):
    in_force(db, Forbid(), "customer.attributes.vip == true")
    waiting(db, 100, 100)
    gateway = FakeGateway()
    assert swept(db, gateway) == {"refused": 2}
    assert gateway.placed == []
    assert standing(db, "e000").reason == "rule.failed.r1"
    with db.read() as tx:
        [failure] = rules.failures(tx)
    assert (failure.rule_id, failure.version, failure.count) == ("r1", 1, 2)
    assert "Key not found" in failure.error
    assert "rule.failed" in "".join(capsys.readouterr())  # wherever the log goes


def test_a_rule_stops_what_was_decided_before_it(db: Database):
    waiting(db, 100, 900)
    in_force(db, Forbid(), "price > 5.0")
    assert swept(db, FakeGateway()) == {"placed": 1, "refused": 1}
    assert standing(db, "e001").reason == "rule.forbid.r1"


def test_a_choice_of_gateway_is_kept_with_the_execution(db: Database):
    stored(db, replace(execution(), gateway="cold", threshold=0.9))
    assert (standing(db).gateway, standing(db).threshold) == ("cold", 0.9)
    in_force(db, Gateway(name="warm"))
    assert standing(db).gateway == "cold"


numbers = count()
lives = st.lists(
    st.tuples(
        st.integers(1, 900),
        st.sampled_from(["well", "well", "late", "out_of_stock", "fail"]),
        st.integers(0, 40),  # hours since the one before
    ),
    min_size=1,
    max_size=8,
)


@given(lives, st.integers(100, 2_000), st.sampled_from([Every.DAY, Every.WEEK, Every.TOTAL]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.long
def test_over_random_histories_no_cent_above_a_cap_reaches_the_gateway(sqlite_template, tmp_path, life, limit, every):
    path = tmp_path / f"{next(numbers)}.db"
    path.write_bytes(sqlite_template.read_bytes())
    db, now, calls = Database.open(f"sqlite:///{path}"), NOW, {}
    in_force(db, Cap(money=usd(limit), every=every))
    for n, (cost, word, hours) in enumerate(life):
        now += timedelta(hours=hours)
        waiting(db, cost, first=n)
        gateway = FakeGateway([word])
        swept(db, gateway, now=now)
        if word != "out_of_stock" and gateway.placed:  # it may be there
            calls[f"e{n:03}"] = (every.begin(now.date()), cost)
        stretches = {begin for begin, _ in calls.values()}
        assert all(sum(cost for begin, cost in calls.values() if begin == one) <= limit for one in stretches)
    db.close()
