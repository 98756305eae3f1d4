"""The log of decisions as columns: every rung of every need as it stood, and what became of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from engine.store.database import Tx
from engine.store.tables import decision_candidates, decisions, executions

PART = 50_000  # rows read at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """One rung of one need in one decision."""

    decision_id: str
    customer_id: str
    decided_at: datetime
    present: bool  # whether the customer was there
    position: int  # of the need within the decision; 0 leads
    rung: str
    family: str | None
    chosen: bool
    value: float | None
    probability: float | None  # what the rung's mode rests on
    removed_stage: str | None  # what removed the rung first; None: it was open
    removed_rule: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """One execution as it stands."""

    customer_id: str
    rung: str
    state: str
    probability: float | None


def candidates(tx: Tx, since: datetime | None = None) -> Sequence[Logged]:
    """Every rung of every need, in the order of decisions and positions, from an instant on where one is given."""
    log, one = decision_candidates, decisions
    statement = select(
        one.c.decision_id,
        one.c.customer_id,
        one.c.decided_at,
        one.c.touchpoint.is_not(None).label("present"),
        log.c.position,
        log.c.rung,
        log.c.family,
        log.c.chosen,
        log.c.value,
        log.c.probability,
        log.c.removed_stage,
        log.c.removed_rule,
    ).join_from(one, log)
    statement = _since(statement, one.c.decided_at, since).order_by(one.c.number, log.c.position, log.c.rung)
    rows = tx.execute(statement, execution_options={"yield_per": PART})
    return [Logged(**row) for row in rows.mappings()]


def placed(tx: Tx, since: datetime | None = None) -> Sequence[Ordered]:
    """Every execution that was decided from an instant on, in the order they were made."""
    statement = select(executions.c.customer_id, executions.c.rung, executions.c.state, executions.c.probability)
    if since is not None:
        statement = statement.join(decisions, decisions.c.decision_id == executions.c.decision_id)
    statement = _since(statement, decisions.c.decided_at, since).order_by(executions.c.number)
    return [Ordered(**row) for row in tx.execute(statement).mappings()]


def _since(statement: Select[Any], column: Any, since: datetime | None) -> Select[Any]:
    return statement if since is None else statement.where(column >= since)
