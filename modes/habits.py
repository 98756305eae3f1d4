"""What a customer's own purchases say of an item or a family: which, how many, how often, how long ago."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How one customer buys one item."""

    item_id: str
    days: int  # on which it was bought
    quantity: int  # usual, the median
    last_day: float  # days since 1970-01-01 UTC


def of_family(history: History, family: str) -> tuple[Habit, ...]:
    """The customer's items of a family, the most usual first."""
    return of_lines(lines(history, family))


def lines(history: History, family: str) -> History:
    """The lines of a family."""
    return history.take(_same(history.families, family))


def of_lines(bought: History) -> tuple[Habit, ...]:
    """The items of some lines, the most usual first: by the number of days, then the latest, then the id."""
    by_item: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for item, day, quantity in zip(
        bought.items.tolist(), bought.days.tolist(), bought.quantities.tolist(), strict=True
    ):
        by_item[item].append((day, quantity))
    habits = [_habit(item, seen) for item, seen in by_item.items()]
    return tuple(sorted(habits, key=lambda habit: (-habit.days, -habit.last_day, habit.item_id)))


def of_items(history: History, items: Collection[str]) -> tuple[Habit, ...]:
    """Those of the items that the customer bought, the most usual first."""
    wanted = frozenset(items)
    return of_lines(history.take(np.fromiter((item in wanted for item in history.items), bool, len(history))))


def purchase_days(history: History, family: str) -> NDArray[np.int64]:
    """The days on which a family was bought, ascending; whole days since 1970-01-01 UTC."""
    return np.unique(history.days[_same(history.families, family)].astype(np.int64))


def last_day(history: History, family: str) -> float | None:
    """When the family was last bought; None if never."""
    days = history.days[_same(history.families, family)]
    return float(days[-1]) if len(days) else None


def occurrence(day: float | None) -> str:
    """The name of the occurrence of a need that a purchase on this day began; such names sort as their days do.

    Examples
    --------
    >>> occurrence(17_500.7), occurrence(None)
    ('after:2017-11-30', 'first')
    """
    return "first" if day is None else f"after:{(_EPOCH + timedelta(days=int(day))).date().isoformat()}"


def _same(values: NDArray[np.object_], wanted: str) -> NDArray[np.bool_]:
    return np.asarray(values == wanted, dtype=bool)


def _habit(item: str, seen: list[tuple[float, int]]) -> Habit:
    return Habit(
        item_id=item,
        days=len({int(day) for day, _ in seen}),
        quantity=max(1, median_low(quantity for _, quantity in seen)),
        last_day=max(day for day, _ in seen),
    )
