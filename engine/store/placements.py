"""Operators' placements as they are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, func, select

from engine.domain.placements import Placement, PlacementKind
from engine.store.database import Tx
from engine.store.rows import replace_rows
from engine.store.tables import placements as table


def all(tx: Tx) -> tuple[Placement, ...]:
    """Every placement, by id."""
    return tuple(_placement(row) for row in tx.execute(select(table).order_by(table.c.placement_id)))


def get(tx: Tx, placement_id: str) -> Placement | None:
    """The placement of this id, if there is one."""
    row = tx.execute(select(table).where(table.c.placement_id == placement_id)).one_or_none()
    return _placement(row) if row else None


def put(tx: Tx, placement: Placement) -> Placement:
    """Keep a placement, in place of what stood under its id; answers it with its version, from 1."""
    standing = get(tx, placement.placement_id)
    kept = replace(placement, version=1 if standing is None else standing.version + 1)
    replace_rows(tx, table, ["placement_id"], [_row(kept)])
    return kept


def remove(tx: Tx, placement_id: str) -> bool:
    """Take a placement away; answers whether there was one."""
    return tx.execute(delete(table).where(table.c.placement_id == placement_id)).rowcount == 1


def count(tx: Tx) -> int:
    """How many placements there are."""
    return tx.scalar(select(func.count()).select_from(table)) or 0


def _row(placement: Placement) -> dict[str, Any]:
    return {
        "placement_id": placement.placement_id,
        "kind": placement.kind.value,
        "condition": placement.condition,
        "items": list(placement.items),
        "factor": placement.factor,
        "position": placement.position,
        "touchpoints": list(placement.touchpoints),
        "starts_at": placement.starts_at,
        "ends_at": placement.ends_at,
        "author": placement.author,
        "version": placement.version,
        "updated_at": placement.updated_at,
    }


def _placement(row: Row[Any]) -> Placement:
    values = dict(row._mapping)
    return Placement(
        **{
            **values,
            "kind": PlacementKind(row.kind),
            "items": tuple(values["items"]),
            "touchpoints": tuple(row.touchpoints),
        }
    )
