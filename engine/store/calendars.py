"""The shop's calendar of deliveries, every version of it; the latest is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from engine.domain.calendar import Calendar, Lead, Slot, Unit
from engine.domain.values import parse_zone
from engine.store.database import Tx
from engine.store.rows import lock
from engine.store.tables import calendars as table


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One version of the calendar, and who put it in force; None: from then on there is none."""

    version: int
    calendar: Calendar | None
    author: str
    created_at: datetime


def latest(tx: Tx) -> Kept | None:
    """The version in force, if there ever was one."""
    row = tx.execute(select(table).order_by(table.c.version.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    calendar = None if row.document is None else _calendar(row.document, row.version)
    return Kept(version=row.version, calendar=calendar, author=row.author, created_at=row.created_at)


def current(tx: Tx) -> Calendar | None:
    """The calendar in force; None where there is none."""
    kept = latest(tx)
    return None if kept is None else kept.calendar


def put(tx: Tx, calendar: Calendar | None, author: str, now: datetime) -> Kept:
    """Put a calendar in force, or none, as the next version."""
    lock(tx, "calendars")
    before = latest(tx)
    version = 1 if before is None else before.version + 1
    document = None if calendar is None else _document(calendar)
    tx.execute(insert(table).values(version=version, document=document, author=author, created_at=now))
    kept = None if document is None else _calendar(document, version)
    return Kept(version=version, calendar=kept, author=author, created_at=now)


def _document(calendar: Calendar) -> dict[str, Any]:
    return {
        "zone": calendar.zone.key,
        "cut_offs": {str(day): at.isoformat() for day, at in calendar.cut_offs.items()},
        "closed": sorted(day.isoformat() for day in calendar.closed),
        "lead": str(calendar.lead),
        "leads": {category: str(lead) for category, lead in calendar.leads.items()},
        "slots": [_slot_document(slot) for slot in calendar.slots],
        "shipping_cost": calendar.shipping_cost,
        "slack_seconds": int(calendar.slack.total_seconds()),
    }


def _slot_document(slot: Slot) -> dict[str, Any]:
    return {
        "name": slot.name,
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
        "weekdays": sorted(slot.weekdays),
        "capacity": slot.capacity,
    }


def _calendar(document: Mapping[str, Any], version: int) -> Calendar:
    return Calendar(
        zone=parse_zone(document["zone"]),
        cut_offs={int(day): time.fromisoformat(at) for day, at in document["cut_offs"].items()},
        closed=frozenset(date.fromisoformat(day) for day in document["closed"]),
        lead=_lead(document["lead"]),
        leads={category: _lead(text) for category, text in document["leads"].items()},
        slots=tuple(_slot(one) for one in document["slots"]),
        shipping_cost=document["shipping_cost"],
        slack=timedelta(seconds=document["slack_seconds"]),
        version=version,
    )


def _slot(document: Mapping[str, Any]) -> Slot:
    return Slot(
        name=document["name"],
        start=time.fromisoformat(document["start"]),
        end=time.fromisoformat(document["end"]),
        weekdays=frozenset(document["weekdays"]),
        capacity=document["capacity"],
    )


def _lead(text: str) -> Lead:
    return Lead(amount=int(text[:-1]), unit=Unit(text[-1]))
