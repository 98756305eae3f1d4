"""What was heard of customers, as it is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select

from engine.domain.decisions import Rung
from engine.domain.signals import Heard, Signal
from engine.store.database import Tx
from engine.store.rows import add_missing, by_ids
from engine.store.tables import customers, reviews
from engine.store.tables import signals as table

SHADOWS = (Signal.SHADOW_RIGHT, Signal.SHADOW_WRONG)
KEY = ("customer_id", "source", "signal", "need")
ROWS = 5_000  # written at once


def add(tx: Tx, heard: Mapping[str, Sequence[Heard]]) -> None:
    """Keep what was heard of customers; what a source said before teaches nothing twice."""
    rows = [_row(id, one) for id, several in heard.items() for one in several]
    for start in range(0, len(rows), ROWS):
        add_missing(tx, table, KEY, rows[start : start + ROWS])


def of_customers(tx: Tx, customer_ids: Collection[str], before: datetime) -> dict[str, tuple[Heard, ...]]:
    """What was heard of each before an instant, the oldest first; shadows only those since the latest review."""
    fresh = or_(reviews.c.reviewed_at.is_(None), table.c.at >= reviews.c.reviewed_at)
    wanted = (
        select(table)
        .join(reviews, reviews.c.customer_id == table.c.customer_id, isouter=True)
        .where(table.c.at <= before, or_(table.c.signal.not_in([one.value for one in SHADOWS]), fresh))
    )
    return _by_customer(by_ids(tx, wanted, table.c.customer_id, customer_ids))


def all_of(tx: Tx, customer_ids: Collection[str], before: datetime) -> dict[str, tuple[Heard, ...]]:
    """The same with every shadow."""
    return _by_customer(by_ids(tx, select(table).where(table.c.at <= before), table.c.customer_id, customer_ids))


def without_any(tx: Tx) -> set[str]:
    """The customers of whom nothing was ever heard."""
    return set(tx.scalars(select(customers.c.customer_id))) - set(tx.scalars(select(table.c.customer_id).distinct()))


def _by_customer(rows: Any) -> dict[str, tuple[Heard, ...]]:
    found: dict[str, list[tuple[datetime, int, Heard]]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append((row.at, row.id, _heard(row)))
    return {id: tuple(one for *_, one in sorted(several, key=lambda each: each[:2])) for id, several in found.items()}


def _row(customer_id: str, heard: Heard) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "source": heard.source,
        "signal": heard.signal.value,
        "need": heard.need or "",
        "rung": None if heard.rung is None else heard.rung.label,
        "probability": heard.probability,
        "at": heard.at,
    }


def _heard(row: Row[Any]) -> Heard:
    return Heard(
        signal=Signal(row.signal),
        at=row.at,
        need=row.need or None,
        rung=None if row.rung is None else Rung.of(row.rung),
        probability=row.probability,
        source=row.source,
    )
