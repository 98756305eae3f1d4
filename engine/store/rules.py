"""Operators' rules in force."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from engine.store.database import Tx
from engine.store.tables import rules as table


def all(tx: Tx) -> list[Mapping[str, object]]:
    """The rules in force, by id."""
    return list(tx.scalars(select(table.c.document).where(table.c.active).order_by(table.c.rule_id)))
