"""Who changed what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from engine.store.database import Tx
from engine.store.rows import paged
from engine.store.tables import audit as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One change."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


def add(tx: Tx, actor: str, action: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
    """Write down a change, in the transaction that makes it."""
    row = {"at": now, "actor": actor, "action": action, "subject": subject, "detail": dict(detail)}
    tx.execute(insert(table), [row])


def page(tx: Tx, limit: int, cursor: str | None = None) -> tuple[list[Entry], str | None]:
    """Changes, newest first, and the cursor of what follows."""
    return paged(tx, select(table), table.c.id, limit, cursor, lambda row: Entry(**row._mapping))
