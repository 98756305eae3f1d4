"""What one customer bought, as the parts of the next-basket model see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History
from engine.learn.catalogue import Catalogue

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Past:
    """One customer's purchases, by item.

    Attributes
    ----------
    items : int array of shape (n_own,), codes of what was bought, ascending; those from ``len(catalogue)`` on are
        ``strangers``, which the model did not learn of
    strangers : their ids
    places : int array of shape (n_lines,), which of ``items`` each line is of
    ages : float array of shape (n_lines,), days before now
    ranks : float array of shape (n_lines,), orders before now, 0 the latest
    """

    items: Ints
    strangers: tuple[str, ...]
    places: Ints
    ages: Floats
    ranks: Floats

    @classmethod
    def of(cls, items: Ints, orders: Ints, days: Floats, day: float, strangers: tuple[str, ...] = ()) -> Past:
        """From lines in time, which all lie before ``day``."""
        own, places = np.unique(items, return_inverse=True)
        starts = np.diff(orders, prepend=-1) != 0
        numbers = np.cumsum(starts)
        ranks = (numbers[-1] - numbers).astype(float) if len(orders) else np.zeros(0)
        return cls(items=own, strangers=strangers, places=places, ages=np.maximum(day - days, 0.0), ranks=ranks)

    @classmethod
    def of_history(cls, history: History, catalogue: Catalogue, day: float) -> Past:
        """From a live history, what lies before ``day``."""
        seen = history.before(day)
        codes = catalogue.codes(seen.items)
        table: dict[str, int] = {}
        for line in np.flatnonzero(codes < 0).tolist():
            codes[line] = len(catalogue) + table.setdefault(seen.items[line], len(table))
        return cls.of(codes, seen.orders, seen.days, day, tuple(table))

    @property
    def n(self) -> int:
        """How many different items were bought."""
        return len(self.items)

    def decayed(self, weights: Floats) -> Floats:
        """The weights of the lines summed by item, shape (n_own,)."""
        return np.bincount(self.places, weights, minlength=self.n).astype(np.float64)

    def by_days(self, half_life: float) -> Floats:
        """How often each was bought, a purchase counting half after so many days."""
        return self.decayed(np.exp2(-self.ages / half_life))

    def by_orders(self, half_life: float) -> Floats:
        """How often each was bought, a purchase counting half after so many orders."""
        return self.decayed(np.exp2(-self.ranks / half_life))
