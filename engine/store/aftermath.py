"""What came after orders: returns, contacts and complaints, and how orders made unasked went wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from engine.domain.decisions import Rung
from engine.domain.signals import Signal
from engine.store.database import Tx
from engine.store.tables import events, execution_lines, executions, orders, signals

PART = 50_000  # rows read at a time
WRONG = (Signal.VETOED, Signal.RETURNED, Signal.COMPLAINED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """One event after an order."""

    customer_id: str
    at: datetime
    kind: str
    item_id: str | None
    value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """One order made unasked that was not wanted; one that was returned and complained of is there twice."""

    execution_id: str
    customer_id: str
    at: datetime  # when that was heard
    rung: Rung
    how: Signal
    item_id: str


def happened(tx: Tx, kinds: Collection[str], before: datetime) -> Sequence[Happened]:
    """Every event of these kinds, in time."""
    one = events.c
    statement = select(one.customer_id, one.occurred_at.label("at"), one.kind, one.item_id, one.value)
    wanted = statement.where(one.kind.in_(kinds), one.occurred_at < before).order_by(one.occurred_at, one.event_id)
    return [Happened(**row) for row in tx.execute(wanted, execution_options={"yield_per": PART}).mappings()]


def wrong(tx: Tx, before: datetime) -> Sequence[Wrong]:
    """Every order made unasked that its customer vetoed, returned or complained of, in the order that was heard."""
    one, line, said = executions.c, execution_lines.c, signals.c
    statement = (
        select(
            one.execution_id, one.customer_id, said.at, one.rung, said.signal, func.min(line.item_id).label("item_id")
        )
        .join_from(executions, signals, said.source == "execution:" + one.execution_id)
        .join(execution_lines, line.execution_id == one.execution_id)
        .where(one.rung.in_([Rung.VETO.label, Rung.SILENT.label]), said.at < before)
        .where(said.signal.in_([signal.value for signal in WRONG]), said.customer_id == one.customer_id)
        .group_by(one.execution_id, one.customer_id, said.at, one.rung, said.signal)
        .order_by(said.at, one.execution_id)
    )
    return [
        Wrong(
            execution_id=row.execution_id,
            customer_id=row.customer_id,
            at=row.at,
            rung=Rung.of(row.rung),
            how=Signal(row.signal),
            item_id=row.item_id,
        )
        for row in tx.execute(statement)
    ]


def known_since(tx: Tx) -> dict[str, datetime]:
    """When each customer first ordered or was first seen."""
    found: dict[str, datetime] = {}
    for table, at in ((orders, orders.c.ordered_at), (events, events.c.occurred_at)):
        for id, first in tx.execute(select(table.c.customer_id, func.min(at)).group_by(table.c.customer_id)):
            found[id] = min(first, found.get(id, first))
    return found
