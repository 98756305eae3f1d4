"""What is known of trained models; the models themselves are files, see ``artifacts``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select

from engine.store.database import Tx
from engine.store.tables import model_artifacts as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """One training and what came of it."""

    model_id: str
    created_at: datetime
    as_of: datetime
    published: bool
    reason: str  # why it was published or refused
    metrics: Mapping[str, object]


def add(tx: Tx, trained: Trained) -> None:
    """Write down a training."""
    tx.execute(insert(table), [asdict(trained)])


def all(tx: Tx) -> list[Trained]:
    """All trainings, newest first."""
    rows = tx.execute(select(table).order_by(table.c.created_at.desc(), table.c.model_id))
    return [Trained(**row._mapping) for row in rows]


def get(tx: Tx, model_id: str) -> Trained | None:
    """The training of this id, if there is one."""
    row = tx.execute(select(table).where(table.c.model_id == model_id)).one_or_none()
    return Trained(**row._mapping) if row else None
