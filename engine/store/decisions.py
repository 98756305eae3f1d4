"""Decisions as they were answered, with every rung that was considered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from engine.domain.decisions import Considered, Decision, Experience, Mode, Rung, RungChoice, Showing
from engine.store.database import Tx
from engine.store.rows import by_ids, paged
from engine.store.tables import customers, decision_candidates, decisions

Document = Mapping[str, Any]  # a decision in the words of the wire


def add_many(tx: Tx, made: Sequence[tuple[Decision, Document]], trigger: str) -> None:
    """Keep decisions with the documents they were answered by.

    Parameters
    ----------
    trigger : what asked for them, such as ``api`` or ``plan``
    """
    if not made:
        return
    tx.execute(insert(decisions), [_row(decision, document, trigger) for decision, document in made])
    tx.execute(insert(decision_candidates), [row for decision, _ in made for row in _candidates(decision)])


def get(tx: Tx, decision_id: str) -> tuple[str, Document] | None:
    """The customer's id and the document of a decision, if there is one."""
    statement = select(decisions.c.customer_id, decisions.c.document).where(decisions.c.decision_id == decision_id)
    row = tx.execute(statement).one_or_none()
    return (row.customer_id, row.document) if row else None


def of_customer(tx: Tx, customer_id: str, limit: int, cursor: str | None = None) -> tuple[list[Document], str | None]:
    """The documents of a customer's decisions, newest first, and the cursor of what follows."""
    statement = select(decisions).where(decisions.c.customer_id == customer_id)
    return paged(tx, statement, decisions.c.number, limit, cursor, lambda row: row.document)


def shown(tx: Tx, customer_ids: Collection[str], since: datetime, until: datetime) -> dict[str, tuple[Showing, ...]]:
    """What decisions of [since, until] put before those of the customers who were there, one entry an item and time."""
    statement = select(decisions.c.customer_id, decisions.c.decided_at, decisions.c.shown)
    statement = statement.where(decisions.c.decided_at >= since, decisions.c.decided_at <= until)
    statement = statement.where(decisions.c.touchpoint.is_not(None)).order_by(decisions.c.number)
    found: dict[str, list[Showing]] = {}
    for row in by_ids(tx, statement, decisions.c.customer_id, customer_ids):
        found.setdefault(row.customer_id, []).extend(Showing(item_id=id, at=row.decided_at) for id in row.shown)
    return {id: tuple(showings) for id, showings in found.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """An order that a decision might have made, and did not."""

    decision_id: str
    customer_id: str
    family: str
    decided_at: datetime
    probability: float
    window_days: int


def foreseen(
    tx: Tx, since: datetime, until: datetime, least: float = 0.5, customer_id: str | None = None
) -> list[Foreseen]:
    """What might have been ordered unasked in (since, until], from a probability on, of stored customers or of one."""
    c, d = decision_candidates.c, decisions.c
    statement = (
        select(c.decision_id, d.customer_id, c.family, d.decided_at, c.probability, c.window_days)
        .join_from(decision_candidates, decisions)
        .join(customers, customers.c.customer_id == d.customer_id)
        .where(d.decided_at > since, d.decided_at <= until, c.rung == Rung.VETO.label, c.chosen.is_(False))
        .where(c.window_days.is_not(None), c.family.is_not(None), c.probability >= least)
        .order_by(d.number)
    )
    if customer_id is not None:
        statement = statement.where(d.customer_id == customer_id)
    return [Foreseen(**row._mapping) for row in tx.execute(statement)]


def mode_mix(tx: Tx, since: datetime | None = None) -> Counter[str]:
    """How many decisions led to each mode, from an instant on where one is given."""
    statement = select(decisions.c.mode, func.count()).group_by(decisions.c.mode)
    if since is not None:
        statement = statement.where(decisions.c.decided_at >= since)
    return Counter({row[0]: row[1] for row in tx.execute(statement)})


def decided_for(tx: Tx, trigger: str, since: datetime) -> set[str]:
    """The customers for whom decisions of a trigger were made from an instant on."""
    wanted = select(decisions.c.customer_id).where(decisions.c.trigger == trigger, decisions.c.decided_at >= since)
    return set(tx.scalars(wanted.distinct()))


def count(tx: Tx) -> int:
    """How many decisions are kept."""
    return tx.scalar(select(func.count()).select_from(decisions)) or 0


def _row(decision: Decision, document: Document, trigger: str) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "decided_at": decision.decided_at,
        "model_id": decision.model_id,
        "touchpoint": decision.touchpoint,
        "mode": decision.mode.value,
        "trigger": trigger,
        "document": document,
        "shown": [] if decision.touchpoint is None else _offered(decision),
    }


def _offered(decision: Decision) -> list[str]:
    return list(dict.fromkeys(offer.item_id for one in decision.experiences for offer in one.offers))


def _candidates(decision: Decision) -> list[dict[str, Any]]:
    return [
        _candidate(decision, position, experience, considered, choice)
        for position, experience in enumerate(decision.experiences)
        for considered in experience.considered
        for choice in considered.rungs
    ]


def _candidate(
    decision: Decision, position: int, experience: Experience, considered: Considered, choice: RungChoice
) -> dict[str, Any]:
    removed = choice.removed_by
    return {
        "decision_id": decision.decision_id,
        "position": position,
        "rung": choice.rung.label,
        "family": experience.need.family,
        "chosen": choice.rung is experience.rung,
        "value": choice.value,
        "probability": considered.probability,
        "propensity": choice.propensity,
        "removed_stage": removed.stage.value if removed else None,
        "removed_rule": removed.rule if removed else None,
        "window_days": experience.order_window if considered.mode is Mode.EXECUTE else None,
    }
