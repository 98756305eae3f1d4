"""Events as they are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from engine.domain.shopping import IMPRESSION, Event
from engine.store.database import Tx
from engine.store.rows import BATCH, Put, Values, put_many
from engine.store.tables import events as table

MOST = 200  # of one customer that a decision reads


def put(tx: Tx, events: Sequence[Event]) -> list[Put]:
    """Store events whose customers and items are there already; one that is there is replaced."""
    return put_many(tx, table, "event_id", [_row(event) for event in events])


def recent(tx: Tx, customer_ids: Collection[str], since: datetime, until: datetime) -> dict[str, tuple[Event, ...]]:
    """The events of each of those customers in [since, until), newest first: the newest 200 impressions, and the
    newest 200 of all other kinds together, so that what was shown does not crowd out what was done."""
    newest_first = (table.c.occurred_at.desc(), table.c.event_id)
    place = func.row_number().over(
        partition_by=(table.c.customer_id, table.c.kind == IMPRESSION), order_by=newest_first
    )
    lately = select(table, place.label("place")).where(table.c.occurred_at >= since, table.c.occurred_at < until)
    found: dict[str, list[Event]] = {}
    ids = list(dict.fromkeys(customer_ids))
    for start in range(0, len(ids), BATCH):
        ranked = lately.where(table.c.customer_id.in_(ids[start : start + BATCH])).subquery()
        wanted = select(*(ranked.c[column.name] for column in table.c)).where(ranked.c.place <= MOST)
        for row in tx.execute(wanted.order_by(ranked.c.occurred_at.desc(), ranked.c.event_id)):
            found.setdefault(row.customer_id, []).append(_event(row))
    return {id: tuple(events) for id, events in found.items()}


def of_customer(tx: Tx, customer_id: str) -> list[Event]:
    """All events of one customer, oldest first."""
    statement = select(table).where(table.c.customer_id == customer_id).order_by(table.c.occurred_at, table.c.event_id)
    return [_event(row) for row in tx.execute(statement)]


def _row(event: Event) -> Values:
    return {
        "event_id": event.event_id,
        "customer_id": event.customer_id,
        "occurred_at": event.occurred_at,
        "kind": event.kind,
        "touchpoint": event.touchpoint,
        "channel": event.channel,
        "item_id": event.item_id,
        "value": event.value,
        "properties": dict(event.properties),
    }


def _event(row: Row[Any]) -> Event:
    return Event(**row._mapping)
