"""API keys and customers' tokens: their digests and scopes, never themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from engine.errors import NotFound
from engine.store.database import Tx
from engine.store.tables import api_keys as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """What is kept of a key."""

    key_id: str
    scope: str  # backend, operator or app
    digest: str  # SHA-256 of the key, or of the token's id
    customer_id: str | None = None  # of an app token
    name: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def add(tx: Tx, key: Key) -> None:
    """Keep a new key."""
    tx.execute(insert(table), [asdict(key)])


def get(tx: Tx, key_id: str) -> Key | None:
    """The key of this id, if there is one."""
    row = tx.execute(select(table).where(table.c.key_id == key_id)).one_or_none()
    return Key(**row._mapping) if row else None


def by_digest(tx: Tx, digest: str) -> Key | None:
    """The key of this digest, if there is one."""
    row = tx.execute(select(table).where(table.c.digest == digest)).one_or_none()
    return Key(**row._mapping) if row else None


def all(tx: Tx) -> list[Key]:
    """All keys ever made, oldest first."""
    return [Key(**row._mapping) for row in tx.execute(select(table).order_by(table.c.created_at, table.c.key_id))]


def revoke(tx: Tx, key_id: str, now: datetime) -> None:
    """End a key; NotFound where there is none of this id."""
    if tx.execute(update(table).where(table.c.key_id == key_id).values(revoked_at=now)).rowcount != 1:
        raise NotFound("key", key_id)
