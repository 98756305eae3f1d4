"""Executions for tests: made with few words, stored for customers that are made on the way."""

from datetime import UTC, datetime, timedelta

from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Execution, ExecutionLine, State, total_of
from engine.domain.values import Money
from engine.errors import Conflict
from engine.store import customers, executions, ledger
from engine.store.database import Database, Tx

NOW = datetime(2017, 12, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def line(
    item: str = "beans", need: str = "coffee", cycle: str = "1", cents: int = 499, quantity: int = 1
) -> ExecutionLine:
    """One line of an execution."""
    price = Money(minor=cents, currency="USD")
    return ExecutionLine(item_id=item, need=need, cycle=cycle, quantity=quantity, unit_price=price)


def execution(
    id: str = "e1",
    customer: str = "anna",
    *lines: ExecutionLine,
    state: State = State.WAITING,
    rung: Rung = Rung.VETO,
    due: datetime = NOW,
    mandate: str | None = None,
) -> Execution:
    """An execution as planning makes it: announced, waiting, due now."""
    lines = lines or (line(),)
    return Execution(
        execution_id=id,
        customer_id=customer,
        state=state,
        rung=rung,
        lines=lines,
        total=total_of(lines),
        mandate_id=mandate,
        due_at=due,
        created_at=NOW - 2 * HOUR,
    )


def stored(db: Database, *some: Execution) -> None:
    """Keep executions, with their customers."""
    with db.begin() as tx:
        customers.ensure(tx, [one.customer_id for one in some], NOW)
        for one in some:
            assert executions.add(tx, one, NOW - 2 * HOUR) is not None


def standing(db: Database, id: str = "e1") -> Execution:
    """The execution as it is kept."""
    with db.read() as tx:
        found = executions.get(tx, id)
    assert found is not None
    return found


def intend(tx: Tx, one: Execution, call: Call, now: datetime) -> Execution:
    """Write down that the gateway is about to be called for one."""
    return ledger.intend_all(tx, [(one, call)], now)[0]


def complete(
    tx: Tx, one: Execution, call: Call, answer: Answer, now: datetime, retry_in: timedelta
) -> ledger.Completion:
    """Write down what the gateway said of one; Conflict where it is no longer ours."""
    said = ledger.Answered(execution=one, call=call, answer=answer, retry_in=retry_in)
    [done] = ledger.complete_all(tx, [said], now)
    if done is None:
        raise Conflict(f"{one.execution_id!r} is held by somebody else")
    return done
