"""Several gateways: each order goes to its own, when it is placed, when it is tried again, when it is looked up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from engine.domain.executions import Call, Execution, State
from engine.domain.gateways import NamedGateway, Terms
from engine.store import executions, gateways, tables
from engine.store.database import Database
from jobs import gateways as kinds
from jobs import reconcile, worker
from jobs.gateways import Choice
from jobs.scheduler import JOBS, Shop, run_now
from jobs.sweep import Sweep
from tests.api.conftest import settings_at
from tests.fakes import FakeGateway
from tests.ledgers import HOUR, NOW, standing
from tests.stories.test_kill_worker import automated

QUICK = Terms(timeout=timedelta(seconds=1), first_retry=timedelta(0))
URL = "https://shop.example/orders"


def named(db: Database, name: str, url: str = URL) -> NamedGateway:
    """An operator adds a gateway."""
    with db.begin() as tx:
        return gateways.put(tx, NamedGateway(name=name, url=url, author="operator:o", updated_at=NOW))


def at(db: Database, execution_id: str, name: str | None) -> None:
    """Let an execution be placed at a gateway."""
    with db.begin() as tx:
        where = tables.executions.c.execution_id == execution_id
        tx.execute(tables.executions.update().where(where).values(gateway=name))


class Place:
    """Three customers' orders: at the default gateway, at one that operators added, and at one that is not there."""

    def __init__(self, db: Database, home) -> None:
        self.db, self.default, self.other = db, FakeGateway(), FakeGateway()
        automated(db, ["anna", "ben", "cleo"])
        row = named(db, "fresh")
        at(db, "e-ben", "fresh")
        at(db, "e-cleo", "gone")
        choice = Choice(gateway=self.other, terms=QUICK, name="fresh", revision=row.revision)
        self.shop = Shop(
            db=db, settings=settings_at(home), gateway=self.default, terms=QUICK, named=lambda: [choice], owner="w"
        )

    def sweep(self) -> dict[str, int]:
        """Everything that is due."""
        return dict(run_now(self.shop, "sweep", NOW))

    def all(self, *ids: str) -> list[Execution]:
        return [standing(self.db, f"e-{id}") for id in ids or ("anna", "ben", "cleo")]


@pytest.fixture
def place(db: Database, tmp_path) -> Place:
    return Place(db, tmp_path / "home")


def test_each_order_is_placed_at_its_own_gateway(place: Place) -> None:
    assert place.sweep() == {"placed": 2}
    assert list(place.default.orders) == ["e-anna"]
    assert list(place.other.orders) == ["e-ben"]
    assert [one.state for one in place.all()] == [State.PLACED, State.PLACED, State.WAITING]
    with place.db.read() as tx:
        assert gateways.orphans(tx) == 1


def test_a_retry_and_a_look_up_go_where_the_order_was_sent(place: Place) -> None:
    place.other._script.extend(["late", "fail"])
    place.sweep()
    assert standing(place.db, "e-ben").state in (State.PLACING, State.PLACED)
    while standing(place.db, "e-ben").state is State.PLACING:
        place.sweep()
    assert [one.key for one in place.other.placed] == ["e-ben"] * 3
    assert len(place.other.orders) == 1
    found = reconcile.run(place.db, place.default, NOW + HOUR, named={"fresh": place.other})
    assert found["confirmed"] == 2
    assert (place.default.looked_up, place.other.looked_up) == (["e-anna"], ["e-ben"])


def test_what_is_not_known_is_never_looked_up_at_another_gateway(place: Place) -> None:
    with place.db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET state = 'needs_review', updated_at = created_at")
    found = reconcile.run(place.db, place.default, NOW + HOUR)
    assert found["found_failed"] == 1
    assert place.default.looked_up == ["e-anna"]
    assert [one.state for one in place.all()] == [State.FAILED, State.NEEDS_REVIEW, State.NEEDS_REVIEW]


def test_a_sweep_whose_gateway_was_changed_meanwhile_places_nothing(place: Place) -> None:
    named(place.db, "fresh", "https://other.example/orders")
    assert place.sweep() == {"placed": 1}
    assert place.other.placed == []
    assert standing(place.db, "e-ben").state is State.WAITING


def test_one_that_hangs_holds_up_nobody_else(place: Place) -> None:
    let_go = Event()
    place.other._before = lambda _: let_go.wait(20)
    scheduler = worker.clock(place.shop)
    for job in scheduler.get_jobs():
        if job.id in JOBS and job.id != "sweep":
            scheduler.remove_job(job.id)
    scheduler.start()
    try:
        for _ in range(200):
            if place.other.placed or standing(place.db, "e-anna").state is State.PLACED:
                break
            let_go.wait(0.1)
        assert standing(place.db, "e-anna").state is State.PLACED
        assert standing(place.db, "e-ben").state is not State.PLACED
    finally:
        let_go.set()
        scheduler.shutdown()


def test_gateways_are_made_anew_only_where_they_changed(db: Database) -> None:
    first, other = named(db, "fresh"), named(db, "other")
    assert (first.revision, len(first.revision)) != (other.revision, 0)
    known = kinds.Named(db)
    before = {choice.name: choice for choice in known.all()}
    named(db, "other")
    after = {choice.name: choice for choice in known.all()}
    assert after["fresh"] is before["fresh"]
    assert after["other"].gateway is not before["other"].gateway
    with db.begin() as tx:
        gateways.remove(tx, "fresh", NOW)
    assert [choice.name for choice in known.all()] == ["other"]


# What gateways declare of themselves


def swept(place: Place, terms: Terms) -> Execution:
    """Sweep once for the default gateway, under its terms."""
    shop = place.shop
    sweep = Sweep(db=place.db, gateway=place.default, settings=shop.settings, clock=lambda: NOW, owner="w", terms=terms)
    sweep.run()
    return standing(place.db, "e-anna")


def older(db: Database, by: timedelta) -> None:
    """Let the first call have been longer ago."""
    with db.begin() as tx:
        table = tables.executions
        first = tx.execute(table.select().where(table.c.execution_id == "e-anna")).one().first_call_at
        tx.execute(table.update().where(table.c.execution_id == "e-anna").values(first_call_at=first - by))


SLOW = replace(QUICK, first_retry=timedelta(hours=1))  # so that each sweep is one attempt


def again(db: Database) -> None:
    """Let the retry have come."""
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL")


def test_a_key_within_its_life_is_used_again_then_it_is_looked_up(place: Place) -> None:
    place.default._script.extend(["fail"] * 2)
    for _ in range(2):
        assert swept(place, SLOW).state is State.PLACING
        again(place.db)
    older(place.db, timedelta(hours=24))
    assert swept(place, SLOW).state is State.FAILED
    with place.db.read() as tx:
        assert [one.call for one in executions.attempts(tx, "e-anna")] == [Call.PLACE, Call.PLACE, Call.LOOK_UP]
    assert {one.key for one in place.default.placed} == {"e-anna"}
    assert place.default.looked_up == ["e-anna"]


def test_a_short_key_life_is_kept_to(place: Place) -> None:
    place.default._script.append("fail")
    short = replace(SLOW, key_life=timedelta(minutes=10))
    swept(place, short)
    again(place.db)
    older(place.db, timedelta(minutes=10))
    assert swept(place, short).state is State.FAILED
    assert len(place.default.placed) == 1


@pytest.mark.parametrize(
    ("terms", "state", "looked_up"),
    [
        (SLOW, State.REFUSED, 1),
        (replace(SLOW, stores_errors=True), State.REFUSED, 0),
    ],
)
def test_a_stored_refusal_is_final(place: Place, terms: Terms, state: State, looked_up: int) -> None:
    place.default._script.extend(["fail", "out_of_stock"])
    swept(place, terms)
    again(place.db)
    assert swept(place, terms).state is state
    assert len(place.default.looked_up) == looked_up
    again(place.db)
    swept(place, terms)
    assert len(place.default.placed) == 2
