"""Tastes by matrix factorization with implicit feedback; customers are folded in, so none is kept.

Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets (ICDM 2008), fitted by ``implicit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
HALF_LIFE = 120.0  # days after which a purchase weighs half
CONFIDENCE = 10.0  # of one purchase made now, against 1 for none


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Als:
    """Item factors, and what is needed to find a customer's.

    Attributes
    ----------
    factors : float32 array of shape (n_items, n_factors)
    gram : float array of shape (n_factors, n_factors), the factors' inner products and the regularization
    """

    factors: NDArray[np.float32]
    gram: Floats

    @classmethod
    def fit(
        cls,
        lines: Lines,
        day: float,
        *,
        seed: int,
        factors: int = 64,
        epochs: int = 15,
        regularization: float = 0.05,
    ) -> Als:
        """From what was bought before ``day``."""
        from implicit.cpu.als import AlternatingLeastSquares

        with threadpool_limits(1):
            model = AlternatingLeastSquares(
                factors=factors, iterations=epochs, regularization=regularization, alpha=1.0, random_state=seed
            )
            model.fit(confidences(lines, day), show_progress=False)
        return cls.of_factors(np.asarray(model.item_factors, np.float32), regularization)

    @classmethod
    def of_factors(cls, factors: NDArray[np.float32], regularization: float) -> Als:
        """With the matrix that folding in needs."""
        wide = factors.astype(np.float64)
        return cls(factors=factors, gram=wide.T @ wide + regularization * np.eye(factors.shape[1]))

    def taste(self, items: Ints, weights: Floats) -> Floats:
        """A customer's factors from what they bought (equation 4 of the paper), shape (n_factors,).

        Parameters
        ----------
        items : codes of what was bought; strangers to the model are passed over
        weights : decayed purchases of each, as ``Past.by_days(HALF_LIFE)`` gives them
        """
        known = items < len(self.factors)
        own, confidence = self.factors[items[known]].astype(np.float64), CONFIDENCE * weights[known]
        if not len(own):
            return np.zeros(self.factors.shape[1])
        matrix = self.gram + own.T @ (own * (confidence - 1)[:, None])
        solved: Floats = np.linalg.solve(matrix, own.T @ confidence).astype(np.float64)
        return solved

    def scores(self, taste: Floats) -> NDArray[np.float32]:
        """How well each item suits a taste, shape (n_items,); about 0 to 1."""
        found: NDArray[np.float32] = self.factors @ taste.astype(np.float32)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"factors": self.factors, "gram": self.gram}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Als:
        """The inverse of ``arrays``."""
        return cls(factors=arrays["factors"], gram=arrays["gram"])


def confidences(lines: Lines, day: float) -> csr_matrix:
    """Decayed purchases times the confidence of one, shape (n_customers, n_items)."""
    weights = CONFIDENCE * np.exp2(-np.maximum(day - lines.days, 0.0) / HALF_LIFE)
    shape = (lines.n_customers, lines.n_items)
    return csr_matrix((weights.astype(np.float32), (lines.customers, lines.items)), shape=shape)
