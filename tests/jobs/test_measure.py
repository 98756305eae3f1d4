"""Orders made unasked are judged, and a rung that breaks its promise is shut, seen and opened again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.house import House
from engine.domain.signals import Heard, Signal
from engine.errors import Conflict
from engine.store import audit, house, signals, watches
from engine.store.database import Database
from jobs import doctor, measure
from jobs.scheduler import Shop, run_now
from modes import ordering
from modes.policy import Mask, Policy
from tests.ledgers import NOW, execution, line, stored
from tests.modes.shop import ITEMS, a_context

LATER = NOW + timedelta(days=30)
SETTINGS = Settings.from_env({})


def ordered(db: Database, right: int, wrong: int, rung: Rung = Rung.VETO, begin: int = 0, state=State.RETURNED) -> None:
    """So many orders that were right, then so many that were not; each of another customer."""
    states = [State.KEPT] * right + [state] * wrong
    stored(
        db,
        *(
            execution(f"{rung.label}{n}", f"c{n}", line(need=f"{rung.label}{n}"), state=one, rung=rung)
            for n, one in enumerate(states, begin)
        ),
    )


def shut(db: Database, now=LATER) -> House:
    with db.read() as tx:
        return house.read(tx, now)


def test_a_broken_promise_shuts_its_rung_once_with_its_evidence(db: Database) -> None:
    ordered(db, right=10, wrong=10)
    ordered(db, right=40, wrong=1, rung=Rung.SILENT)
    found = measure.run(db, LATER, SETTINGS)
    assert (found["shut"], found["silent_judged"]) == (1, 41)
    assert shut(db).shut == {Rung.VETO: LATER}
    assert measure.run(db, LATER, SETTINGS)["shut"] == 0
    with db.read() as tx:
        (first,) = [one for one in watches.all(tx) if one.shut_at]
        entries, _ = audit.page(tx, 10)
    assert first.wealth >= 20
    assert (first.promise, first.judged - first.wrong) == (0.9, 10)
    assert first.evidence["states"] == {"kept": 10, "returned": first.wrong}
    assert first.evidence["certificates"] == {"none": {"judged": first.judged, "wrong": first.wrong}}
    assert [(one.action, one.subject) for one in entries] == [("gate.shut", "veto")]


def test_what_is_young_says_nothing_yet(db: Database) -> None:
    """Or vetoes, which come at once, would be looked at before the orders that are kept."""
    ordered(db, right=0, wrong=10)
    assert measure.run(db, NOW + timedelta(days=6), SETTINGS)["shut"] == 0
    assert measure.run(db, NOW + timedelta(days=7), SETTINGS)["shut"] == 1
    assert shut(db, NOW).shut == {}


def test_vetoes_and_complaints_count_and_what_the_shop_stopped_does_not(db: Database) -> None:
    ordered(db, right=0, wrong=12, state=State.VETOED)
    assert measure.run(db, LATER, SETTINGS)["veto_judged"] == 0
    with db.begin() as tx:
        for n in range(8):
            said = Heard(signal=Signal.VETOED, at=NOW, need=f"n{n}", rung=Rung.VETO, source=f"execution:veto{n}")
            signals.add(tx, {f"c{n}": [said]})
    assert measure.run(db, LATER, SETTINGS)["shut"] == 1
    ordered(db, right=8, wrong=0, rung=Rung.SILENT, begin=20)
    with db.begin() as tx:
        for n in range(20, 28):
            said = Heard(signal=Signal.COMPLAINED, at=NOW, need=f"n{n}", source=f"execution:silent{n}")
            signals.add(tx, {f"c{n}": [said]})
    assert measure.run(db, LATER, SETTINGS)["shut"] == 1
    assert set(shut(db).shut) == {Rung.VETO, Rung.SILENT}


def test_an_operator_opens_it_again_and_later_orders_are_watched_anew(db: Database) -> None:
    ordered(db, right=0, wrong=10)
    measure.run(db, LATER, SETTINGS)
    again = LATER + timedelta(hours=1)
    with db.begin() as tx:
        watches.reopen(tx, Rung.VETO, "operator:me", again)
        with pytest.raises(Conflict):
            watches.reopen(tx, Rung.VETO, "operator:me", again)
    assert shut(db, again - timedelta(minutes=1)).shut == {Rung.VETO: LATER}
    assert shut(db, again).shut == {}
    assert measure.run(db, again + timedelta(days=30), SETTINGS) == {"veto_judged": 0, "silent_judged": 0}
    with db.read() as tx:
        newest, oldest = [one for one in watches.all(tx) if one.rung is Rung.VETO]
        entries, _ = audit.page(tx, 10)
    assert (newest.began_at, newest.shut_at) == (LATER, None)
    assert (oldest.reopened_at, oldest.reopened_by) == (again, "operator:me")
    assert [one.action for one in entries] == ["gate.reopen", "gate.shut"]


def test_a_shop_is_held_to_what_it_promises(sqlite_db: Database, tmp_path) -> None:
    ordered(sqlite_db, right=18, wrong=12)
    (tmp_path / "policy.yaml").write_text("promise: 0.5\nworth: {wrong: {veto: 0.1}, trust_margin: 0}")
    lax = Settings.from_env({"RAPPORT_HOME": str(tmp_path)})
    assert measure.run(sqlite_db, LATER, lax) == {"veto_judged": 30, "silent_judged": 0}
    assert measure.run(sqlite_db, LATER, SETTINGS)["shut"] == 1


def test_what_was_announced_before_is_refused_at_placing_and_what_came_after_is_not() -> None:
    items = {item.item_id: item for item in ITEMS}
    waiting = execution("x", "c1", line("i1", cents=500), mandate="m1")
    context, at = a_context(), NOW + timedelta(days=1)

    def rules(one: House, policy: Policy = Policy()) -> list[str]:
        return [said.rule for said in ordering.objections(waiting, context, NOW, items, one, policy)]

    before = rules(House())
    assert rules(House(shut={Rung.VETO: at})) == [*before, "watch.shut"]
    assert rules(House(shut={Rung.VETO: waiting.created_at - timedelta(seconds=1), Rung.SILENT: at})) == before
    assert rules(House(), Policy(masks=(Mask(families=frozenset(["coffee"])),))) == [*before, "mask.coach"]
    assert rules(House(), Policy(masks=(Mask(categories=frozenset(["TEA"])),))) == before


def test_it_is_a_job_and_doctor_tells_of_it(sqlite_db: Database, tmp_path) -> None:
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path), "RAPPORT_NOW": LATER.isoformat()})
    ordered(sqlite_db, right=0, wrong=10)

    def said() -> tuple[bool, str]:
        return next((one.well, one.said) for one in doctor.run(sqlite_db, settings) if one.check == "gate")

    assert said() == (True, "no rung is shut")
    assert run_now(Shop(db=sqlite_db, settings=settings), "measure", LATER)["shut"] == 1
    well, told = said()
    assert not well
    assert told.startswith(f"shut: veto since {LATER}")
    assert "POST /v1/gate/RUNG/reopen" in told
