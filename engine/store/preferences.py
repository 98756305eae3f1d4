"""What customers prefer, as it is kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, select

from engine.domain.customers import Preferences, QuietHours
from engine.domain.decisions import Rung
from engine.store import hearing
from engine.store.database import Tx
from engine.store.rows import by_ids, replace_rows
from engine.store.tables import preferences as table


def get(tx: Tx, customer_id: str) -> Preferences:
    """What the customer prefers; the defaults where nothing was said."""
    return get_many(tx, [customer_id]).get(customer_id, Preferences())


def get_many(tx: Tx, customer_ids: Collection[str]) -> dict[str, Preferences]:
    """The preferences of those customers who stated any."""
    rows = by_ids(tx, select(table), table.c.customer_id, customer_ids, often=True)
    return {row.customer_id: _preferences(row) for row in rows}


def put(tx: Tx, customer_id: str, stated: Preferences, now: datetime) -> None:
    """Keep what a stored customer prefers, in place of what stood."""
    row = {
        "customer_id": customer_id,
        "ceiling": stated.ceiling.label if stated.ceiling is not None else None,
        "category_ceilings": {name: rung.label for name, rung in stated.category_ceilings.items()},
        "family_ceilings": {name: rung.label for name, rung in stated.family_ceilings.items()},
        "quiet_start": stated.quiet_hours.start.isoformat("minutes"),
        "quiet_end": stated.quiet_hours.end.isoformat("minutes"),
        "channels": list(stated.channels),
        "paused": stated.paused,
        "paused_until": stated.paused_until,
        "updated_at": now,
    }
    hearing.preferences(tx, customer_id, get(tx, customer_id), stated, now)
    replace_rows(tx, table, ["customer_id"], [row])


def _preferences(row: Row[Any]) -> Preferences:
    return Preferences(
        ceiling=Rung.of(row.ceiling) if row.ceiling else None,
        category_ceilings={name: Rung.of(label) for name, label in row.category_ceilings.items()},
        family_ceilings={name: Rung.of(label) for name, label in row.family_ceilings.items()},
        quiet_hours=QuietHours(start=time.fromisoformat(row.quiet_start), end=time.fromisoformat(row.quiet_end)),
        channels=tuple(row.channels),
        paused=row.paused,
        paused_until=row.paused_until,
    )
