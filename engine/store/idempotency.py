"""Answers that were given under an Idempotency-Key, so that a repeat gets the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from engine.store.database import Tx
from engine.store.rows import upsert
from engine.store.tables import idempotency as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is kept of a request under a key: its digest, and the answer once there is one."""

    digest: str
    status: int | None  # None: the first request is still at work
    headers: Mapping[str, str]
    body: str


def begin(tx: Tx, key_id: str, key: str, digest: str, customer_id: str | None, now: datetime) -> Reply | None:
    """Claim a key for a request; None where it is the first, else what stands under the key."""
    row = {"key_id": key_id, "key": key, "digest": digest, "customer_id": customer_id, "at": now}
    claim = upsert(tx, table).values(row).on_conflict_do_nothing().returning(table.c.key)
    return None if tx.scalar(claim) is not None else _standing(tx, key_id, key)


def finish(tx: Tx, key_id: str, key: str, reply: Reply) -> None:
    """Keep the answer of a request that had claimed its key."""
    kept = {"status": reply.status, "headers": dict(reply.headers), "body": reply.body}
    tx.execute(update(table).where(table.c.key_id == key_id, table.c.key == key).values(kept))


def release(tx: Tx, key_id: str, key: str) -> None:
    """Forget a claim whose request came to nothing, so that it can be tried again."""
    mine = (table.c.key_id == key_id, table.c.key == key, table.c.status.is_(None))
    tx.execute(delete(table).where(*mine))


def abandon(tx: Tx, key_id: str, key: str, before: datetime) -> None:
    """Forget a claim made before an instant whose request never answered: its process is gone."""
    stale = (table.c.key_id == key_id, table.c.key == key, table.c.status.is_(None), table.c.at < before)
    tx.execute(delete(table).where(*stale))


def purge(tx: Tx, before: datetime) -> int:
    """Forget answers given before an instant; how many."""
    return tx.execute(delete(table).where(table.c.at < before)).rowcount


def _standing(tx: Tx, key_id: str, key: str) -> Reply:
    row = tx.execute(select(table).where(table.c.key_id == key_id, table.c.key == key)).one()
    return Reply(digest=row.digest, status=row.status, headers=row.headers or {}, body=row.body or "")
