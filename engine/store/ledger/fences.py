"""Writing that only whoever holds an execution may do, and the lines of its life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, insert, update

from engine.domain.executions import Execution, State
from engine.errors import Conflict
from engine.store.database import Tx
from engine.store.tables import execution_moves
from engine.store.tables import executions as table

ACTOR = "sweep"


def behind_fence(tx: Tx, some: Sequence[Execution], said: Sequence[Mapping[str, Any]], change: Any = None) -> None:
    """Change executions as long as each stands as it was claimed; Conflict where one of them does not."""
    mine = and_(
        table.c.execution_id == bindparam("b_id"),
        table.c.fence == bindparam("b_fence"),
        table.c.state == bindparam("b_state"),
    )
    changed = (update(table) if change is None else change).where(mine)
    rows = [
        {"b_id": one.execution_id, "b_fence": one.fence, "b_state": one.state, **values}
        for one, values in zip(some, said, strict=True)
    ]
    rows.sort(key=lambda row: (sorted(row), row["b_id"]))
    done = [tx.execute(changed, list(alike)).rowcount for _, alike in groupby(rows, key=sorted)]
    if sum(done) != len(rows):
        held = ", ".join(f"{one.execution_id!r} under fence {one.fence}" for one in some[:3])
        raise Conflict(f"no longer held: {held}" + (f", or one of {len(some) - 3} more" if len(some) > 3 else ""))


def step(execution: Execution, before: State, after: State, reason: str | None, at: datetime) -> dict[str, Any]:
    """One move of an execution, as it is written down."""
    said = {"before": before, "after": after, "actor": ACTOR, "reason": reason, "at": at}
    return {"execution_id": execution.execution_id, **said}


def note_all(tx: Tx, steps: Sequence[Mapping[str, Any]]) -> None:
    """Write down steps of the lives of several executions."""
    if steps:
        tx.execute(insert(execution_moves), steps)
