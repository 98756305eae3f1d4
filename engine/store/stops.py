"""The stop switch as it is kept: pressed, in force, lifted. Each press and lift is in the audit too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, exists, false, func, insert, or_, select, update

from engine.domain.gateways import DEFAULT
from engine.domain.stops import Scope, Stop
from engine.errors import Conflict, InputError, NotFound
from engine.store import audit, gateways
from engine.store.database import Tx
from engine.store.rows import lock
from engine.store.tables import execution_lines, executions, items
from engine.store.tables import stops as table

NAMED = 5  # families that are told of where none has the name that came


def press(
    tx: Tx, scope: Scope, value: str | None, reason: str, actor: str, now: datetime, until: datetime | None = None
) -> Stop:
    """Stop, from the commit on. Where the same is stopped already, that stop is kept, and lasts the longer of both.

    Raises
    ------
    InputError
        for a family without a name, a value beside ``all``, or an end that is over
    NotFound
        for a family or a gateway that nothing has: it would stop nothing
    """
    wanted = _checked(scope, value, now, until)
    _require_known(tx, scope, wanted)
    lock(tx, "stops")
    same = next((one for one in in_force(tx, now) if (one.scope, one.value) == (scope, wanted)), None)
    stop = _fresh(scope, wanted, reason, actor, now, until) if same is None else _longer(same, until)
    if same is None:
        tx.execute(insert(table).values({name: getattr(stop, name) for name in stop.__slots__}))
    elif stop != same:
        tx.execute(update(table).where(table.c.stop_id == stop.stop_id).values(until=stop.until))
    said = {"scope": scope.value, "value": wanted, "reason": reason, "until": until and until.isoformat()}
    audit.add(tx, actor, "stop.press", stop.stop_id, said, now)
    return stop


def lift(tx: Tx, stop_id: str, actor: str, now: datetime) -> Stop:
    """Let orders go on. What became due meanwhile is placed at the next sweep, unless it is stale by then.

    Raises
    ------
    NotFound
        for an unknown stop
    Conflict
        where it was lifted or is over already
    """
    lock(tx, "stops")
    stop = get(tx, stop_id)
    if not stop.live(now):
        raise Conflict(f"stop {stop_id!r} is not in force any more")
    tx.execute(update(table).where(table.c.stop_id == stop_id).values(lifted_at=now, lifted_by=actor))
    audit.add(tx, actor, "stop.lift", stop_id, {"scope": stop.scope.value, "value": stop.value}, now)
    return replace(stop, lifted_at=now, lifted_by=actor)


def get(tx: Tx, stop_id: str) -> Stop:
    """The stop of this id; NotFound where there is none."""
    row = tx.execute(select(table).where(table.c.stop_id == stop_id)).one_or_none()
    if row is None:
        raise NotFound("stop", stop_id)
    return _stop(row)


def in_force(tx: Tx, now: datetime) -> tuple[Stop, ...]:
    """The stops in force at ``now``, the oldest first."""
    live = and_(table.c.lifted_at.is_(None), or_(table.c.until.is_(None), table.c.until > now))
    return tuple(_stop(row) for row in tx.execute(select(table).where(live).order_by(table.c.at, table.c.stop_id)))


def latest(tx: Tx, limit: int) -> list[Stop]:
    """The stops ever pressed, the latest first."""
    statement = select(table).order_by(table.c.at.desc(), table.c.stop_id).limit(limit)
    return [_stop(row) for row in tx.execute(statement)]


def held(stops: Collection[Stop]) -> ColumnElement[bool]:
    """Of the rows of ``executions``: those that one of the stops holds."""
    if any(stop.scope is Scope.ALL for stop in stops):
        return executions.c.execution_id.is_not(None)
    families = [stop.value for stop in stops if stop.scope is Scope.FAMILY]
    line = and_(execution_lines.c.execution_id == executions.c.execution_id, execution_lines.c.need.in_(families))
    named = {stop.value for stop in stops if stop.scope is Scope.GATEWAY}
    return or_(exists().where(line) if families else false(), _sent_to(named))


def _sent_to(gateways: Collection[str | None]) -> ColumnElement[bool]:
    return func.coalesce(executions.c.gateway, DEFAULT).in_(list(gateways)) if gateways else false()


def _checked(scope: Scope, value: str | None, now: datetime, until: datetime | None) -> str | None:
    if scope is Scope.FAMILY and not value:
        raise InputError.of("value", "the family that is to be stopped", value)
    if scope is Scope.ALL and value:
        raise InputError.of("value", "nothing beside the scope all: it stops everything", value)
    if until is not None and until <= now:
        raise InputError.of("until", f"an instant after {now.isoformat()}", until.isoformat())
    return None if scope is Scope.ALL else value or DEFAULT


def _require_known(tx: Tx, scope: Scope, value: str | None) -> None:
    if scope is Scope.GATEWAY and value not in (known := gateways.names(tx)):
        raise NotFound("gateway", str(value), sorted(known))
    if scope is Scope.FAMILY and not _is_family(tx, value):
        like = select(items.c.family).where(items.c.family.icontains(value, autoescape=True)).distinct()
        raise NotFound("family", str(value), tx.scalars(like.order_by(items.c.family).limit(NAMED)))


def _is_family(tx: Tx, value: str | None) -> bool:
    """Whether the catalogue has it, or an order is for it."""
    sold, ordered = (
        select(column).where(column == value).limit(1) for column in (items.c.family, execution_lines.c.need)
    )
    return tx.scalar(sold) is not None or tx.scalar(ordered) is not None


def _fresh(scope: Scope, value: str | None, reason: str, actor: str, now: datetime, until: datetime | None) -> Stop:
    return Stop(stop_id=uuid4().hex, scope=scope, value=value, reason=reason, actor=actor, at=now, until=until)


def _longer(stop: Stop, until: datetime | None) -> Stop:
    if stop.until is None or until is None:
        return replace(stop, until=None)
    return replace(stop, until=max(stop.until, until))


def _stop(row: Row[tuple[object, ...]]) -> Stop:
    return Stop(**{**row._mapping, "scope": Scope(row.scope)})
