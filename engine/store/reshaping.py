"""Executions that go on otherwise than they were announced: later, in part, as a question, under another id.

All of it is written by the worker that holds the execution, while the gateway was not called for it or has refused it
for good. The key towards the gateway is an execution's id and stands for one order only, so whatever is tried again
after a refusal is a new execution; the cycles of its lines are moved over to it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, update

from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State, total_of
from engine.errors import Conflict
from engine.store.database import Tx
from engine.store.executions import note, put
from engine.store.rows import Values
from engine.store.tables import execution_lines
from engine.store.tables import executions as table

ACTOR = "sweep"
_FREE: Values = {"owner": None, "lease_until": None}


def put_off(tx: Tx, execution: Execution, until: datetime, now: datetime) -> Execution:
    """Let it wait for a time at which it may be placed; when it was expected is kept."""
    later = replace(execution, due_at=until, put_off_from=execution.expected_at, reason="mandate.window")
    said = {"due_at": until, "put_off_from": later.put_off_from, "reason": later.reason, "updated_at": now}
    _change(tx, execution, {**said, **_FREE})
    note(tx, execution.execution_id, State.WAITING, State.WAITING, ACTOR, later.reason, now)
    return later


def keep(
    tx: Tx, execution: Execution, lines: Sequence[ExecutionLine], dropped: Sequence[ExecutionLine], now: datetime
) -> Execution:
    """Let it go on with these lines, which may have another item now, and without the dropped ones."""
    for line in (*lines, *dropped):
        tx.execute(update(execution_lines).where(_row(execution, line)).values(_line(line)))
    before = {line.need: line.item_id for line in execution.lines}
    changed = [line for line in lines if line.item_id != before[line.need]]
    for said in (
        *(f"{line.item_id} instead of {line.instead_of}" for line in changed),
        *(f"without {line.item_id}: {line.dropped}" for line in dropped),
    ):
        note(tx, execution.execution_id, execution.state, execution.state, ACTOR, said, now)
    return replace(execution, lines=tuple(lines), dropped=(*execution.dropped, *dropped), total=total_of(lines))


def ask(tx: Tx, execution: Execution, due_at: datetime, send_at: datetime, now: datetime) -> Execution:
    """Turn it into a question with the lines it has: it is placed once the customer says yes."""
    asked = as_question(execution, due_at, send_at)
    said = {
        "rung": Rung.APPROVE.label,
        "mandate_id": None,
        "certificate_id": None,
        "approved_at": None,
        "put_off_from": None,
        "due_at": due_at,
        "announced_at": send_at,
        "total_minor": asked.total.minor,
        "reason": asked.reason,
        "updated_at": now,
    }
    _change(tx, execution, {**said, **_FREE})
    note(tx, execution.execution_id, State.WAITING, State.WAITING, ACTOR, asked.reason, now)
    return asked


def as_question(execution: Execution, due_at: datetime, send_at: datetime) -> Execution:
    """The execution as one that asks first."""
    return replace(
        execution,
        rung=Rung.APPROVE,
        mandate_id=None,
        certificate_id=None,
        approved_at=None,
        put_off_from=None,
        due_at=due_at,
        announced_at=send_at,
        total=total_of(execution.lines),
        reason="asked",
    )


def part(tx: Tx, execution: Execution, parted: Execution, now: datetime) -> Execution:
    """Let some lines go on apart, as an execution of their own; the other keeps the rest.

    Parameters
    ----------
    parted : with an id of its own and the lines that go with it
    """
    put(tx, replace(parted, lines=()), now, ACTOR)
    for line in parted.lines:
        moved = {"execution_id": parted.execution_id, **_line(line)}
        tx.execute(update(execution_lines).where(_row(execution, line)).values(moved))
    needs = {line.need for line in parted.lines}
    rest = tuple(line for line in execution.lines if line.need not in needs)
    said = f"parted: {parted.execution_id}"
    note(tx, execution.execution_id, execution.state, execution.state, ACTOR, said, now)
    return replace(execution, lines=rest)


def carry_on(tx: Tx, refused: Execution, successor: Execution, now: datetime) -> Execution:
    """Let lines of a refused execution, which placed nothing, go on as a new one of the same cycles.

    The refused one keeps its lines under the name of a cycle that is passed on.
    """
    for line in successor.lines:
        passed_on = f"{line.cycle}~{successor.execution_id[:8]}"
        tx.execute(update(execution_lines).where(_row(refused, line)).values(cycle=passed_on))
    put(tx, successor, now, ACTOR)
    return successor


def _change(tx: Tx, execution: Execution, values: Values) -> None:
    """Change an execution that waits and is held under this fence."""
    mine = and_(table.c.fence == execution.fence, table.c.state == State.WAITING.value)
    done = tx.execute(update(table).where(table.c.execution_id == execution.execution_id, mine).values(dict(values)))
    if done.rowcount != 1:
        raise Conflict(f"execution {execution.execution_id!r} is no longer held under fence {execution.fence}")


def _row(execution: Execution, line: ExecutionLine) -> ColumnElement[bool]:
    """The row of a line, whatever item it has by now."""
    own = execution_lines.c.execution_id == execution.execution_id
    return and_(own, execution_lines.c.need == line.need, execution_lines.c.cycle == line.cycle)


def _line(line: ExecutionLine) -> dict[str, object]:
    return {
        "item_id": line.item_id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price.minor,
        "instead_of": line.instead_of,
        "dropped": line.dropped,
    }
