"""The customers' inboxes as they are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from engine.domain.nudges import ATTENTION, Nudge, NudgeKind, Response
from engine.errors import NotFound
from engine.store import hearing
from engine.store.database import Tx
from engine.store.rows import by_ids, paged
from engine.store.tables import nudges as table

_NAMES = tuple(one.name for one in fields(Nudge))


def add(tx: Tx, nudges: Sequence[Nudge]) -> None:
    """Put messages into inboxes. Their places in the stream follow the order of delivery, not of writing."""
    if nudges:
        tx.execute(insert(table), [_row(nudge, _place(nudge.send_at) + n) for n, nudge in enumerate(nudges)])


def get(tx: Tx, nudge_id: str) -> Nudge | None:
    """The message of this id, if there is one."""
    row = tx.execute(select(table).where(table.c.nudge_id == nudge_id)).one_or_none()
    return _nudge(row) if row else None


def inbox(
    tx: Tx, customer_id: str, now: datetime, limit: int, cursor: str | None = None
) -> tuple[list[Nudge], str | None]:
    """What has been delivered to the customer by ``now``, newest first, and the cursor of what follows."""
    statement = select(table).where(table.c.customer_id == customer_id, table.c.send_at <= now)
    return paged(tx, statement, table.c.sequence, limit, cursor, _nudge)


def after(tx: Tx, customer_id: str, sequence: int, now: datetime) -> list[Nudge]:
    """What has been delivered to the customer by ``now`` behind a place in the stream, in its order."""
    statement = select(table).where(table.c.customer_id == customer_id, table.c.send_at <= now)
    statement = statement.where(table.c.sequence > sequence).order_by(table.c.sequence)
    return [_nudge(row) for row in tx.execute(statement)]


def delivered(tx: Tx, customer_id: str, after: datetime, until: datetime) -> list[Nudge]:
    """What was delivered to the customer in (after, until], in the order of delivery."""
    statement = select(table).where(table.c.customer_id == customer_id)
    statement = statement.where(table.c.send_at > after, table.c.send_at <= until)
    return [_nudge(row) for row in tx.execute(statement.order_by(table.c.send_at, table.c.sequence))]


def messages(tx: Tx, customer_ids: Collection[str], since: datetime) -> dict[str, tuple[datetime, ...]]:
    """When each of those customers was or will be sent what counts as attention, from ``since`` on."""
    found: dict[str, tuple[datetime, ...]] = {}
    statement = (
        select(table.c.customer_id, table.c.send_at)
        .where(table.c.send_at >= since, table.c.kind.in_([kind.value for kind in ATTENTION]))
        .order_by(table.c.send_at)
    )
    for row in by_ids(tx, statement, table.c.customer_id, customer_ids):
        found[row.customer_id] = (*found.get(row.customer_id, ()), row.send_at)
    return found


def coached(tx: Tx, customer_ids: Collection[str], since: datetime) -> dict[str, dict[str, datetime]]:
    """For each of those customers, when each goal was or will be spoken of last, from ``since`` on."""
    found: dict[str, dict[str, datetime]] = {}
    statement = (
        select(table.c.customer_id, table.c.goal_id, table.c.send_at)
        .where(table.c.send_at >= since, table.c.goal_id.is_not(None))
        .order_by(table.c.send_at)
    )
    for row in by_ids(tx, statement, table.c.customer_id, customer_ids):
        found.setdefault(row.customer_id, {})[row.goal_id] = row.send_at
    return found


def respond(tx: Tx, nudge_id: str, response: Response, now: datetime) -> Nudge:
    """Keep what the customer did with a message; the last word stays."""
    said = update(table).where(table.c.nudge_id == nudge_id).values(response=response.value, responded_at=now)
    tx.execute(said)
    nudge = get(tx, nudge_id)
    if nudge is None:
        raise NotFound("nudge", nudge_id)
    hearing.message(tx, nudge, now)
    return nudge


def of_customer(tx: Tx, customer_id: str) -> list[Nudge]:
    """All messages of the customer, oldest first."""
    statement = select(table).where(table.c.customer_id == customer_id).order_by(table.c.sequence)
    return [_nudge(row) for row in tx.execute(statement)]


def _place(send_at: datetime) -> int:
    """Microseconds since 1970: what is delivered later stands later."""
    return round(send_at.timestamp() * 1_000_000)


def _row(nudge: Nudge, sequence: int) -> dict[str, Any]:
    response = nudge.response.value if nudge.response else None
    plain = {name: getattr(nudge, name) for name in _NAMES}
    return {**plain, "kind": nudge.kind.value, "response": response, "sequence": sequence}


def _nudge(row: Row[Any]) -> Nudge:
    response = Response(row.response) if row.response else None
    return Nudge(**{**row._mapping, "kind": NudgeKind(row.kind), "response": response})
