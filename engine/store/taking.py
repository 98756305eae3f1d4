"""Taking in what came: the same for files and for requests, with whoever and whatever is new made on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.domain.shopping import OrderLine
from engine.errors import Problem
from engine.store import customers, events, items, orders, surveys
from engine.store.database import Tx
from engine.store.rows import Put


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What became of objects that came in: one word each, or what is wrong in the light of what is stored."""

    said: tuple[Put | Problem, ...]


def take(tx: Tx, kind: str, objects: Sequence[Any], *, import_id: int, now: datetime, compare: bool = True) -> Taken:
    """Store objects of one kind (``items``, ``customers``, ``orders``, ``events``, ``surveys``).

    Parameters
    ----------
    import_id : from ``orders.new_import``; the lines of one import add up
    compare : whether to tell an order line that stands already, equal, from a new one; costs a read
    """
    if kind == "orders":
        return _orders(tx, objects, import_id, now, compare)
    return Taken(said=tuple(_OTHERS[kind](tx, objects, now)))


def _orders(tx: Tx, lines: Sequence[OrderLine], import_id: int, now: datetime, compare: bool) -> Taken:
    owners = orders.owners(tx, {line.order_id for line in lines})
    wrong = [_not_theirs(line, owners.setdefault(line.order_id, line.customer_id)) for line in lines]
    good = [line for line, problem in zip(lines, wrong, strict=True) if problem is None]
    standing = orders.standing(tx, {line.order_id for line in good}) if compare else {}
    customers.ensure(tx, [line.customer_id for line in good], now)
    items.ensure(tx, [line.item_id for line in good])
    if good:
        orders.put_lines(tx, good, import_id=import_id)
    after = orders.standing(tx, {line.order_id for line in good}) if compare else {}
    return Taken(said=tuple(p or _changed(line, standing, after) for line, p in zip(lines, wrong, strict=True)))


def _not_theirs(line: OrderLine, owner: str) -> Problem | None:
    if owner == line.customer_id:
        return None
    return Problem(field="customer_id", expected="the customer whose order this is", came=repr(line.customer_id))


def _changed(line: OrderLine, before: dict[Any, OrderLine], after: dict[Any, OrderLine]) -> Put:
    key = (line.order_id, line.item_id)
    return Put.DUPLICATE if key in before and before[key] == after.get(key) else Put.ACCEPTED


def _events(tx: Tx, came: Sequence[Any], now: datetime) -> list[Put]:
    customers.ensure(tx, [event.customer_id for event in came], now)
    items.ensure(tx, [event.item_id for event in came if event.item_id is not None])
    return events.put(tx, came)


def _surveys(tx: Tx, came: Sequence[Any], now: datetime) -> list[Put]:
    customers.ensure(tx, [answer.customer_id for answer in came], now)
    return surveys.put(tx, came)


_OTHERS: dict[str, Callable[[Tx, Sequence[Any], datetime], list[Put]]] = {
    "items": lambda tx, came, now: items.put(tx, came),
    "customers": lambda tx, came, now: customers.put(tx, came, now),
    "events": _events,
    "surveys": _surveys,
}
