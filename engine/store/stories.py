"""What is kept of one need of one customer, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from engine.domain.decisions import Rung
from engine.domain.stories import Episode, Kind
from engine.store import ladders, signals
from engine.store.database import Tx
from engine.store.tables import decision_candidates, decisions, execution_lines, execution_moves, executions


def of_need(tx: Tx, customer_id: str, need: str, since: datetime, until: datetime) -> list[Episode]:
    """Everything about a need in [since, until], in no order."""
    found = [
        *_decisions(tx, customer_id, need, since, until),
        *_orders(tx, customer_id, need),
        *_signals(tx, customer_id, need, until),
        *_climbs(tx, customer_id, need),
    ]
    return [one for one in found if since <= one.at <= until]


def needs(tx: Tx, customer_id: str, since: datetime) -> list[str]:
    """The needs that anything was decided about from an instant on, by name."""
    log, one = decision_candidates.c, decisions.c
    statement = select(log.family).join_from(decision_candidates, decisions).distinct()
    wanted = statement.where(one.customer_id == customer_id, one.decided_at >= since, log.family.is_not(None))
    return sorted(tx.scalars(wanted))


def _decisions(tx: Tx, customer_id: str, need: str, since: datetime, until: datetime) -> Iterator[Episode]:
    log, one = decision_candidates.c, decisions.c
    statement = (
        select(one.decision_id, one.decided_at, one.document, log.rung, log.position)
        .join_from(decisions, decision_candidates)
        .where(one.customer_id == customer_id, one.decided_at >= since, one.decided_at <= until)
        .where(log.family == need, log.chosen.is_(True))
        .order_by(one.number)
    )
    for row in tx.execute(statement):
        rung = Rung.of(row.rung)
        yield Episode(
            at=row.decided_at,
            kind=Kind.DECISION,
            rung=rung,
            what=rung.mode.value,
            said=row.document["experiences"][row.position]["reason"],
            source=row.decision_id,
        )


def _orders(tx: Tx, customer_id: str, need: str) -> Iterator[Episode]:
    own = select(execution_lines.c.execution_id).where(
        execution_lines.c.customer_id == customer_id, execution_lines.c.need == need
    )
    statement = (
        select(execution_moves, executions.c.rung)
        .join_from(execution_moves, executions, executions.c.execution_id == execution_moves.c.execution_id)
        .where(execution_moves.c.execution_id.in_(own))
        .order_by(execution_moves.c.id)
    )
    for row in tx.execute(statement):
        rung = Rung.of(row.rung)
        yield Episode(at=row.at, kind=Kind.ORDER, rung=rung, what=row.after, said=row.reason, source=row.execution_id)


def _signals(tx: Tx, customer_id: str, need: str, until: datetime) -> Iterator[Episode]:
    for one in signals.all_of(tx, [customer_id], until).get(customer_id, ()):
        if one.need == need:
            yield Episode(at=one.at, kind=Kind.SIGNAL, rung=one.rung, what=one.signal.value, source=one.source)


def _climbs(tx: Tx, customer_id: str, need: str) -> Iterator[Episode]:
    for one in ladders.moves(tx, customer_id):
        if one.need == need:
            said = f"from {one.before.label} to {one.after.label}"
            yield Episode(at=one.at, kind=Kind.LADDER, rung=one.after, what=one.why, said=said)
