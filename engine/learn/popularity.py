"""What most customers buy lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
HALF_LIFE = 28.0  # days


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Popularity:
    """How much each item is bought, the latest purchases counting most.

    Attributes
    ----------
    scores : float array of shape (n_items,), from 0 (never bought) to 1 (the most)
    ranking : int array of shape (n_items,), codes by falling score, then by all purchases, then by code
    """

    scores: Floats
    ranking: Ints
    places: Ints = field(init=False)  # of each item in the ranking, from 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", np.argsort(self.ranking, kind="stable"))

    @classmethod
    def fit(cls, lines: Lines, day: float, half_life: float = HALF_LIFE) -> Popularity:
        """From what was bought before ``day``: log(1 + decayed purchases), as a share of the highest.

        Examples
        --------
        >>> days = np.array([1.0, 1.0, 1.0])
        >>> bought = Lines(customers=np.zeros(3, int), items=np.array([2, 1, 2]), orders=np.zeros(3, int), days=days,
        ...     n_customers=1, n_items=3)
        >>> found = Popularity.fit(bought, day=1.0)
        >>> found.ranking.tolist(), found.scores.round(3).tolist()
        ([2, 1, 0], [0.0, 0.631, 1.0])
        """
        weights = np.exp2(-np.maximum(day - lines.days, 0.0) / half_life)
        scores = np.log1p(np.bincount(lines.items, weights, minlength=lines.n_items))
        scores /= max(float(scores.max(initial=0.0)), 1e-12)
        counts = np.bincount(lines.items, minlength=lines.n_items)
        ranking = np.lexsort((np.arange(lines.n_items), -counts, -scores))
        return cls(scores=scores, ranking=ranking.astype(np.int64))

    def of(self, items: Ints) -> Floats:
        """The score of each item; 0 for codes the model did not learn of."""
        known = items < len(self.scores)
        return (
            np.where(known, self.scores[np.where(known, items, 0)], 0.0) if len(self.scores) else np.zeros(len(items))
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"scores": self.scores, "ranking": self.ranking.astype(np.int32)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Popularity:
        """The inverse of ``arrays``."""
        return cls(scores=arrays["scores"], ranking=arrays["ranking"].astype(np.int64))
