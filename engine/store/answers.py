"""What a shop that answers later says of orders that are placed: its own id for them, or that it refuses them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from engine.domain.executions import Execution, State
from engine.store import executions, orders
from engine.store.database import Tx
from engine.store.tables import order_lines
from engine.store.tables import orders as table


def accepted(tx: Tx, execution: Execution, order_id: str, actor: str, now: datetime) -> Execution | None:
    """Confirm a placed execution under the shop's own id for its order; None where another customer has that order.

    Where the shop sent the order already, its own lines stay.
    """
    owner = orders.owners(tx, [order_id]).get(order_id)
    if owner not in (None, execution.customer_id):
        return None
    after = executions.move(
        tx, execution.execution_id, [State.PLACED], State.CONFIRMED, actor, execution.reason, now, order_id=order_id
    )
    if owner is None:
        _rename(tx, str(execution.order_id), order_id)
    else:
        _remove(tx, execution)
        tx.execute(update(table).where(table.c.order_id == order_id).values(source="execution"))
    return after


def refused(tx: Tx, execution: Execution, code: str | None, actor: str, now: datetime) -> Execution:
    """Take a placed execution back: the shop does not deliver it, so nothing was bought."""
    _remove(tx, execution)
    return executions.move(tx, execution.execution_id, [State.PLACED], State.REFUSED, actor, code, now, order_id=None)


def _rename(tx: Tx, old: str, new: str) -> None:
    row = tx.execute(select(table).where(table.c.order_id == old)).one_or_none()
    if row is None:
        return
    tx.execute(table.insert().values({**row._mapping, "order_id": new}))
    tx.execute(update(order_lines).where(order_lines.c.order_id == old).values(order_id=new))
    tx.execute(delete(table).where(table.c.order_id == old))


def _remove(tx: Tx, execution: Execution) -> None:
    """Forget the order that was written down for an execution; one of the shop's own stays."""
    ours = select(table.c.order_id).where(
        table.c.order_id == execution.order_id,
        table.c.customer_id == execution.customer_id,
        table.c.source == "execution",
    )
    found = list(tx.scalars(ours))
    tx.execute(delete(order_lines).where(order_lines.c.order_id.in_(found)))
    tx.execute(delete(table).where(table.c.order_id.in_(found)))
