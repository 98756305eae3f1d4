"""What became of decisions, as it is kept."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from engine.domain.decisions import Outcome, OutcomeKind
from engine.store.database import Tx
from engine.store.rows import Put, add_missing
from engine.store.tables import outcomes as table


def add_many(tx: Tx, decision_id: str, said: Sequence[Outcome]) -> list[Put]:
    """Keep outcomes of a stored decision; one that is there already teaches nothing twice."""
    standing, words = set(of_decision(tx, decision_id)), []
    for outcome in said:
        words.append(Put.DUPLICATE if outcome in standing else Put.ACCEPTED)
        standing.add(outcome)
    rows = [
        {"decision_id": decision_id, "item_id": outcome.item_id or "", "kind": outcome.kind.value, "at": outcome.at}
        for outcome in said
    ]
    add_missing(tx, table, ["decision_id", "item_id", "kind", "at"], rows)
    return words


def of_decision(tx: Tx, decision_id: str) -> list[Outcome]:
    """What became of a decision, in the order it was told."""
    rows = tx.execute(select(table).where(table.c.decision_id == decision_id).order_by(table.c.id))
    return [Outcome(item_id=row.item_id or None, kind=OutcomeKind(row.kind), at=row.at) for row in rows]
