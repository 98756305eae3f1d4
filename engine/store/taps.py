"""One-tap links as they are kept: by the digests of their tokens, each used once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from engine.domain.taps import Tap, Verb
from engine.store.database import Tx
from engine.store.rows import add_missing, by_ids
from engine.store.tables import taps as table

_KEPT = ("digest", "customer_id", "execution_id", "argument", "expires_at", "used_at")


def add(tx: Tx, taps: Sequence[Tap]) -> set[str]:
    """Keep those that are not there yet; answers the digests of all that are not used."""
    add_missing(tx, table, ("digest",), [_row(tap) for tap in taps])
    found = by_ids(tx, select(table.c.digest, table.c.used_at), table.c.digest, [tap.digest for tap in taps])
    return {row.digest for row in found if row.used_at is None}


def get(tx: Tx, digest: str) -> Tap | None:
    """The one whose token has this digest."""
    row = tx.execute(select(table).where(table.c.digest == digest)).one_or_none()
    return None if row is None else Tap(verb=Verb(row.verb), **{name: row._mapping[name] for name in _KEPT})


def use(tx: Tx, digest: str, now: datetime) -> bool:
    """Use it up; of two who try, one succeeds."""
    unused = update(table).where(table.c.digest == digest, table.c.used_at.is_(None))
    return tx.execute(unused.values(used_at=now)).rowcount == 1


def purge(tx: Tx, before: datetime) -> int:
    """Forget those that expired before an instant."""
    return tx.execute(delete(table).where(table.c.expires_at < before)).rowcount


def _row(tap: Tap) -> dict[str, object]:
    return {**{name: getattr(tap, name) for name in _KEPT}, "verb": tap.verb.value}
