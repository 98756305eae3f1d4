"""Mandates as they are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from engine.domain.customers import Days, Mandate, Window
from engine.domain.values import Money
from engine.errors import NotFound
from engine.store.database import Tx
from engine.store.rows import by_ids
from engine.store.tables import mandates as table

_PRICES = ("price_low", "price_high", "order_limit", "budget")
_SPANS = ("budget_period", "earliest_interval")


def of_customer(tx: Tx, customer_id: str) -> list[Mandate]:
    """All the customer ever signed, oldest first."""
    return list(of_customers(tx, [customer_id]).get(customer_id, ()))


def of_customers(tx: Tx, customer_ids: Collection[str]) -> dict[str, tuple[Mandate, ...]]:
    """All that each of those customers ever signed, oldest first."""
    found: dict[str, tuple[Mandate, ...]] = {}
    statement = select(table).order_by(table.c.signed_at, table.c.mandate_id)
    for row in by_ids(tx, statement, table.c.customer_id, customer_ids, often=True):
        found[row.customer_id] = (*found.get(row.customer_id, ()), _mandate(row))
    return found


def get(tx: Tx, mandate_id: str) -> Mandate | None:
    """The mandate of this id, if there is one."""
    row = tx.execute(select(table).where(table.c.mandate_id == mandate_id)).one_or_none()
    return _mandate(row) if row else None


def add(tx: Tx, mandate: Mandate) -> None:
    """Keep a new mandate of a stored customer."""
    tx.execute(insert(table), [_row(mandate)])


def replace(tx: Tx, mandate: Mandate) -> None:
    """Keep a mandate in place of the one of the same id."""
    changed = tx.execute(update(table).where(table.c.mandate_id == mandate.mandate_id), _row(mandate))
    if changed.rowcount != 1:
        raise NotFound("mandate", mandate.mandate_id)


def revoke(tx: Tx, mandate_id: str, now: datetime) -> None:
    """End a mandate; one that has ended stays as it is."""
    live = update(table).where(table.c.mandate_id == mandate_id, table.c.revoked_at.is_(None))
    tx.execute(live.values(revoked_at=now))


def _row(mandate: Mandate) -> dict[str, Any]:
    prices = {name: getattr(mandate, name) for name in _PRICES}
    currencies = [price.currency for price in prices.values() if price is not None]
    return {
        "mandate_id": mandate.mandate_id,
        "customer_id": mandate.customer_id,
        "families": sorted(mandate.families),
        "items": sorted(mandate.items),
        "substitutes": list(mandate.substitutes),
        "currency": currencies[0] if currencies else None,
        **{f"{name}_minor": price.minor if price else None for name, price in prices.items()},
        "max_quantity": mandate.max_quantity,
        **{f"{name}_s": _seconds(getattr(mandate, name)) for name in _SPANS},
        "windows": [_window_row(window) for window in mandate.windows],
        "quiet_dates": [{"first": d.first.isoformat(), "last": d.last.isoformat()} for d in mandate.quiet_dates],
        "wording": mandate.wording,
        "signed_at": mandate.signed_at,
        "expires_at": mandate.expires_at,
        "revoked_at": mandate.revoked_at,
    }


def _window_row(window: Window) -> dict[str, Any]:
    return {"days": sorted(window.days), "start": window.start.isoformat(), "end": window.end.isoformat()}


def _window(kept: dict[str, Any]) -> Window:
    start, end = time.fromisoformat(kept["start"]), time.fromisoformat(kept["end"])
    return Window(days=frozenset(kept["days"]), start=start, end=end)


def _days(kept: dict[str, Any]) -> Days:
    return Days(first=date.fromisoformat(kept["first"]), last=date.fromisoformat(kept["last"]))


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


def _mandate(row: Row[Any]) -> Mandate:
    kept = row._mapping
    minor = {name: kept[f"{name}_minor"] for name in _PRICES}
    prices: dict[str, Any] = {
        name: None if m is None else Money(minor=m, currency=row.currency) for name, m in minor.items()
    }
    spans: dict[str, Any] = {
        name: None if kept[f"{name}_s"] is None else timedelta(seconds=kept[f"{name}_s"]) for name in _SPANS
    }
    return Mandate(
        mandate_id=row.mandate_id,
        customer_id=row.customer_id,
        families=frozenset(row.families),
        items=frozenset(row.items),
        substitutes=tuple(row.substitutes),
        max_quantity=row.max_quantity,
        windows=tuple(_window(kept) for kept in row.windows),
        quiet_dates=tuple(_days(kept) for kept in row.quiet_dates),
        wording=row.wording,
        signed_at=row.signed_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        **prices,
        **spans,
    )
