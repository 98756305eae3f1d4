"""Alerts as they are kept: one open row a kind and subject, and the messages that tell of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, text, update

from engine.domain.alerts import Alarm, Alert, Message
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.rows import paged, upsert
from engine.store.tables import alert_messages as messages_table
from engine.store.tables import alerts as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """What became of alerts."""

    opened: Sequence[Alert]
    cleared: Sequence[Alert]


def settle(tx: Tx, alarms: Collection[Alarm], now: datetime, *, tell: bool) -> Changed:
    """Open an alert for every alarm that has none, clear those that stand no more, note details that changed.

    Parameters
    ----------
    alarms : everything that is so now
    tell : whether somebody is to be told; then each that opens or clears leaves a message
    """
    standing, wanted = {(one.kind, one.subject): one for one in open_now(tx)}, {one.key: one for one in alarms}
    opened = [alert for key, alarm in wanted.items() if key not in standing and (alert := _open(tx, alarm, now))]
    cleared = [alert for key, one in standing.items() if key not in wanted and (alert := _clear(tx, one, now))]
    for key in wanted.keys() & standing.keys():
        if dict(wanted[key].detail) != dict(standing[key].detail):
            tx.execute(update(table).where(table.c.id == standing[key].id).values(detail=dict(wanted[key].detail)))
    if tell:
        for alert in (*opened, *cleared):
            _to_tell(tx, alert)
    return Changed(opened=opened, cleared=cleared)


def open_now(tx: Tx) -> list[Alert]:
    """The alerts that stand, the oldest first."""
    return [_alert(row) for row in tx.execute(select(table).where(table.c.cleared_at.is_(None)).order_by(table.c.id))]


def counts(tx: Tx) -> dict[str, int]:
    """How many stand, by kind."""
    statement = select(table.c.kind, func.count()).where(table.c.cleared_at.is_(None)).group_by(table.c.kind)
    return {row[0]: row[1] for row in tx.execute(statement)}


def page(
    tx: Tx, limit: int, cursor: str | None = None, *, standing: bool | None = None
) -> tuple[list[Alert], str | None]:
    """Alerts, the newest first, and the cursor of what follows. ``standing``: those that stand, or the others."""
    statement = select(table)
    if standing is not None:
        statement = statement.where(table.c.cleared_at.is_(None) if standing else table.c.cleared_at.is_not(None))
    return paged(tx, statement, table.c.id, limit, cursor, _alert)


def take_message(tx: Tx, lease: timedelta) -> Message | None:
    """The message that has been due longest, which is then due again only after the lease; None where none is due."""
    at = clock(tx)
    due = and_(messages_table.c.ended_at.is_(None), messages_table.c.next_at <= at)
    ordered = select(messages_table).where(due).order_by(messages_table.c.next_at, messages_table.c.message_id)
    row = tx.execute(ordered.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    held = {"attempts": row.attempts + 1, "next_at": at + lease}
    tx.execute(update(messages_table).where(messages_table.c.message_id == row.message_id).values(held))
    return Message(message_id=row.message_id, document=row.document, attempts=row.attempts + 1)


def told(tx: Tx, message: Message) -> None:
    """It was delivered."""
    _note(tx, message, ended_at=clock(tx), error=None)


def untold(tx: Tx, message: Message, error: str, again_in: timedelta | None) -> None:
    """It was not delivered: try again after so long; None: give it up."""
    at = clock(tx)
    later: dict[str, Any] = {"ended_at": at} if again_in is None else {"next_at": at + again_in}
    _note(tx, message, error=error[:500], **later)


def waiting(tx: Tx) -> int:
    """How many messages are still to be delivered."""
    unended = select(func.count()).select_from(messages_table).where(messages_table.c.ended_at.is_(None))
    return tx.scalar(unended) or 0


def _note(tx: Tx, message: Message, **values: Any) -> None:
    tx.execute(update(messages_table).where(messages_table.c.message_id == message.message_id).values(values))


def _open(tx: Tx, alarm: Alarm, now: datetime) -> Alert | None:
    """The alert, unless somebody else opened the same at the same time."""
    row = {"kind": alarm.kind.value, "subject": alarm.subject, "detail": dict(alarm.detail), "opened_at": now}
    open_ones = text("cleared_at IS NULL")
    fresh = upsert(tx, table).values(row)
    fresh = fresh.on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=open_ones)
    found = tx.execute(fresh.returning(table)).one_or_none()
    return None if found is None else _alert(found)


def _clear(tx: Tx, alert: Alert, now: datetime) -> Alert | None:
    still = and_(table.c.id == alert.id, table.c.cleared_at.is_(None))
    found = tx.execute(update(table).where(still).values(cleared_at=now).returning(table)).one_or_none()
    return None if found is None else _alert(found)


def _to_tell(tx: Tx, alert: Alert) -> None:
    what = "opened" if alert.cleared_at is None else "cleared"
    row = {"message_id": f"alert-{alert.id}-{what}", "alert_id": alert.id, "next_at": clock(tx)}
    tx.execute(insert(messages_table).values(row | {"document": _document(alert, what)}))


def _document(alert: Alert, what: str) -> Mapping[str, object]:
    """An alert as a receiver reads it."""
    at = alert.opened_at if alert.cleared_at is None else alert.cleared_at
    data = {
        "id": alert.id,
        "kind": alert.kind,
        "subject": alert.subject,
        "detail": dict(alert.detail),
        "opened_at": alert.opened_at.isoformat(),
        "cleared_at": alert.cleared_at and alert.cleared_at.isoformat(),
    }
    return {"type": f"alert.{what}", "timestamp": at.isoformat(), "data": data}


def _alert(row: Row[Any]) -> Alert:
    return Alert(**row._mapping)
