"""The shop's calendar on the wire, and in its YAML file."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from api.wire.base import Time, Wire
from api.wire.money import span, span_text
from engine.domain.calendar import Calendar, Lead, Slot, Unit
from engine.domain.values import parse_zone
from engine.errors import InputError
from engine.store.calendars import Kept

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_DAYS, MOST_HOURS = 60, 24 * 60
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _hour(value: object, info: ValidationInfo) -> str:
    """An hour such as 14:00; YAML reads an unquoted one as minutes."""
    text = f"{value // 60}:{value % 60:02}" if isinstance(value, int) and 0 <= value < 24 * 60 else value
    if not isinstance(text, str) or re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text) is None:
        raise InputError.of(info.field_name or "", "an hour of the day such as 14:00", value)
    return text.zfill(5)


def _day(value: object, info: ValidationInfo) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise InputError.of(info.field_name or "", "a date such as 2026-12-25", value) from None


def _lead(value: str, info: ValidationInfo) -> str:
    found = re.fullmatch(r"(\d{1,4})([dh])", value)
    amount = int(found[1]) if found else -1
    most = MOST_DAYS if value.endswith("d") else MOST_HOURS
    if not (value.endswith("h") <= amount <= most):
        expected = f"working days up to {MOST_DAYS}d such as 2d, or hours from 1h to {MOST_HOURS}h"
        raise InputError.of(info.field_name or "", expected, value)
    return value


def _zone(value: str, info: ValidationInfo) -> str:
    return parse_zone(value, info.field_name or "").key


Hour = Annotated[
    str,
    BeforeValidator(_hour),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["14:00"]}),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
LeadText = Annotated[
    str,
    AfterValidator(_lead),
    Field(json_schema_extra={"pattern": "^([0-9]|[1-5][0-9]|60)d$|^[1-9][0-9]{0,2}h$"}, examples=["1d", "4h"]),
]


class SlotWire(Wire):
    """A part of the day in which orders arrive."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    start: Hour
    end: Hour
    weekdays: list[Weekday] = Field(default=list(WEEKDAYS), min_length=1, max_length=7)  # type: ignore[arg-type]
    capacity: int | None = Field(
        default=None, ge=1, le=1_000_000, description="orders on one day; null: as many as come"
    )

    @model_validator(mode="after")
    def _whole(self) -> SlotWire:
        if self.start >= self.end:
            raise InputError.of("end", "an hour after start", self.end)
        return self

    def domain(self) -> Slot:
        """As the domain holds it."""
        return Slot(
            name=self.name,
            start=time.fromisoformat(self.start),
            end=time.fromisoformat(self.end),
            weekdays=frozenset(WEEKDAYS.index(day) for day in self.weekdays),
            capacity=self.capacity,
        )

    @classmethod
    def of(cls, slot: Slot) -> SlotWire:
        """As answered."""
        return cls(
            name=slot.name,
            start=f"{slot.start:%H:%M}",
            end=f"{slot.end:%H:%M}",
            weekdays=[day for n, day in enumerate(WEEKDAYS) if n in slot.weekdays],  # type: ignore[misc]
            capacity=slot.capacity,
        )


class CalendarIn(Wire):
    """The calendar of the shop: a weekday without a cut-off is closed."""

    zone: Annotated[str, AfterValidator(_zone)] | None = Field(default=None, description="default RAPPORT_TIMEZONE")
    cut_offs: dict[Weekday, Hour] = Field(min_length=1, description="up to then an order counts for the day")
    closed: list[Day] = Field(default=[], max_length=1000)
    lead: LeadText = Field(default="1d", description="working days (1d: the next one) or hours (4h) until it arrives")
    leads: dict[Annotated[str, Field(min_length=1, max_length=500)], LeadText] = Field(
        default={}, max_length=1000, description="of categories, levels parted by ` > `; the deepest one counts"
    )
    slots: list[SlotWire] = Field(default=[], max_length=48, description="none: it arrives in the course of the day")
    shipping_cost: float = Field(
        default=0, ge=0, le=1000, description="of one order, in units of customer's benefit; 0: needs are never joined"
    )
    slack: str = Field(
        default="1h",
        pattern=r"^([0-9]|[1-3][0-9]|4[0-8])h$|^[0-9]{1,3}m$",
        description="how long before the last instant an order is placed, up to 48h",
        examples=["1h"],
    )

    @model_validator(mode="after")
    def _whole(self) -> CalendarIn:
        names = [slot.name for slot in self.slots]
        if len(set(names)) < len(names):
            raise InputError.of("slots", "names that differ", names)
        return self

    def domain(self, zone: ZoneInfo) -> Calendar:
        """As the domain holds it; ``zone`` where it names none."""
        return Calendar(
            zone=zone if self.zone is None else ZoneInfo(self.zone),
            cut_offs={WEEKDAYS.index(day): time.fromisoformat(at) for day, at in self.cut_offs.items()},
            closed=frozenset(self.closed),
            lead=_domain_lead(self.lead),
            leads={category: _domain_lead(text) for category, text in self.leads.items()},
            slots=tuple(slot.domain() for slot in self.slots),
            shipping_cost=float(self.shipping_cost),
            slack=span(self.slack, "slack") or timedelta(0),
        )


class CalendarOut(Wire):
    """The calendar in force, and who put it there."""

    version: int
    author: str
    created_at: Time
    zone: str
    cut_offs: dict[Weekday, str]
    closed: list[Day]
    lead: str
    leads: dict[str, str]
    slots: list[SlotWire]
    shipping_cost: float
    slack: str

    @classmethod
    def of(cls, kept: Kept, calendar: Calendar) -> CalendarOut:
        """As answered."""
        named = {day: f"{calendar.cut_offs[n]:%H:%M}" for n, day in enumerate(WEEKDAYS) if n in calendar.cut_offs}
        return cls(
            version=kept.version,
            author=kept.author,
            created_at=kept.created_at,
            zone=calendar.zone.key,
            cut_offs=named,  # type: ignore[arg-type]
            closed=sorted(calendar.closed),
            lead=str(calendar.lead),
            leads={category: str(lead) for category, lead in calendar.leads.items()},
            slots=[SlotWire.of(slot) for slot in calendar.slots],
            shipping_cost=calendar.shipping_cost,
            slack=span_text(calendar.slack) or "0s",
        )


def _domain_lead(text: str) -> Lead:
    return Lead(amount=int(text[:-1]), unit=Unit(text[-1]))
