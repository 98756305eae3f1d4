"""Items that nobody bought yet, ranked for customers by what they bought of the same kind, and at what price.

How much each trait says is learned from the items that were new before: a logistic regression on who took which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LAUNCH = 28.0  # days in which an item is new
HALF_LIFE = 84.0  # days
LITTLE = 0.05  # purchases, so that none have a logarithm
DRAWN = 2.0  # purchases by which a price of a family is drawn to the customer's usual one
FAR_OFF = 1.5  # how far in logarithms an unknown price is taken to be
PART = 100  # customers looked at together
LEARNED_FROM = 1_000  # customers at most
LEAST = 50  # purchases of new items, without which nothing is learned
OTHERS = 100  # items not taken, beside each that was
TRAITS = (
    "own_family",
    "own_category",
    "family_sales",
    "family_sales_an_item",
    "category_sales",
    "price_in_family",
    "price",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shelf:
    """What is known of all items, and of all purchases before a day.

    Attributes
    ----------
    lines : nothing from ``day`` on
    prices : float array of shape (n_items,), logarithm of the price, nan where unknown
    """

    lines: Lines
    catalogue: Catalogue
    prices: Floats
    day: float

    def parts(self, owners: Ints, items: Ints) -> Iterator[tuple[Ints, Floats]]:
        """The traits of each pair, some owners at a time: their places, and floats of shape (owners, n_items, 7)."""
        of_items = self._of_items(items)
        for start in range(0, len(owners), PART):
            some = owners[start : start + PART]
            yield np.arange(start, start + len(some)), self._traits(some, items, of_items)

    def _of_items(self, items: Ints) -> Floats:
        """What all customers bought lately of each item's family and category, shape (n_items, 3)."""
        late = self.lines.items[self.lines.days >= self.day - HALF_LIFE]
        family_of, category_of = self.catalogue.family_of, self.catalogue.category_of
        families, categories = len(self.catalogue.families), len(self.catalogue.categories)
        sold = np.bincount(family_of[late], minlength=families).astype(float)
        different = np.bincount(family_of[np.unique(late)], minlength=families)
        below = np.bincount(category_of[late], minlength=categories)
        family, category = family_of[items], category_of[items]
        return np.column_stack(
            [
                np.log1p(sold[family]),
                np.log(sold[family] / np.maximum(different[family], 1) + LITTLE),
                np.log1p(below[category]),
            ]
        )

    def _traits(self, owners: Ints, items: Ints, of_items: Floats) -> Floats:
        place = np.full(self.lines.n_customers, -1)
        place[owners] = np.arange(len(owners))
        theirs = place[self.lines.customers] >= 0
        rows, bought = place[self.lines.customers[theirs]], self.lines.items[theirs]
        weights = np.exp2(-(self.day - self.lines.days[theirs]) / HALF_LIFE)
        family_of, category_of = self.catalogue.family_of, self.catalogue.category_of
        families, categories = len(self.catalogue.families), len(self.catalogue.categories)
        by_family = _table(rows, family_of[bought], weights, len(owners), families)
        by_category = _table(rows, category_of[bought], weights, len(owners), categories)
        priced = np.isfinite(self.prices[bought])
        where = rows[priced], family_of[bought[priced]]
        sums = _table(*where, self.prices[bought[priced]], len(owners), families)
        counts = _table(*where, np.ones(len(where[0])), len(owners), families)
        usual = sums.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        family, category = family_of[items], category_of[items]
        expected = ((sums + DRAWN * usual) / (counts + DRAWN))[:, family]
        shape = (len(owners), len(items))
        return np.stack(
            [
                np.log(by_family[:, family] + LITTLE),
                np.log(by_category[:, category] + LITTLE),
                *(np.broadcast_to(column, shape) for column in of_items.T),
                _nearness(self.prices[items] - expected),
                _nearness(self.prices[items] - usual),
            ],
            axis=-1,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Newcomers:
    """How much each trait speaks for a new item; float arrays of shape (7,)."""

    weights: Floats
    center: Floats
    scale: Floats

    @classmethod
    def fit(cls, lines: Lines, catalogue: Catalogue, prices: Floats, day: float, *, seed: int) -> Newcomers | None:
        """From the items that were first sold in the four weeks before ``day``; None where too few of them were bought.

        What was bought of the same kind is looked at as it stood before these weeks.
        """
        from sklearn.linear_model import LogisticRegression

        launch = launched(lines, day - LAUNCH, day)
        rng = np.random.default_rng(seed)
        shelf = Shelf(lines=lines.before(day - LAUNCH), catalogue=catalogue, prices=prices, day=day - LAUNCH)
        owners = launch.owners
        if len(owners) > LEARNED_FROM:
            owners = np.sort(rng.choice(owners, LEARNED_FROM, replace=False))
        if len(launch.taken) < LEAST:
            return None
        traits, taken = [], []
        for places, known in shelf.parts(owners, launch.items):
            came = launch.came(owners[places])
            share = min(1.0, OTHERS * came.sum() / came.size)
            kept = came | (rng.random(came.shape) < share)
            traits.append(known[kept])
            taken.append(came[kept])
        told, answers = np.concatenate(traits), np.concatenate(taken)
        if answers.all() or not answers.any():
            return None
        center, scale = told.mean(axis=0), np.maximum(told.std(axis=0), 1e-9)
        learned = LogisticRegression(max_iter=300).fit((told - center) / scale, answers)
        return cls(weights=learned.coef_[0].astype(np.float64), center=center, scale=scale)

    def scores(self, traits: Floats) -> Floats:
        """Of pairs, higher is better; comparable for one customer."""
        found: Floats = ((traits - self.center) / self.scale) @ self.weights
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Launch:
    """Items that were new in some days, and who took them: customers who had bought before.

    Attributes
    ----------
    items, owners : int arrays, codes, ascending
    taken : int array, keys owner * n_items + item, ascending
    """

    items: Ints
    owners: Ints
    taken: Ints
    n_items: int

    def came(self, owners: Ints) -> NDArray[np.bool_]:
        """Whether each of some owners took each item, shape (n_owners, n_items)."""
        found: NDArray[np.bool_] = np.isin(owners[:, None] * self.n_items + self.items, self.taken)
        return found


def launched(lines: Lines, start: float, end: float) -> Launch:
    """The items first sold from ``start`` on and before ``end``, and what was bought of them by then."""
    first = np.full(lines.n_items, np.inf)
    np.minimum.at(first, lines.items, lines.days)
    new = (first >= start) & (first < end)
    known = np.zeros(lines.n_customers, bool)
    known[lines.customers[lines.days < start]] = True
    kept = new[lines.items] & (lines.days < end) & known[lines.customers]
    taken = np.unique(lines.customers[kept] * lines.n_items + lines.items[kept])
    return Launch(
        items=np.flatnonzero(new), owners=np.unique(taken // lines.n_items), taken=taken, n_items=lines.n_items
    )


def _table(rows: Ints, columns: Ints, weights: Floats, n_rows: int, n_columns: int) -> Floats:
    found = np.bincount(rows * n_columns + columns, weights, n_rows * n_columns).reshape(n_rows, n_columns)
    return found.astype(np.float64)


def _nearness(apart: Floats) -> Floats:
    found: Floats = -np.abs(np.nan_to_num(apart, nan=FAR_OFF))
    return found
