"""How readily things are bought again: some are bought once, some for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
PRIOR = 5.0  # purchases, of the usual share of repeats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Repeat:
    """For each item, the share of its purchases by customers who had bought it before.

    Attributes
    ----------
    rates : float array of shape (n_items,), drawn to the share of all purchases where there are few
    usual : that share
    """

    rates: Floats
    usual: float

    @classmethod
    def fit(cls, lines: Lines) -> Repeat:
        """(purchases - buyers + 5 usual) / (purchases + 5), by item.

        Examples
        --------
        >>> bought = Lines(customers=np.array([0, 0, 1]), items=np.array([0, 0, 1]), orders=np.array([0, 1, 2]),
        ...     days=np.array([1.0, 2.0, 2.0]), n_customers=2, n_items=2)
        >>> found = Repeat.fit(bought)  # one purchase of three is a repeat
        >>> found.rates.round(4).tolist()  # (2 - 1 + 5 / 3) / 7 and (1 - 1 + 5 / 3) / 6
        [0.381, 0.2778]
        """
        counts = np.bincount(lines.items, minlength=lines.n_items).astype(float)
        pairs = np.unique(lines.customers.astype(np.int64) * lines.n_items + lines.items)
        buyers = np.bincount(pairs % lines.n_items, minlength=lines.n_items) if lines.n_items else np.zeros(0)
        usual = float((counts - buyers).sum() / counts.sum()) if len(lines) else 0.0
        return cls(rates=(counts - buyers + PRIOR * usual) / (counts + PRIOR), usual=usual)

    def of(self, items: Ints) -> Floats:
        """The rate of each item against the usual one; 1 for codes the model did not learn of."""
        known = items < len(self.rates)
        rates = self.rates[np.where(known, items, 0)] if len(self.rates) else np.full(len(items), self.usual)
        return np.where(known, rates, self.usual) / self.usual if self.usual > 0 else np.ones(len(items))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"rates": self.rates, "usual": np.array([self.usual])}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Repeat:
        """The inverse of ``arrays``."""
        return cls(rates=arrays["rates"], usual=float(arrays["usual"][0]))
