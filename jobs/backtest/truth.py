"""What customers did by themselves, looked up from a morning on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.domain.history import History


@dataclass(frozen=True, kw_only=True, slots=True)
class Bought:
    """One line of an order that came."""

    item_id: str
    day: float  # days since 1970-01-01 UTC
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of one thing that was shown, said or ordered."""

    right: bool  # an item of the list, or for all but lists any item of the family
    family: bool  # any item of the family
    exact: bool  # the very item, or one of the list
    quantity: bool  # the very item, and as many or more on that day
    day: float | None  # of the first purchase that made it right


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """What one customer bought in the weeks after a morning, by family, oldest first."""

    day: float
    lines: Mapping[str, tuple[Bought, ...]]

    def came(self, family: str, items: Collection[str], quantity: int, window: float, *, listed: bool) -> Came:
        """What came within so many days.

        Parameters
        ----------
        items : those of the order or the list
        quantity : of the order
        listed : whether it is a list, which is right only with an item of its own

        Examples
        --------
        >>> lines = (Bought(item_id="b", day=3.0, quantity=1), Bought(item_id="a", day=5.0, quantity=2))
        >>> found = Ahead(day=0.0, lines={"tea": lines}).came("tea", ["a"], 2, 7, listed=False)
        >>> found.right, found.exact, found.quantity, found.day
        (True, True, True, 3.0)
        """
        bought = [one for one in self.lines.get(family, ()) if one.day < self.day + window]
        same = [one for one in bought if one.item_id in items]
        right = same if listed else bought
        return Came(
            right=bool(right),
            family=bool(bought),
            exact=bool(same),
            quantity=bool(same) and _of_that_day(same) >= quantity,
            day=right[0].day if right else None,
        )


def _of_that_day(same: list[Bought]) -> int:
    """How many were bought on the first day of those lines."""
    return sum(one.quantity for one in same if int(one.day) == int(same[0].day))


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Own orders of everybody who lets them be used."""

    histories: Mapping[str, History]
    until: float  # days since 1970-01-01 UTC, from which on nothing is known

    @classmethod
    def of(cls, histories: Iterable[tuple[str, History]], until: float) -> Truth:
        """From histories by customer."""
        return cls(histories=dict(histories), until=until)

    def ahead(self, customer_id: str, day: float, days: float) -> Ahead:
        """What a customer bought in [day, day + days), as far as it is known."""
        history = self.histories.get(customer_id, History.empty())
        start, end = np.searchsorted(history.days, [day, min(day + days, self.until)], side="left").tolist()
        some = history.take(slice(start, end))
        lines: dict[str, list[Bought]] = {}
        for family, item, at, n in zip(some.families, some.items, some.days.tolist(), some.quantities, strict=True):
            lines.setdefault(family, []).append(Bought(item_id=item, day=at, quantity=int(n)))
        return Ahead(day=day, lines={family: tuple(found) for family, found in lines.items()})

    def purchases(self, customer_id: str, start: float) -> int:
        """How many families were bought on how many days from ``start`` on: pairs of a family and a day."""
        history = self.histories.get(customer_id, History.empty())
        first, end = np.searchsorted(history.days, [start, self.until], side="left").tolist()
        days = np.floor(history.days[first:end]).astype(np.int64).tolist()
        return len(set(zip(history.families[first:end], days, strict=True)))
