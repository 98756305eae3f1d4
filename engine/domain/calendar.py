"""What the shop says of deliveries: until when orders count for a day, how long they take, when they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Unit(StrEnum):
    """What a lead time is counted in."""

    DAYS = "d"  # working days after the one that the order counts for
    HOURS = "h"  # hours after the order was taken up


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """How long it takes from an order to its arrival, at least."""

    amount: int
    unit: Unit = Unit.DAYS

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A part of the day in which orders arrive."""

    name: str
    start: time  # on the shop's clock, as the next
    end: time
    weekdays: frozenset[int] = frozenset(range(7))  # Monday is 0
    capacity: int | None = None  # orders on one day; None: as many as come


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Arrival:
    """When an order is to arrive: on a day, or in a slot of it."""

    day: date
    slot: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The shop's calendar. A working day has a cut-off and is not closed; orders arrive on working days alone."""

    zone: ZoneInfo
    cut_offs: Mapping[int, time]  # by weekday, Monday is 0: up to then an order counts for the day; none: closed
    closed: frozenset[date] = frozenset()
    lead: Lead = Lead(amount=1)
    leads: Mapping[str, Lead] = field(default_factory=dict)  # of categories that take otherwise
    slots: tuple[Slot, ...] = ()  # none: an order arrives in the course of its day
    shipping_cost: float = 0.0  # of one order, in the unit that acting is valued in; 0: needs are never joined
    slack: timedelta = timedelta(hours=1)  # before the last instant to place an order, in which it is placed
    version: int = 0

    def lead_of(self, category: tuple[str, ...]) -> Lead:
        """How long things of a category take: as stated for its deepest level that anything is stated for.

        Examples
        --------
        >>> shop = Calendar(zone=ZoneInfo("UTC"), cut_offs={}, leads={"FOOD": Lead(amount=3)})
        >>> [str(shop.lead_of(path)) for path in (("FOOD", "MILK"), ("TOYS",))]
        ['3d', '1d']
        """
        paths = (" > ".join(category[:n]) for n in range(len(category), 0, -1))
        return next((self.leads[path] for path in paths if path in self.leads), self.lead)

    def slot(self, name: str | None) -> Slot | None:
        """The slot of this name, if there is one."""
        return next((slot for slot in self.slots if slot.name == name), None)
