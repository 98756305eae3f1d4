"""Orders that an operator makes to see that they arrive: they go all the way, charge nobody and count for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State, total_of
from engine.errors import Conflict, InputError
from engine.store import audit, executions, items
from engine.store.database import Tx


def make(tx: Tx, customer_id: str, wanted: Mapping[str, int], actor: str, now: datetime) -> Execution:
    """A test order for a customer, due at once; whoever makes it has said yes to it.

    Parameters
    ----------
    wanted : item -> how many; each of a family of its own

    Raises
    ------
    NotFound
        for an unknown customer
    InputError
        for an item that is unknown or has no price, for two of one family, or of several currencies
    Conflict
        where the customer took back that orders may be made for them
    """
    id, known = str(uuid4()), items.get_many(tx, list(wanted))
    lines = []
    for item_id, quantity in wanted.items():
        item = known.get(item_id)
        if item is None or item.price is None:
            raise InputError.of("items", "items that are known and have a price", item_id)
        cycle = f"test:{id}"
        lines.append(
            ExecutionLine(item_id=item_id, need=item.family, cycle=cycle, quantity=quantity, unit_price=item.price)
        )
    made = Execution(
        execution_id=id,
        customer_id=customer_id,
        state=State.WAITING,
        rung=Rung.APPROVE,
        lines=tuple(lines),
        total=total_of(lines),
        due_at=now,
        approved_at=now,
        reason="test",
        test=True,
        created_at=now,
    )
    kept = executions.add(tx, made, now, actor)
    if kept is None:
        raise Conflict(f"customer {customer_id!r} took back that orders may be made for them")
    audit.add(tx, actor, "execution.test", id, {"customer_id": customer_id}, now)
    return kept
