"""What rules see: the typed fields of one line of an order, the same when deciding, when placing, and looking back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from engine.domain.context import Context
from engine.domain.decisions import DraftLine, Rung
from engine.domain.executions import SPENT, Execution, State
from engine.domain.history import day_of
from engine.domain.shopping import Item
from engine.domain.values import Money, minor_digits
from engine.learn.base import order_window
from modes import agency, habits

NEVER = -1.0  # days since something that never was
LATELY = timedelta(days=28)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One line of an order that a rule is asked about."""

    context: Context
    line: DraftLine
    item: Item | None  # as the catalogue has it; None: no longer
    rung: Rung
    probability: float | None
    total: Money  # of the whole order
    announced: Money | None = None  # for one unit, what the customer was told; None: what it costs now
    now: datetime

    @property
    def family(self) -> str:
        """What is needed."""
        return self.line.family

    @property
    def price(self) -> Money:
        """Of one unit."""
        return self.line.unit_price or Money(minor=0, currency=self.total.currency)

    @property
    def local(self) -> datetime:
        """Now, as the customer's clock and calendar show it."""
        return self.now.astimezone(self.context.zone)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a rule may ask for."""

    type: str  # string, int, double, bool, timestamp, list of texts, map from texts
    unit: str
    meaning: str
    of: Callable[[Subject], object]


def values(subject: Subject, named: Collection[str]) -> dict[str, object]:
    """The named fields of a line; each always has a value of its type."""
    return {name: FIELDS[name].of(subject) for name in named}


def _major(money: Money) -> float:
    return float(money.minor / 10 ** minor_digits(money.currency))


def _of_item(of: Callable[[Item], object], otherwise: object) -> Callable[[Subject], object]:
    return lambda one: otherwise if one.item is None else of(one.item)


def _shelf(subject: Subject) -> Money:
    item = subject.item
    return subject.price if item is None or item.price is None else item.price


def _days(subject: Subject) -> list[int]:
    found: list[int] = habits.purchase_days(subject.context.history, subject.family).tolist()
    return found


def _gap(subject: Subject) -> float:
    days = _days(subject)
    return float(np.median(np.diff(days))) if len(days) > 1 else 0.0


def _since_family(subject: Subject) -> float:
    last = habits.last_day(subject.context.history, subject.family)
    return NEVER if last is None else day_of(subject.now) - last


def _since_order(subject: Subject) -> float:
    days = subject.context.history.days
    return day_of(subject.now) - float(days[-1]) if len(days) else NEVER


def _known_for(subject: Subject) -> float:
    days = subject.context.history.days
    return day_of(subject.now) - float(days[0]) if len(days) else NEVER


def _spent(subject: Subject) -> int:
    history = subject.context.history
    return int(np.nansum(history.amounts[history.days >= day_of(subject.now - LATELY)]))


def _done(subject: Subject) -> list[Execution]:
    """The executions of the last 28 days that were placed, or may have been."""
    since = subject.now - LATELY
    return [one for one in subject.context.executions if one.state in SPENT and (one.placed_at or one.due_at) >= since]


def _done_minor(subject: Subject) -> int:
    return sum(one.total.minor for one in _done(subject) if one.total.currency == subject.total.currency)


def _count(*states: State) -> Callable[[Subject], object]:
    return lambda one: sum(each.state in states for each in one.context.executions)


def _signed(subject: Subject) -> bool:
    line, now = subject.line, subject.now
    return any(one.live(now) and one.covers(line.item_id, line.family) for one in subject.context.mandates)


FIELDS: Mapping[str, Field] = {
    "customer.customer_id": Field("string", "", "who it is for", lambda one: one.context.customer.customer_id),
    "customer.timezone": Field("string", "", "the zone they live by", lambda one: one.context.zone.key),
    "customer.locale": Field("string", "", 'their language, "" unknown', lambda one: one.context.customer.locale or ""),
    "customer.attributes": Field(
        "map", "", "what the shop sent of them", lambda one: dict(one.context.customer.attributes)
    ),
    "customer.ceiling": Field(
        "string",
        "a rung",
        "the most they let be done, `approve` unstated",
        lambda one: (one.context.preferences.ceiling or agency.UNSTATED).label,
    ),
    "customer.known_days": Field("double", "days", "since their first order, -1.0 none", _known_for),
    "need.family": Field("string", "", "what is needed", lambda one: one.family),
    "need.quantity": Field("int", "units", "how many are ordered", lambda one: one.line.quantity),
    "need.rung": Field(
        "string", "a rung", "how it is ordered: `approve`, `veto`, `silent`", lambda one: one.rung.label
    ),
    "need.signed": Field("bool", "", "whether a live mandate names it", _signed),
    "item.item_id": Field("string", "", "what is ordered", lambda one: one.line.item_id),
    "item.name": Field("string", "", 'its name, "" unknown', _of_item(lambda item: item.name or "", "")),
    "item.category": Field(
        "string", "", "the levels it lies in, parted by ` > `", _of_item(lambda item: " > ".join(item.category), "")
    ),
    "item.categories": Field(
        "list", "", "those levels, the widest first", _of_item(lambda item: list(item.category), [])
    ),
    "item.family": Field("string", "", "what it stands in for", _of_item(lambda item: item.family, "")),
    "item.price": Field("double", "money", "of one, in the catalogue now", lambda one: _major(_shelf(one))),
    "item.price_minor": Field("int", "minor units", "the same", lambda one: _shelf(one).minor),
    "item.currency": Field("string", "ISO 4217", "of its price", lambda one: _shelf(one).currency),
    "item.available": Field("bool", "", "whether it can be had", _of_item(lambda item: item.available, False)),
    "item.attributes": Field("map", "", "what the shop sent of it", _of_item(lambda item: dict(item.attributes), {})),
    "forecast.probability": Field(
        "double", "0 to 1", "that the need is real, 0.0 unknown", lambda one: float(one.probability or 0.0)
    ),
    "forecast.purchases": Field("int", "days", "on which the family was bought", lambda one: len(_days(one))),
    "forecast.gap_days": Field("double", "days", "usual time between them, 0.0 unknown", _gap),
    "forecast.since_days": Field("double", "days", "since the last of them, -1.0 none", _since_family),
    "forecast.window_days": Field(
        "int", "days", "in which an order would be right: 7, 14 or 28", lambda one: order_window(_gap(one))
    ),
    "price": Field("double", "money", "of one, as it would be ordered", lambda one: _major(one.price)),
    "price_minor": Field("int", "minor units", "the same", lambda one: one.price.minor),
    "price.line": Field("double", "money", "of this line", lambda one: _major(one.price.times(one.line.quantity))),
    "price.line_minor": Field("int", "minor units", "the same", lambda one: one.price.minor * one.line.quantity),
    "price.order": Field("double", "money", "of the whole order", lambda one: _major(one.total)),
    "price.order_minor": Field("int", "minor units", "the same", lambda one: one.total.minor),
    "price.currency": Field("string", "ISO 4217", "of the order", lambda one: one.total.currency),
    "price.announced": Field(
        "double", "money", "of one, as the customer was told", lambda one: _major(one.announced or one.price)
    ),
    "price.announced_minor": Field("int", "minor units", "the same", lambda one: (one.announced or one.price).minor),
    "history.orders": Field(
        "int", "orders", "all of the customer's", lambda one: len(np.unique(one.context.history.orders))
    ),
    "history.since_days": Field("double", "days", "since the latest, -1.0 none", _since_order),
    "history.spent_28d_minor": Field("int", "minor units", "in the 28 days before, all currencies", _spent),
    "history.executions_28d": Field(
        "int", "orders", "made by Rapport in the 28 days before", lambda one: len(_done(one))
    ),
    "history.executions_28d_minor": Field("int", "minor units", "what those came to", _done_minor),
    "history.vetoed": Field("int", "orders", "of Rapport's that were stopped, 400 days", _count(State.VETOED)),
    "history.returned": Field("int", "orders", "of Rapport's that came back, 400 days", _count(State.RETURNED)),
    "clock.now": Field("timestamp", "", "the instant", lambda one: one.now),
    "clock.hour": Field("int", "0 to 23", "of the customer's day", lambda one: one.local.hour),
    "clock.weekday": Field("int", "1 to 7", "Monday is 1, the customer's", lambda one: one.local.isoweekday()),
    "clock.day": Field("int", "1 to 31", "of the month, the customer's", lambda one: one.local.day),
    "clock.month": Field("int", "1 to 12", "the customer's", lambda one: one.local.month),
    "clock.date": Field("string", "ISO 8601", "`2017-12-01`, the customer's", lambda one: one.local.date().isoformat()),
}
