"""What is known of all items and families as of a day, as a ranking looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.candidates import Proposed
from engine.learn.cases import Cases
from engine.learn.demand import HALF_LIVES, SOLD, TRAITS, Demand, Sales
from engine.learn.lines import Lines
from engine.learn.siblings import MOST, Siblings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]

LATELY = HALF_LIVES.index(7.0)
ROOM = 1 << 28  # bytes that the tables of all days may take
OF_ITEM = 4 * len(TRAITS) + 4 + 2 * 8  # bytes: traits, popularity, the ranking and the place in it
OF_FAMILY = 4 * len(TRAITS) + 8 * MOST  # bytes: traits, siblings and their shares


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Market:
    """How items and families sell as of a day.

    Attributes
    ----------
    day : days since 1970-01-01 UTC; it knows nothing from then on
    items : float32 array of shape (n_items + 1, 9), ``demand.TRAITS`` of each; the last row is of items not known
    families : float32 array of shape (n_families + 1, 9)
    ranking : int array of shape (n_items,), codes, what is sold most lately first, then by all sales, then by code
    siblings : what is sold most of each family
    """

    day: float
    items: Float32s
    families: Float32s
    ranking: Ints
    siblings: Siblings
    places: Ints = field(init=False)  # of each item in the ranking, from 0
    popularity: Float32s = field(init=False)  # lately, as a share of the most sold on a logarithmic scale, (n_items,)

    def __post_init__(self) -> None:
        sold = self.items[:-1, LATELY]
        object.__setattr__(self, "places", np.argsort(self.ranking, kind="stable"))
        object.__setattr__(self, "popularity", sold / max(float(sold.max(initial=0.0)), 1e-12))

    @classmethod
    def of(cls, day: float, items: Demand, families: Demand, family_of: Ints) -> Market:
        """From the demand for items and for families, and which family each item is of."""
        lately, ever = items.sums[:, LATELY], items.sums[:, SOLD]
        ranking = np.lexsort((-ever, -lately)).astype(np.int64)
        return cls(
            day=day,
            items=_with_stranger(items.traits()),
            families=_with_stranger(families.traits()),
            ranking=ranking,
            siblings=Siblings.fit(family_of, families.n_codes, ranking[lately[ranking] > 0], lately),
        )

    @property
    def n_items(self) -> int:
        """How many items it knows."""
        return len(self.items) - 1

    def of_items(self, codes: Ints) -> Float32s:
        """Their traits; of codes it does not know, those of something never sold."""
        return self.items[np.minimum(codes, len(self.items) - 1)]

    def of_families(self, codes: Ints) -> Float32s:
        """The same of families."""
        return self.families[np.minimum(codes, len(self.families) - 1)]

    def candidates(self, cases: Cases, n: int) -> Proposed:
        """What is sold most lately, the same for everybody."""
        leaders = self._open(cases, n)
        return Proposed(owners=np.repeat(np.arange(len(cases)), len(leaders)), items=np.tile(leaders, len(cases)))

    def _open(self, cases: Cases, n: int) -> Ints:
        for most in (2 * n, len(self.ranking)):
            leaders = self.ranking[:most]
            leaders = leaders[cases.open(leaders)]
            if len(leaders) >= n:
                break
        return leaders[:n]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {
            "day": np.array([self.day]),
            "items": self.items,
            "families": self.families,
            "ranking": self.ranking.astype(np.int32),
            "siblings": self.siblings.items,
            "shares": self.siblings.shares,
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Market:
        """The inverse of ``arrays``."""
        return cls(
            day=float(arrays["day"][0]),
            items=arrays["items"],
            families=arrays["families"],
            ranking=arrays["ranking"].astype(np.int64),
            siblings=Siblings(items=arrays["siblings"], shares=arrays["shares"]),
        )


def markets(lines: Lines, family_of: Ints, n_families: int, days: Floats) -> list[Market]:
    """As of each of some days, which ascend; each looks only at what was bought before its day."""
    orders = lines.numbers()
    items = Sales.of(lines.customers, lines.items, orders, lines.days, lines.n_items)
    families = Sales.of(lines.customers, family_of[lines.items], orders, lines.days, n_families)
    pairs = zip(days.tolist(), Demand.each(items, days), Demand.each(families, days), strict=True)
    return [Market.of(day, of_items, of_families, family_of) for day, of_items, of_families in pairs]


def market_days(days: Floats, n_items: int, n_families: int, most: int = 48) -> Floats:
    """Up to ``most`` days that lie as the given ones do, none later than the day it stands for; fewer of many items."""
    room = ROOM // (OF_ITEM * n_items + OF_FAMILY * n_families + 1)
    shares = np.linspace(0, 1, max(2, min(most, room)))
    found: Floats = np.unique(np.quantile(np.floor(days), shares, method="lower"))
    return found


def known_by(found: Sequence[Market], days: Floats) -> Ints:
    """For each day the place of the latest market that had come by then."""
    edges = np.array([market.day for market in found])
    return np.maximum(np.searchsorted(edges, days, side="right") - 1, 0)


def _with_stranger(traits: Float32s) -> Float32s:
    """With a last row for what was never sold: the least of each column that counts, the mean of each that does not."""
    if not len(traits):
        return np.zeros((1, len(TRAITS)), np.float32)
    unknown = traits.mean(axis=0)
    unknown[: len(HALF_LIVES) + 1] = 0.0
    unknown[-2:] = 0.0
    return np.concatenate((traits, unknown[None, :]))
