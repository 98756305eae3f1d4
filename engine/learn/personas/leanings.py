"""What the customers of each persona buy more or less of than all do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LATELY = 28.0  # days
LEAST = 1.0  # purchases that a share is drawn to that of all by, at least


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Leanings:
    """By how much each persona buys each item more than all customers do, from what was bought lately.

    Attributes
    ----------
    lifts : float32 array of shape (k, n_items), the persona's share of an item over that of all; 1 where nothing is
        known
    """

    lifts: NDArray[np.float32]

    @classmethod
    def fit(cls, lines: Lines, persona_of: Ints, k: int, day: float) -> Leanings:
        """From the purchases of the four weeks before ``day``.

        Each share is drawn to that of all customers, the more the less the personas are found to differ beyond chance.

        Parameters
        ----------
        persona_of : int array of shape (n_customers,), the place of each customer's persona; -1 of none
        """
        late = (lines.days >= day - LATELY) & (lines.days < day) & (persona_of[lines.customers] >= 0)
        keys = persona_of[lines.customers[late]] * lines.n_items + lines.items[late]
        counts = np.bincount(keys, minlength=k * lines.n_items).reshape(k, lines.n_items).astype(float)
        return cls(lifts=_lifts(counts).astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"lifts": self.lifts}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Leanings:
        """The inverse of ``arrays``."""
        return cls(lifts=arrays["lifts"])


def _lifts(counts: Floats) -> Floats:
    totals = counts.sum(axis=1, keepdims=True)
    share = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
    weight = prior(counts)
    if not np.isfinite(weight):
        return np.ones_like(counts)
    drawn = (counts + weight * share) / (totals + weight)
    found: Floats = np.divide(drawn, share, out=np.ones_like(counts), where=share > 0)
    return found


def prior(counts: Floats) -> float:
    """How many purchases of all customers' kind each persona's are drawn by; inf where they do not differ.

    Shares that differ by a Dirichlet of this weight spread the counts beyond the multinomial by 1 + (n - 1) / (weight
    + 1) (Mosimann 1962); the weight is the one that gives the spread that is seen, over all personas and items.

    Parameters
    ----------
    counts : float array of shape (k, n_items), purchases

    Examples
    --------
    >>> prior(np.array([[30.0, 70.0], [30.0, 70.0]]))
    inf
    """
    totals = counts.sum(axis=1)
    share = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
    others = 1 - totals / max(float(totals.sum()), 1.0)  # all customers' shares hold the persona's own purchases
    spread = float((share * (1 - share)).sum())
    seen = float(((counts - totals[:, None] * share) ** 2).sum())
    chance = float((totals * others).sum()) * spread
    beyond = float((totals * np.maximum(totals - 1, 0) * others).sum()) * spread
    if seen <= chance or beyond == 0:
        return float("inf")
    return max(beyond / (seen - chance) - 1, LEAST)
