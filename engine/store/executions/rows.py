"""An execution as rows, and rows as an execution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from engine.domain.decisions import Rung
from engine.domain.executions import (
    Execution,
    ExecutionLine,
    State,
)
from engine.domain.values import Money
from engine.store.database import Tx
from engine.store.rows import Values, by_ids
from engine.store.tables import execution_lines as lines_table


def with_lines(tx: Tx, rows: Iterable[Row[Any]]) -> list[Execution]:
    """Executions from their rows, in the same order, their lines in the order of the items."""
    heads = list(rows)
    found: dict[str, list[Row[Any]]] = {row.execution_id: [] for row in heads}
    for line in by_ids(tx, select(lines_table), lines_table.c.execution_id, list(found), often=True):
        found[line.execution_id].append(line)
    return [_execution(row, sorted(found[row.execution_id], key=lambda line: str(line.item_id))) for row in heads]


_PLAIN = (
    *("execution_id", "customer_id", "mandate_id", "certificate_id", "decision_id", "probability", "due_at"),
    *("announced_at", "approved_at", "placed_at", "order_id", "reason", "attempt", "fence", "created_at"),
    *("wording", "put_off_from", "follows", "retries", "test"),
    *("gateway", "threshold"),
    *("deliver_by", "slot"),
)  # kept as they are


def row(execution: Execution, now: datetime) -> Values:
    """What is kept of an execution beside its lines."""
    return {
        "state": execution.state.value,
        "rung": execution.rung.label,
        "currency": execution.total.currency,
        "total_minor": execution.total.minor,
        "updated_at": now,
        **{name: getattr(execution, name) for name in _PLAIN},
    }


def _execution(row: Row[Any], lines: Sequence[Row[Any]]) -> Execution:
    own = [_line(line, row.currency) for line in lines]
    kept = row._mapping
    return Execution(
        state=State(row.state),
        rung=Rung.of(row.rung),
        lines=tuple(line for line in own if line.dropped is None),
        dropped=tuple(line for line in own if line.dropped is not None),
        total=Money(minor=row.total_minor, currency=row.currency),
        **{name: kept[name] for name in _PLAIN},
    )


def line_row(execution: Execution, line: ExecutionLine) -> Values:
    """One line of an execution as it is kept."""
    return {
        "execution_id": execution.execution_id,
        "item_id": line.item_id,
        "customer_id": execution.customer_id,
        "need": line.need,
        "cycle": line.cycle,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price.minor,
        "instead_of": line.instead_of,
        "dropped": line.dropped,
        "probability": line.probability,
    }


def _line(row: Row[Any], currency: str) -> ExecutionLine:
    return ExecutionLine(
        item_id=row.item_id,
        need=row.need,
        cycle=row.cycle,
        quantity=row.quantity,
        unit_price=Money(minor=row.unit_price_minor, currency=currency),
        instead_of=row.instead_of,
        dropped=row.dropped,
        probability=row.probability,
    )
