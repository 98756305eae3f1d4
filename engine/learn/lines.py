"""Many customers' purchase lines in codes: what models are fitted on, and how time splits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.learn.runs import begins, changes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lines:
    """Lines in the order of customer, time and order.

    Attributes
    ----------
    customers, items : int arrays of shape (n_lines,), codes from 0
    orders : int array of shape (n_lines,), number of the order; ascending
    days : float array of shape (n_lines,), days since 1970-01-01 UTC, the same for all lines of an order
    """

    customers: Ints
    items: Ints
    orders: Ints
    days: Floats
    n_customers: int
    n_items: int

    def __len__(self) -> int:
        return len(self.items)

    def take(self, kept: Bools) -> Lines:
        """Some of the lines, in their order."""
        return replace(
            self,
            customers=self.customers[kept],
            items=self.items[kept],
            orders=self.orders[kept],
            days=self.days[kept],
        )

    def before(self, day: float) -> Lines:
        """What was bought before ``day``."""
        return self.take(self.days < day)

    def by(self, codes: Ints, n: int) -> Lines:
        """The lines with something else in the place of items, such as their families; once an order.

        Parameters
        ----------
        codes : int array of shape (n_items,), what each item becomes
        n : how many codes there are
        """
        changed = replace(self, items=codes[self.items], n_items=n)
        order = np.lexsort((changed.items, changed.orders))
        kept = np.zeros(len(self), bool)
        kept[order[changes(changed.orders[order], changed.items[order])]] = True
        return changed.take(kept)

    def each(self) -> Iterator[tuple[int, slice]]:
        """Every customer who bought anything, with where their lines are."""
        edges = np.append(begins(self.customers), len(self))
        for start, end in pairwise(edges.tolist()):
            yield int(self.customers[start]), slice(start, end)

    def numbers(self) -> Ints:
        """For each line, the number of its order among its customer's, from 0."""
        number = np.cumsum(changes(self.orders)) - 1
        first = np.zeros(self.n_customers, np.int64)
        starts = begins(self.customers)
        first[self.customers[starts]] = number[starts]
        found: Ints = number - first[self.customers]
        return found

    def from_the_end(self) -> Ints:
        """For each line, which order of its customer it belongs to, counted from the latest, which is 1."""
        new = changes(self.orders)
        number = np.cumsum(new) - 1
        owner = self.customers[new]
        last = np.zeros(self.n_customers, np.int64)
        last[owner] = np.arange(len(owner))
        places: Ints = last[self.customers] - number + 1
        return places


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Split:
    """What may be looked at, and the orders that are to be foreseen: one a customer, after all that customer's rest."""

    past: Lines
    future: Lines


def last_orders(lines: Lines, back: int = 1, least: int = 4) -> Split:
    """The latest order of each customer with at least ``least`` of them is to be foreseen from what came before.

    Parameters
    ----------
    back : 1 foresees the latest; 2 the one before it, and nobody's latest is looked at
    """
    place = lines.from_the_end()
    counts = np.zeros(lines.n_customers, np.int64)
    np.maximum.at(counts, lines.customers, place)
    tested = (counts >= least)[lines.customers]
    return Split(past=lines.take(~tested | (place > back)), future=lines.take(tested & (place == back)))


def next_orders(lines: Lines, day: float) -> Split:
    """The first order from ``day`` on of everybody who bought before, foreseen from what was bought before ``day``."""
    past = lines.before(day)
    known = np.zeros(lines.n_customers, bool)
    known[past.customers] = True
    later = lines.take((lines.days >= day) & known[lines.customers])
    first = np.full(lines.n_customers, np.iinfo(np.int64).max)
    np.minimum.at(first, later.customers, later.orders)
    return Split(past=past, future=later.take(later.orders == first[later.customers]))
