"""From rows as they come, out of a file or a request, to the objects they mean; every problem is named by its field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeGuard, TypeVar
from zoneinfo import ZoneInfo

from engine.domain.pairs import named_twice
from engine.domain.shopping import SURVEY_KINDS, Customer, Event, Item, OrderLine, SurveyAnswer
from engine.domain.values import (
    DEFAULT_CURRENCY,
    LATEST,
    MAX_MINOR,
    Money,
    parse_currency,
    parse_decimal,
    parse_id,
    parse_money,
    parse_time,
    parse_zone,
    to_minor,
)
from engine.errors import InputError, Problem, shown

T = TypeVar("T")
Row = Mapping[str, object]
MAX_TEXT = 10_000  # characters of free text
MAX_JSON = 20_000  # characters of attributes or properties, written out
MAX_QUANTITY = 1_000_000
MEMORY = 200_000  # ids, times and amounts remembered while reading: they come again and again
_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL keeps no NUL, UTF-8 no lone surrogate

COLUMNS: dict[str, tuple[str, ...]] = {
    "items": ("item_id", "name", "category", "family", "price", "currency", "available", "attributes"),
    "customers": ("customer_id", "timezone", "locale", "attributes"),
    "orders": ("order_id", "customer_id", "ordered_at", "item_id", "quantity", "unit_price", "amount", "currency"),
    "events": (
        *("event_id", "customer_id", "occurred_at", "kind", "touchpoint", "channel"),
        *("item_id", "value", "properties"),
    ),
    "surveys": ("answer_id", "customer_id", "answered_at", "kind", "score", "touchpoint", "dimension", "text"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "items": ("item_id",),
    "customers": ("customer_id",),
    "orders": ("order_id", "customer_id", "ordered_at", "item_id"),
    "events": ("event_id", "customer_id", "occurred_at", "kind"),
    "surveys": ("answer_id", "customer_id", "answered_at", "kind", "score"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How rows are read: whose midnight a date means, which currency is meant where none is named."""

    zone: ZoneInfo  # of the business
    currency: str = DEFAULT_CURRENCY
    naive_zone: ZoneInfo | None = None  # of times without offset; None: they are refused
    currency_of: Callable[[str], str | None] = lambda item_id: None  # of an item that is stored
    latest: datetime = LATEST  # what is said to have happened later has not happened
    written: bool = False  # values are text out of a file: "" is absent, numbers and JSON are spelled out
    memory: dict[tuple[str, object], object] = field(default_factory=dict)


def item(row: Row, reading: Reading) -> Item:
    """The item a row means; raises InputError with every problem."""
    read = _Fields(row, reading, "items")
    item_id = read.id("item_id")
    currency = read.currency(item_id)
    price = read.price("price", currency)
    result = Item(
        item_id=item_id,
        name=read.text("name"),
        category=read.levels("category"),
        family=read.id("family") if read.has("family") else item_id,
        price=price,
        available=read.truth("available", True),
        attributes=read.json("attributes"),
    )
    return read.done(result)


def customer(row: Row, reading: Reading) -> Customer:
    """The customer a row means; raises InputError with every problem."""
    read = _Fields(row, reading, "customers")
    result = Customer(
        customer_id=read.id("customer_id"),
        timezone=read.zone("timezone"),
        locale=read.text("locale", 35),
        attributes=read.json("attributes"),
    )
    return read.done(result)


def order_line(row: Row, reading: Reading) -> OrderLine:
    """The line of an order a row means; raises InputError with every problem."""
    read = _Fields(row, reading, "orders")
    item_id, quantity = read.id("item_id"), read.quantity("quantity")
    unit_price, amount = read.decimal("unit_price"), read.decimal("amount")
    total = amount if amount is not None or unit_price is None else unit_price * quantity
    result = OrderLine(
        order_id=read.id("order_id"),
        customer_id=read.id("customer_id"),
        ordered_at=read.time("ordered_at"),
        item_id=item_id,
        quantity=quantity,
        unit_price=unit_price,
        amount=read.money(total, item_id),
    )
    return read.done(result)


def event(row: Row, reading: Reading) -> Event:
    """The event a row means; raises InputError with every problem."""
    read = _Fields(row, reading, "events")
    result = Event(
        event_id=read.id("event_id"),
        customer_id=read.id("customer_id"),
        occurred_at=read.time("occurred_at"),
        kind=read.word("kind"),
        touchpoint=read.text("touchpoint", 200),
        channel=read.text("channel", 200),
        item_id=read.id("item_id") if read.has("item_id") else None,
        value=read.number("value"),
        properties=read.json("properties"),
    )
    return read.done(result)


def survey(row: Row, reading: Reading) -> SurveyAnswer:
    """The answer a row means; raises InputError with every problem."""
    read = _Fields(row, reading, "surveys")
    result = SurveyAnswer(
        answer_id=read.id("answer_id"),
        customer_id=read.id("customer_id"),
        answered_at=read.time("answered_at"),
        kind=read.word("kind", SURVEY_KINDS),
        score=read.score(),
        touchpoint=read.text("touchpoint", 200),
        dimension=read.text("dimension", 200),
        text=read.text("text"),
    )
    return read.done(result)


PARSERS: dict[str, Callable[[Row, Reading], object]] = {
    "items": item,
    "customers": customer,
    "orders": order_line,
    "events": event,
    "surveys": survey,
}


def _plain(value: object) -> TypeGuard[str]:
    """Whether it is text that a number may be written in: ASCII, and no underscores, which Python would pass over."""
    return isinstance(value, str) and value.isascii() and "_" not in value


class _Fields:
    """The fields of one row, read one by one; problems are gathered and raised together at the end."""

    __slots__ = ("_kind", "_problems", "_reading", "_row")

    def __init__(self, row: Row, reading: Reading, kind: str) -> None:
        self._row, self._reading, self._kind = row, reading, kind
        self._problems: list[Problem] = []

    def done(self, result: T) -> T:
        """The result, if there was no problem and no field that is not known."""
        if not self._reading.written:
            known = COLUMNS[self._kind]
            expected = "one of " + ", ".join(known)
            unknown = [name for name in self._row if name not in known]
            self._problems += [Problem(field=n, expected=f"no such field, but {expected}", came=n) for n in unknown]
        if self._problems:
            raise InputError(self._problems)
        return result

    def has(self, name: str) -> bool:
        """Whether the row says anything there."""
        value = self._row.get(name)
        return value is not None and not (self._reading.written and value == "")

    def id(self, name: str) -> str:
        """A required identifier."""
        return self._once(name, "id", parse_id, "")

    def time(self, name: str) -> datetime:
        """A required instant at which something happened."""
        reading = self._reading

        def parse(value: object, name: str) -> datetime:
            at = parse_time(value, name, date_zone=reading.zone, naive_zone=reading.naive_zone)
            if at > reading.latest:
                raise InputError.of(name, f"a time that has come: at most {reading.latest:%Y-%m-%dT%H:%MZ}", value)
            return at

        return self._once(name, "time", parse, datetime.min)

    def decimal(self, name: str) -> Decimal | None:
        """A number of 0 or more, spelled out, or nothing."""
        return self._once(name, "decimal", parse_decimal, None) if self.has(name) else None

    def price(self, name: str, currency: str) -> Money | None:
        """Money that is stated, never rounded, or nothing."""

        def parse(value: object, name: str) -> Money:
            return parse_money(value, currency, name)

        return self._once(name, f"price in {currency}", parse, None) if self.has(name) else None

    def money(self, total: Decimal | None, item_id: str) -> Money | None:
        """A line's total in the currency that is named, the item's, or the shop's."""
        currency = self.currency(item_id)
        if total is None:
            return None
        minor = to_minor(total, currency)
        if minor > MAX_MINOR:
            self._wrong("amount", "an amount that money comes in", str(total))
        return Money(minor=minor, currency=currency)

    def currency(self, item_id: str) -> str:
        """The currency that is named; it must be the one the item is sold in, where that is known."""
        of_item = self._reading.currency_of(item_id)
        if not self.has("currency"):
            return of_item or self._reading.currency
        named = self._once("currency", "currency", parse_currency, self._reading.currency)
        if self._kind == "orders" and of_item is not None and named != of_item:
            self._wrong("currency", f"{of_item}, in which the item is sold", named)
        return named

    def quantity(self, name: str) -> int:
        """A whole number above 0; 1 where nothing is said."""
        value = self._row.get(name)
        if not self.has(name):
            return 1
        if self._reading.written and isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_QUANTITY:
            return value
        return self._wrong(name, f"a whole number from 1 to {MAX_QUANTITY}", value, 1)

    def number(self, name: str) -> float | None:
        """A finite number, or nothing."""
        value = self._row.get(name)
        if not self.has(name):
            return None
        try:
            if isinstance(value, int | float | Decimal) or (self._reading.written and _plain(value)):
                number = float(value)
                if math.isfinite(number) and not isinstance(value, bool):
                    return number
        except (ValueError, OverflowError):
            pass
        return self._wrong(name, "a finite number", value, None)

    def score(self) -> float:
        """A required score; of an nps question it is a whole number from 0 to 10."""
        if not self.has("score"):
            return self._wrong("score", "a finite number", None, 0.0)
        score = self.number("score")
        if self._row.get("kind") == "nps" and score is not None and score not in range(11):
            self._wrong("score", "a whole number from 0 to 10", score)
        return score or 0.0

    def text(self, name: str, longest: int = MAX_TEXT) -> str | None:
        """Free text, or nothing."""
        value = self._row.get(name)
        if not self.has(name):
            return None
        if isinstance(value, str) and len(value) <= longest and not _UNKEEPABLE.search(value):
            return value
        return self._wrong(name, f"text of up to {longest} characters", value, None)

    def word(self, name: str, allowed: Iterable[str] = ()) -> str:
        """Required text, perhaps one of a few words."""
        text, words = self.text(name, 200), tuple(allowed)
        if not self.has(name) or text == "" or (words and text is not None and text not in words):
            expected = "one of " + ", ".join(words) if words else "text of 1 to 200 characters"
            return self._wrong(name, expected, self._row.get(name), "")
        return text or ""

    def levels(self, name: str) -> tuple[str, ...]:
        """A category's levels, the widest first."""
        parts = (part.strip() for part in (self.text(name, 500) or "").split(">"))
        return tuple(part for part in parts if part)

    def zone(self, name: str) -> str | None:
        """The name of a time zone, or nothing."""
        return self._once(name, "zone", parse_zone, self._reading.zone).key if self.has(name) else None

    def truth(self, name: str, default: bool) -> bool:
        """Yes or no."""
        value = self._row.get(name)
        if not self.has(name):
            return default
        if self._reading.written and isinstance(value, str):
            value = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(value.lower())
        if isinstance(value, bool):
            return value
        return self._wrong(name, "true or false", self._row.get(name), default)

    def json(self, name: str) -> Mapping[str, object]:
        """An object of names and values; empty where nothing is said."""
        value = self._row.get(name)
        if not self.has(name):
            return {}
        try:
            if self._reading.written and isinstance(value, str):
                written, value = value, json.loads(value)
                if twice := named_twice(written.encode(errors="surrogatepass")):
                    return self._wrong(f"{name}.{twice[0]}", "the key once", "it more than once", {})
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            if (
                isinstance(value, dict)
                and len(text) <= MAX_JSON
                and not _UNKEEPABLE.search(text)
                and "\\u0000" not in text
            ):
                return value
        except (TypeError, ValueError, RecursionError):
            pass
        return self._wrong(name, f"a JSON object of up to {MAX_JSON} characters", self._row.get(name), {})

    def _once(self, name: str, kind: str, parse: Callable[[object, str], T], otherwise: T) -> T:
        """A parsed value, remembered: the same ids, times and amounts come again and again."""
        value = self._row.get(name)
        memory = self._reading.memory
        try:
            known = memory.get((kind, value)) if isinstance(value, str) else None
            if known is None:
                known = parse(value, name)
                if len(memory) < MEMORY and isinstance(value, str):
                    memory[kind, value] = known
        except InputError as error:
            self._problems += error.problems
            return otherwise
        return known  # type: ignore[return-value]

    def _wrong(self, name: str, expected: str, came: object, otherwise: T = None) -> T:  # type: ignore[assignment]
        self._problems.append(Problem(field=name, expected=expected, came=shown(came)))
        return otherwise
