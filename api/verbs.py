"""What a customer does with an order before it is placed, whether they ask over the API or tap a link."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from api.service import service
from engine.domain.executions import Execution, ExecutionLine
from engine.errors import Conflict
from engine.store import changing, executions, items
from engine.store.database import Tx
from modes import changes, explain


def swap(tx: Tx, execution_id: str, item_id: str, instead_of: str | None, actor: str, now: datetime) -> Execution:
    """Have another item of the signed list instead, at its price of today.

    Raises
    ------
    InputError
        where it is not on the list
    Conflict
        where what was signed does not carry it, it is not to be had, or it is too late
    """
    before = executions.locked(tx, execution_id)
    line = changes.line_of(before, instead_of, "instead_of")
    context, known = service().context(tx, before.customer_id, now), items.get_many(tx, [item_id])
    wanted = changes.swapped(before, line, item_id, context, now, known)
    said = f"swapped {line.item_id} for {item_id} at {wanted.unit_price}"
    return _changed(tx, before, wanted, actor, said, now)


def change(tx: Tx, execution_id: str, quantity: int, item_id: str | None, actor: str, now: datetime) -> Execution:
    """Have more or fewer of an item, within what was signed; it raises as ``swap`` does."""
    before = executions.locked(tx, execution_id)
    line = changes.line_of(before, item_id, "item_id")
    said = f"{quantity} × {line.item_id} instead of {line.quantity}"
    return _changed(tx, before, replace(line, quantity=quantity), actor, said, now)


def _changed(tx: Tx, before: Execution, line: ExecutionLine, actor: str, said: str, now: datetime) -> Execution:
    context = service().context(tx, before.customer_id, now)
    known = items.get_many(tx, [line.item_id])
    found = changes.objections(before, line, context, now, known)
    if found:
        raise Conflict(" ".join(dict.fromkeys(explain.removal(one.removal()) for one in found)))
    return changing.change(tx, before, changes.with_line(before, line), line, actor, said, now)
