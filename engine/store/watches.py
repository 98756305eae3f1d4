"""The live watches over orders made unasked, the rungs they shut, and what they look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select, update

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.signals import Signal
from engine.domain.watches import Verdict, Watch
from engine.errors import Conflict
from engine.store import audit
from engine.store.database import Tx
from engine.store.rows import add_missing
from engine.store.tables import executions, signals
from engine.store.tables import watches as table

ACTOR = "measure"
PLACED = (State.PLACED, State.CONFIRMED, State.KEPT, State.RETURNED)
OBJECTED = (Signal.VETOED, Signal.RETURNED, Signal.COMPLAINED)


def all(tx: Tx) -> list[Watch]:
    """Every watch there was, the latest first."""
    return [_watch(row) for row in tx.execute(select(table).order_by(table.c.began_at.desc(), table.c.rung))]


def latest(tx: Tx, rung: Rung) -> Watch | None:
    """The latest watch over a rung."""
    own = select(table).where(table.c.rung == rung.label).order_by(table.c.began_at.desc()).limit(1)
    row = tx.execute(own).first()
    return None if row is None else _watch(row)


def shut(tx: Tx, now: datetime) -> dict[Rung, datetime]:
    """When each rung was last shut that nobody opened again by ``now``."""
    still = and_(table.c.shut_at <= now, or_(table.c.reopened_at.is_(None), table.c.reopened_at > now))
    rows = tx.execute(select(table.c.rung, func.max(table.c.shut_at)).where(still).group_by(table.c.rung))
    return {Rung.of(rung): at for rung, at in rows}


def keep(tx: Tx, watch: Watch) -> bool:
    """Keep what a look came to; answers whether it shut the rung. A watch that did stays as it is."""
    key = {"rung": watch.rung.label, "began_at": watch.began_at}
    found = {
        "promise": watch.promise,
        "judged": watch.judged,
        "wrong": watch.wrong,
        "wealth": watch.wealth,
        "evidence": dict(watch.evidence),
        "looked_at": watch.looked_at,
    }
    add_missing(tx, table, list(key), [key | found])
    own = and_(table.c.rung == watch.rung.label, table.c.began_at == watch.began_at, table.c.shut_at.is_(None))
    changed = tx.execute(update(table).where(own).values(**found, shut_at=watch.shut_at)).rowcount == 1
    if changed and watch.shut_at is not None:
        audit.add(tx, ACTOR, "gate.shut", watch.rung.label, _told(watch), watch.shut_at)
    return changed and watch.shut_at is not None


def reopen(tx: Tx, rung: Rung, actor: str, now: datetime) -> None:
    """Open a rung again that was shut; Conflict where it is not."""
    still = and_(table.c.rung == rung.label, table.c.shut_at.is_not(None), table.c.reopened_at.is_(None))
    if not tx.execute(update(table).where(still).values(reopened_at=now, reopened_by=actor)).rowcount:
        raise Conflict(f"{rung.label} is not shut")
    audit.add(tx, actor, "gate.reopen", rung.label, {}, now)


def verdicts(tx: Tx, rung: Rung, since: datetime, until: datetime) -> Sequence[Verdict]:
    """What came of the orders of a rung decided on in (since, until], in that order.

    Of those that were stopped only the customer's own vetoes say anything.
    """
    one = executions.c
    objected = exists().where(
        signals.c.customer_id == one.customer_id,
        signals.c.source == "execution:" + one.execution_id,
        signals.c.signal.in_([signal.value for signal in OBJECTED]),
    )
    said = select(one.created_at, one.certificate_id, one.state, objected.label("objected")).where(
        one.rung == rung.label,
        one.created_at > since,
        one.created_at <= until,
        or_(one.state.in_([state.value for state in PLACED]), and_(one.state == State.VETOED.value, objected)),
    )
    rows = tx.execute(said.order_by(one.created_at, one.number))
    return [
        Verdict(
            decided_at=row.created_at,
            certificate_id=row.certificate_id,
            state=row.state,
            wrong=bool(row.objected) or row.state == State.RETURNED,
        )
        for row in rows
    ]


def _told(watch: Watch) -> dict[str, object]:
    return {"judged": watch.judged, "wrong": watch.wrong, "promise": watch.promise, "wealth": watch.wealth}


def _watch(row: Row[Any]) -> Watch:
    return Watch(**{**row._mapping, "rung": Rung.of(row.rung)})
