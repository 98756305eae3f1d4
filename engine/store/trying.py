"""Orders that an operator makes to see that they arrive: they go all the way, charge nobody and count for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State, total_of
from engine.domain.shopping import Item
from engine.errors import Conflict, InputError
from engine.store import audit, executions
from engine.store.database import Tx


def drafted(customer_id: str, wanted: Mapping[str, int], catalogue: Mapping[str, Item], now: datetime) -> Execution:
    """A test order as it would be made, due at once; whoever makes it has said yes to it.

    Parameters
    ----------
    wanted : item -> how many; each of a family of its own

    Raises
    ------
    InputError
        for an item that is unknown or has no price, for two of one family, or of several currencies
    """
    id = str(uuid4())
    lines = [_line(item_id, quantity, catalogue.get(item_id), f"test:{id}") for item_id, quantity in wanted.items()]
    if len({line.need for line in lines}) < len(lines):
        raise InputError.of("items", "items of families of their own", [line.item_id for line in lines])
    return Execution(
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


def keep(tx: Tx, made: Execution, actor: str, now: datetime) -> Execution:
    """Keep a test order.

    Raises
    ------
    Conflict
        where the customer took back that orders may be made for them
    """
    kept = executions.add(tx, made, now, actor)
    if kept is None:
        raise Conflict(f"customer {made.customer_id!r} took back that orders may be made for them")
    audit.add(tx, actor, "execution.test", made.execution_id, {"customer_id": made.customer_id}, now)
    return kept


def _line(item_id: str, quantity: int, item: Item | None, cycle: str) -> ExecutionLine:
    if item is None or item.price is None:
        raise InputError.of("items", "items that are known and have a price", item_id)
    return ExecutionLine(item_id=item_id, need=item.family, cycle=cycle, quantity=quantity, unit_price=item.price)
