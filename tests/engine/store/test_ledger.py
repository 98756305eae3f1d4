"""The worker's side of the ledger: what is claimed, behind which fence it is written, and what becomes an order."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import event

from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.domain.shopping import OrderLine
from engine.domain.values import Money
from engine.errors import Conflict
from engine.store import executions, ledger, orders, taking
from engine.store.database import Database
from tests.ledgers import HOUR, NOW, complete, execution, intend, line, standing, stored

LEASE = timedelta(minutes=1)
AT_ONCE = timedelta(0)
PLACED = Answer(result=Result.PLACED, order_id="o1")
UNKNOWN = Answer(result=Result.UNKNOWN, detail="no answer")


def claimed(db: Database, now=NOW, limit: int = 10, lease: timedelta = LEASE, owner: str = "w") -> list[Execution]:
    with db.begin() as tx:
        return [one.execution for one in ledger.claim(tx, owner, now, limit, lease)]


def intended(db: Database, one: Execution, call: Call = Call.PLACE) -> Execution:
    with db.begin() as tx:
        return intend(tx, one, call, NOW)


def completed(
    db: Database, one: Execution, answer: Answer = PLACED, call: Call = Call.PLACE, wait=AT_ONCE
) -> ledger.Completion:
    with db.begin() as tx:
        return complete(tx, one, call, answer, NOW, wait)


def test_what_is_due_is_claimed_the_longest_due_first(db: Database) -> None:
    stored(
        db,
        execution("later", "anna", line(need="a"), due=NOW + HOUR),
        execution("now", "anna", line(need="b"), due=NOW),
        execution("before", "anna", line(need="c"), due=NOW - HOUR, rung=Rung.SILENT),
        execution("asks", "anna", line(need="d"), due=NOW - HOUR, rung=Rung.APPROVE),
        execution("planned", "anna", line(need="e"), due=NOW - HOUR, state=State.PLANNED),
    )
    found = claimed(db)
    assert [one.execution_id for one in found] == ["before", "now"]
    assert [one.fence for one in found] == [1, 1]
    assert claimed(db) == []


def test_one_that_asks_first_is_claimed_once_approved(db: Database) -> None:
    stored(db, execution(rung=Rung.APPROVE, due=NOW + HOUR))
    with db.begin() as tx:
        executions.approve(tx, "e1", "app:anna", NOW)
    assert [one.execution_id for one in claimed(db)] == ["e1"]


def test_one_that_asks_and_is_not_answered_is_left_out(db: Database) -> None:
    stored(db, execution(rung=Rung.APPROVE, due=NOW))
    with db.begin() as tx:
        assert [one.execution_id for one in ledger.skip_unanswered(tx, NOW, 10)] == ["e1"]
    assert standing(db).state is State.SKIPPED


def test_many_workers_never_hold_the_same(db: Database) -> None:
    stored(db, *(execution(f"e{n:02}", f"c{n % 7}", line(need=f"n{n}")) for n in range(40)))
    barrier = Barrier(4)

    def work(n: int) -> list[str]:
        barrier.wait()
        return [one.execution_id for _ in range(10) for one in claimed(db, limit=3, owner=f"w{n}")]

    with ThreadPoolExecutor(4) as pool:
        held = [id for ids in pool.map(work, range(4)) for id in ids]
    assert sorted(held) == [f"e{n:02}" for n in range(40)]


def test_a_placed_one_becomes_an_order_of_the_customers(db: Database) -> None:
    stored(db, execution("e1", "anna", line("beans", cents=499, quantity=2), line("milk", "milk", cents=101)))
    [one] = claimed(db)
    done = completed(db, intended(db, one))
    assert (done.execution.state, done.execution.order_id, done.clash) == (State.PLACED, "o1", False)
    assert replace(standing(db), attempt=1) == done.execution
    with db.read() as tx:
        lines = orders.standing(tx, ["o1"])
        assert orders.columns(tx, own_only=True).items.tolist() == []
        [attempt] = executions.attempts(tx, "e1")
    assert {item: one.amount.minor for (_, item), one in lines.items()} == {"beans": 998, "milk": 101}
    assert (attempt.number, attempt.fence, attempt.call, attempt.result) == (1, 1, Call.PLACE, Result.PLACED)
    assert claimed(db) == []


def test_the_shops_own_import_of_the_order_adds_nothing(db: Database) -> None:
    stored(db, execution())
    completed(db, intended(db, claimed(db)[0]))
    same = OrderLine(
        order_id="o1",
        customer_id="anna",
        ordered_at=NOW,
        item_id="beans",
        quantity=1,
        amount=Money(minor=499, currency="USD"),
    )
    for _ in range(2):
        with db.begin() as tx:
            taking.take(tx, "orders", [same], import_id=orders.new_import(), now=NOW)
    with db.read() as tx:
        assert list(orders.standing(tx, ["o1"]).values()) == [same]
        assert len(orders.columns(tx, own_only=True)) == 0


def test_an_order_the_shop_told_of_first_keeps_its_lines_and_is_known_as_ours(db: Database) -> None:
    stored(db, execution())
    theirs = OrderLine(order_id="o1", customer_id="anna", ordered_at=NOW, item_id="beans", quantity=3)
    with db.begin() as tx:
        taking.take(tx, "orders", [theirs], import_id=orders.new_import(), now=NOW)
    assert not completed(db, intended(db, claimed(db)[0])).clash
    with db.read() as tx:
        assert list(orders.standing(tx, ["o1"]).values()) == [theirs]
        assert len(orders.columns(tx, own_only=True)) == 0


def test_an_order_id_of_another_customer_is_a_clash_and_not_fatal(db: Database) -> None:
    stored(db, execution("e1", "anna"), execution("e2", "bert"))
    first, second = claimed(db)
    assert not completed(db, intended(db, first)).clash
    assert completed(db, intended(db, second)).clash
    assert standing(db, second.execution_id).state is State.PLACED
    with db.read() as tx:
        assert orders.owners(tx, ["o1"]) == {"o1": first.customer_id}


def test_a_stale_fence_writes_nothing(db: Database) -> None:
    stored(db, execution())
    stale = intended(db, claimed(db, lease=AT_ONCE)[0])
    [fresh] = claimed(db, owner="other")
    assert fresh.fence == stale.fence + 1
    before = standing(db)
    for write in (lambda: completed(db, stale), lambda: intended(db, stale), lambda: completed(db, stale, UNKNOWN)):
        with pytest.raises(Conflict):
            write()
    assert standing(db) == before
    with db.read() as tx:
        assert orders.owners(tx, ["o1"]) == {}
        assert [attempt.result for attempt in executions.attempts(tx, "e1")] == [None]
    assert completed(db, intended(db, fresh)).execution.state is State.PLACED


def test_an_unknown_outcome_is_tried_again_when_its_time_comes(db: Database) -> None:
    stored(db, execution())
    completed(db, intended(db, claimed(db)[0]), UNKNOWN, wait=timedelta(seconds=0.3))
    assert standing(db).state is State.PLACING
    assert claimed(db) == []
    time.sleep(0.35)
    [again] = claimed(db)
    assert (again.execution_id, again.fence, again.attempt) == ("e1", 2, 1)
    with db.read() as tx:
        assert [(move.before, move.after) for move in executions.moves(tx, "e1")][1:] == [
            (State.WAITING, State.PLACING)
        ]


def test_one_whose_worker_is_gone_is_taken_over_when_the_lease_ends(db: Database) -> None:
    stored(db, execution())
    intended(db, claimed(db, lease=timedelta(seconds=0.3))[0])
    assert claimed(db) == []
    time.sleep(0.35)
    assert [one.fence for one in claimed(db)] == [2]


def test_leases_do_not_care_for_the_business_clock(db: Database) -> None:
    stored(db, execution())
    intended(db, claimed(db)[0])
    for jump in (-timedelta(days=900), timedelta(days=900)):
        assert claimed(db, now=NOW + jump) == []


@pytest.mark.parametrize(
    ("call", "result", "to"),
    [
        (Call.PLACE, Result.REPEAT, State.PLACED),
        (Call.PLACE, Result.REFUSED, State.REFUSED),
        (Call.LOOK_UP, Result.PLACED, State.PLACED),
        (Call.LOOK_UP, Result.NOT_FOUND, State.FAILED),
        (Call.LOOK_UP, Result.UNKNOWN, State.NEEDS_REVIEW),
    ],
)
def test_where_an_answer_leads(sqlite_db: Database, call: Call, result: Result, to: State) -> None:
    stored(sqlite_db, execution())
    answer = Answer(result=result, order_id="o1" if to is State.PLACED else None, detail="as it is")
    completed(sqlite_db, intended(sqlite_db, claimed(sqlite_db)[0], call), answer, call)
    assert (standing(sqlite_db).state, standing(sqlite_db).reason) == (to, "as it is")
    assert claimed(sqlite_db) == []


def test_a_look_up_settles_what_needs_review(db: Database) -> None:
    stored(db, execution())
    completed(db, intended(db, claimed(db)[0], Call.LOOK_UP), UNKNOWN, Call.LOOK_UP)
    with db.begin() as tx:
        assert ledger.settle(tx, "e1", UNKNOWN, "reconcile", NOW) is None
        assert (
            ledger.settle(tx, "e1", Answer(result=Result.NOT_FOUND), "reconcile", NOW).execution.state is State.FAILED
        )
        assert ledger.settle(tx, "e1", PLACED, "reconcile", NOW).execution.order_id == "o1"
        assert ledger.settle(tx, "e1", PLACED, "reconcile", NOW) is None
    with db.read() as tx:
        assert orders.owners(tx, ["o1"]) == {"o1": "anna"}


def test_veto_and_claim_at_the_same_instant_one_of_them_wins(db: Database) -> None:
    stored(db, *(execution(f"e{n:02}", f"c{n}") for n in range(20)))
    barrier = Barrier(2)

    def sweep() -> Iterator[str]:
        barrier.wait()
        for _ in range(20):
            with db.begin() as tx:
                for one in ledger.claim(tx, "w", NOW, 1, LEASE):
                    intend(tx, one.execution, Call.PLACE, NOW)
                    yield one.execution.execution_id

    def veto() -> Iterator[str]:
        barrier.wait()
        for n in reversed(range(20)):
            try:
                with db.begin() as tx:
                    executions.veto(tx, f"e{n:02}", "app", NOW)
            except Conflict:
                continue
            yield f"e{n:02}"

    with ThreadPoolExecutor(2) as pool:
        placing, vetoed = pool.submit(lambda: list(sweep())), pool.submit(lambda: list(veto()))
        assert sorted(placing.result() + vetoed.result()) == [f"e{n:02}" for n in range(20)]
    for id in vetoed.result():
        assert standing(db, id).state is State.VETOED


def test_a_sweep_reads_along_its_indexes_and_not_through_all_that_waits(sqlite_db: Database) -> None:
    asked: list[tuple[str, object]] = []

    def listen(connection, cursor, statement, parameters, *_) -> None:
        asked.append((statement, parameters))

    with sqlite_db.begin() as tx:
        event.listen(tx, "before_cursor_execute", listen)
        ledger.claim(tx, "w", NOW, 10, LEASE)
        ledger.skip_unanswered(tx, NOW, 10)
        event.remove(tx, "before_cursor_execute", listen)
        looks = [one for one in asked if "FROM executions" in one[0]]
        plans = [" ".join(row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", by)) for sql, by in looks]
    assert len(plans) == 3
    assert "ix_executions_state_due_id (state=?)" in plans[0]
    assert "ix_executions_state_due_id (state=? AND due_at<?)" in plans[1]
    assert "ix_executions_unanswered (rung=? AND state=? AND due_at<?)" in plans[2]
    assert not any("TEMP B-TREE" in plan for plan in plans), plans
