"""Gateways that operators added, as they are kept; executions name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, func, select

from engine.domain.executions import UNSETTLED, State
from engine.domain.gateways import DEFAULT, NamedGateway, Terms
from engine.errors import Conflict, NotFound
from engine.store import rules
from engine.store.database import Tx
from engine.store.rows import lock, replace_rows
from engine.store.tables import executions
from engine.store.tables import gateways as table

_SPANS = ("timeout", "key_life")
_PLAIN = ("looks_up", "stores_errors", "at_once")
ASKED = (State.PLACING, State.NEEDS_REVIEW)  # of which the gateway may hold an order that nobody here knows


def all(tx: Tx) -> tuple[NamedGateway, ...]:
    """Every gateway, by name."""
    return tuple(_gateway(row) for row in tx.execute(select(table).order_by(table.c.name)))


def names(tx: Tx) -> frozenset[str]:
    """How gateways are called to which orders may be sent, the default one included."""
    return frozenset(tx.scalars(select(table.c.name))) | {DEFAULT}


def get(tx: Tx, name: str) -> NamedGateway | None:
    """The gateway of this name, if there is one."""
    row = tx.execute(select(table).where(table.c.name == name)).one_or_none()
    return _gateway(row) if row else None


def put(tx: Tx, gateway: NamedGateway) -> NamedGateway:
    """Keep a gateway, in place of what stood under its name; answers it with its new revision.

    Raises
    ------
    Conflict
        where its URL would change while calls of the old one may have left orders that nobody here knows: their
        retries and look-ups would go to another shop
    """
    lock(tx, f"gateway {gateway.name}")
    standing = get(tx, gateway.name)
    if standing is not None and standing.url != gateway.url and (left := _naming(tx, gateway.name, ASKED)):
        raise Conflict(f"{left} executions sent to {gateway.name!r} are not settled: give the new URL a new name")
    kept = replace(gateway, revision=uuid4().hex)
    replace_rows(tx, table, ["name"], [_row(kept)])
    return kept


def remove(tx: Tx, name: str, now: datetime) -> None:
    """Take a gateway away.

    Raises
    ------
    NotFound
        where there is none
    Conflict
        while executions that are not settled name it, or a rule that holds or may come to hold
    """
    lock(tx, f"gateway {name}")
    rules.hold(tx)
    if get(tx, name) is None:
        raise NotFound("gateway", name)
    if left := _naming(tx, name, UNSETTLED):
        raise Conflict(f"{left} executions that are not settled are to be placed at {name!r}")
    if ruled := rules.naming(tx, name, now):
        raise Conflict(f"orders are sent to {name!r} by {' and '.join(ruled)}: change or retire that first")
    tx.execute(delete(table).where(table.c.name == name))


def stands(tx: Tx, name: str, revision: str) -> bool:
    """Whether a gateway is still what it was; it stays so until the transaction ends."""
    lock(tx, f"gateway {name}", shared=True)
    return tx.scalar(select(table.c.revision).where(table.c.name == name)) == revision


def orphans(tx: Tx) -> int:
    """Executions that are not settled and name a gateway that is not there."""
    known = select(table.c.name)
    nowhere = executions.c.gateway.is_not(None), executions.c.gateway.not_in(known)
    return _count(tx, *nowhere, executions.c.state.in_(_values(UNSETTLED)))


def _naming(tx: Tx, name: str, states: Iterable[State]) -> int:
    return _count(tx, executions.c.gateway == name, executions.c.state.in_(_values(states)))


def _count(tx: Tx, *where: Any) -> int:
    return tx.scalar(select(func.count()).select_from(executions).where(*where)) or 0


def _values(states: Iterable[State]) -> list[str]:
    return [state.value for state in states]


def _row(gateway: NamedGateway) -> dict[str, Any]:
    spans = {name: getattr(gateway.terms, name).total_seconds() for name in _SPANS}
    return {
        "name": gateway.name,
        "url": gateway.url,
        "secrets": list(gateway.secrets),
        "terms": spans | {name: getattr(gateway.terms, name) for name in _PLAIN},
        "author": gateway.author,
        "revision": gateway.revision,
        "updated_at": gateway.updated_at,
    }


def _gateway(row: Row[Any]) -> NamedGateway:
    terms: dict[str, Any] = {name: row.terms[name] for name in _PLAIN}
    terms |= {name: timedelta(seconds=row.terms[name]) for name in _SPANS}
    return NamedGateway(
        name=row.name,
        url=row.url,
        secrets=tuple(row.secrets),
        terms=Terms(**terms),
        author=row.author,
        revision=row.revision,
        updated_at=row.updated_at,
    )
