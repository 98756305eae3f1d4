"""Where the ledger and the gateway say different things, from when it was found until it was cleared."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, not_, select, update

from engine.domain.alerts import Difference, DifferenceKind
from engine.domain.executions import Execution, State
from engine.errors import Conflict, NotFound
from engine.store import audit
from engine.store.database import Tx
from engine.store.executions import with_lines
from engine.store.rows import add_missing, paged
from engine.store.tables import compared, executions
from engine.store.tables import differences as table

BY_ITSELF = "reconcile"  # who cleared what was no longer so


def note(tx: Tx, execution_id: str, kind: DifferenceKind, ledger: str, gateway: str, now: datetime) -> None:
    """Write down a difference; one that a person dealt with stays so as long as the gateway says the same."""
    same = and_(table.c.execution_id == execution_id, table.c.kind == kind.value, table.c.gateway == gateway)
    standing = tx.execute(select(table).where(same)).one_or_none()
    seen: dict[str, Any] = {"seen_at": now, "ledger": ledger}
    if standing is None:
        row = {"execution_id": execution_id, "kind": kind.value, "gateway": gateway, "found_at": now}
        tx.execute(insert(table).values(row | seen))
        return
    if standing.cleared_by == BY_ITSELF:
        seen |= {"cleared_at": None, "cleared_by": None}
    tx.execute(update(table).where(table.c.id == standing.id).values(seen))


def cleared(tx: Tx, execution_id: str, kinds: Collection[DifferenceKind], now: datetime) -> int:
    """These kinds are no longer so; answers how many stood open."""
    still = and_(table.c.execution_id == execution_id, table.c.kind.in_([kind.value for kind in kinds]))
    done = update(table).where(still, table.c.cleared_at.is_(None)).values(cleared_at=now, cleared_by=BY_ITSELF)
    return tx.execute(done).rowcount


def close(tx: Tx, id: int, actor: str, note: str, now: datetime) -> Difference:
    """A person has dealt with it.

    Raises
    ------
    NotFound
        for an unknown difference
    Conflict
        where it is cleared already
    """
    row = tx.execute(select(table).where(table.c.id == id)).one_or_none()
    if row is None:
        raise NotFound("difference", str(id))
    still = and_(table.c.id == id, table.c.cleared_at.is_(None))
    done = update(table).where(still).values(cleared_at=now, cleared_by=actor, note=note).returning(table)
    after = tx.execute(done).one_or_none()
    if after is None:
        raise Conflict(f"difference {id} was cleared already, by {row.cleared_by}")
    audit.add(tx, actor, "difference.close", row.execution_id, {"id": id, "kind": row.kind, "note": note}, now)
    return _difference(after)


def page(
    tx: Tx, limit: int, cursor: str | None = None, *, everything: bool = False
) -> tuple[list[Difference], str | None]:
    """Differences that stand, or all ever found, the newest first, and the cursor of what follows."""
    statement = select(table) if everything else select(table).where(table.c.cleared_at.is_(None))
    return paged(tx, statement, table.c.id, limit, cursor, _difference)


def count(tx: Tx) -> int:
    """How many stand."""
    return tx.scalar(select(func.count()).select_from(table).where(table.c.cleared_at.is_(None))) or 0


def uncompared(tx: Tx, states: Collection[State], since: datetime, until: datetime, limit: int) -> list[Execution]:
    """Executions that ended in some states in a stretch of time, of which the gateway was not asked yet."""
    asked = exists().where(compared.c.execution_id == executions.c.execution_id)
    ended = and_(executions.c.state.in_([one.value for one in states]), executions.c.updated_at.between(since, until))
    statement = (
        select(executions).where(ended, not_(asked)).order_by(executions.c.updated_at, executions.c.execution_id)
    )
    return with_lines(tx, tx.execute(statement.limit(limit)))


def asked(tx: Tx, execution_id: str, now: datetime) -> None:
    """The gateway was asked of an ended execution, and answered."""
    add_missing(tx, compared, ["execution_id"], [{"execution_id": execution_id, "at": now}])


def _difference(row: Row[Any]) -> Difference:
    return Difference(**{**row._mapping, "kind": DifferenceKind(row.kind)})
