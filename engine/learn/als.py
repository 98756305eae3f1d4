"""Tastes by matrix factorization with implicit feedback; customers are folded in, so none is kept.

Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets (ICDM 2008), fitted by ``implicit``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from engine.learn import nearest
from engine.learn.candidates import Proposed, first_of_each
from engine.learn.cases import Cases
from engine.learn.lines import Lines
from engine.learn.nearest import Nearest
from engine.learn.state import DAYS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DECAY = 2  # of the half-lives of a state: as it is fitted, so it is folded in
HALF_LIFE = DAYS[DECAY]  # days after which a purchase weighs half
DEAREST = 100  # of an owner's items, that tell the taste
EPOCHS = 15
SPARE = 200  # more items that an index is asked for, in place of those bought; where that is too few, all are looked at
NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tasting:
    """How tastes are fitted."""

    factors: int = 64
    regularization: float = 0.05
    confidence: float = 10.0  # of one purchase made now, against 1 for none
    fading: bool = True  # whether a purchase weighs half after 150 days
    fits: int = 1  # from as many starts, whose mean tells a taste


Factorize = Callable[[csr_matrix, Tasting, int], NDArray[np.float32]]  # confidences, how, seed -> item factors


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tastes:
    """What suits some owners.

    Attributes
    ----------
    values : float32 array of shape (n_owners, n_factors)
    factors : float32 array of shape (n_items, n_factors)
    index : of the factors; None: all of them are looked at
    """

    values: NDArray[np.float32]
    factors: NDArray[np.float32]
    index: Nearest | None = None

    def candidates(self, cases: Cases, n: int) -> Proposed:
        """The ``n`` items of the whole catalogue that suit each owner best, of those not bought yet."""
        items = cases.state.items
        edges = np.searchsorted(items.owners, np.arange(len(cases) + 1)).tolist()
        bought = [items.codes[start:end] for start, end in pairwise(edges)]
        if self.index is None or self.index.index is None:
            found = [self._best(cases, owner, own, n) for owner, own in enumerate(bought)]
        else:
            near = self.index.top(self.values, n + min(max(map(len, bought), default=0), SPARE))
            found = [_left(cases, some, own)[:n] for some, own in zip(near, bought, strict=True)]
            found = [
                self._best(cases, owner, own, n) if len(some) < n else some
                for owner, (some, own) in enumerate(zip(found, bought, strict=True))
            ]
        lengths = [len(items) for items in found]
        return Proposed(owners=np.repeat(np.arange(len(cases)), lengths), items=np.concatenate([*found, NONE]))

    def _best(self, cases: Cases, owner: int, own: Ints, n: int) -> Ints:
        scores = self.factors @ self.values[owner]
        scores[own[own < len(scores)]] = -np.inf
        if cases.barred is not None:
            scores[cases.barred[: len(scores)]] = -np.inf
        best = np.argpartition(-scores, n - 1)[:n] if len(scores) > n else np.arange(len(scores))
        found: Ints = best[np.isfinite(scores[best])].astype(np.int64)
        return found

    def of(self, owners: Ints, items: Ints) -> Floats:
        """How well each item suits its owner, about 0 to 1; 0 for strangers to the model."""
        known = items < len(self.factors)
        found = np.zeros(len(items))
        found[known] = np.einsum("ij,ij->i", self.values[owners[known]], self.factors[items[known]])
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Als:
    """Item factors, and what is needed to find a customer's.

    Attributes
    ----------
    factors : float32 array of shape (n_items, n_fits * n_factors), those of one fit after another
    gram : float array of shape (n_fits, n_factors, n_factors), inner products of each and the regularization
    weighing : float array of shape (2,), the confidence of one purchase made now, and whether purchases fade
    index : of the factors, where there are many items
    """

    factors: NDArray[np.float32]
    gram: Floats
    weighing: Floats
    index: Nearest | None = None

    @classmethod
    def fit(
        cls,
        lines: Lines,
        day: float,
        *,
        seed: int,
        tasting: Tasting = Tasting(),
        factorize: Factorize | None = None,
    ) -> Als:
        """From what was bought before ``day``; None factorizes by ``implicit``, here."""
        bought, by = confidences(lines, day, tasting), factorize or by_implicit
        return cls.of_factors([by(bought, tasting, seed + n) for n in range(tasting.fits)], tasting)

    @classmethod
    def of_factors(cls, fits: Sequence[NDArray[np.float32]], tasting: Tasting) -> Als:
        """With the item factors of fits from elsewhere, each of shape (n_items, n_factors)."""
        wide = [factors.astype(np.float64) for factors in fits]
        return cls(
            factors=np.concatenate(fits, axis=1),
            gram=np.stack([one.T @ one + tasting.regularization * np.eye(one.shape[1]) for one in wide]),
            weighing=np.array([tasting.confidence, tasting.fading], float),
        )

    def indexed(self, cases: Cases, *, seed: int) -> Als:
        """With an index, tried on the tastes of some owners; without where items are few or the extra is missing."""
        if len(self.factors) < nearest.LARGE or not nearest.present() or not len(cases):
            return self
        return replace(self, index=Nearest.fit(self.factors, self.tastes(cases).values, seed=seed))

    def tastes(self, cases: Cases) -> Tastes:
        """Each owner's factors, from the dearest of what they bought (equation 4 of the paper)."""
        items = cases.state.items
        rows = np.flatnonzero(items.codes < len(self.factors))
        rows = rows[first_of_each(items.owners[rows], cases.fondness[rows], DEAREST)]
        owners, codes = items.owners[rows], items.codes[rows]
        confidence, fading = self.weighing
        age = np.maximum(cases.days[owners] - items.last_day[rows], 0.0)
        counts = items.by_days[rows, DECAY] * np.exp2(-age / HALF_LIFE) if fading else items.counts[rows]
        edges = np.searchsorted(owners, np.arange(len(cases) + 1)).tolist()
        found = np.zeros((len(cases), self.factors.shape[1]), np.float32)
        for owner, (start, end) in enumerate(pairwise(edges)):
            found[owner] = self._taste(codes[start:end], confidence * counts[start:end])
        return Tastes(values=found, factors=self.factors, index=self.index)

    def _taste(self, items: Ints, confidence: Floats) -> Floats:
        """Solved for each fit, so that the inner product with an item's factors is the mean of what they say."""
        if not len(items):
            return np.zeros(self.factors.shape[1])
        fits = np.split(self.factors[items].astype(np.float64), len(self.gram), axis=1)
        solved = [
            np.linalg.solve(gram + own.T @ (own * (confidence - 1)[:, None]), own.T @ confidence)
            for gram, own in zip(self.gram, fits, strict=True)
        ]
        return np.concatenate(solved).astype(np.float64) / len(solved)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        index = {} if self.index is None else self.index.arrays()
        return {
            "factors": self.factors,
            "gram": self.gram,
            "weighing": self.weighing,
            **{f"index.{name}": array for name, array in index.items()},
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Als:
        """The inverse of ``arrays``."""
        index = {name.removeprefix("index."): array for name, array in arrays.items() if name.startswith("index.")}
        return cls(
            factors=arrays["factors"],
            gram=arrays["gram"],
            weighing=arrays["weighing"],
            index=Nearest.of_arrays(index) if index else None,
        )


def _left(cases: Cases, items: Ints, own: Ints) -> Ints:
    """Those of some items that may be proposed and were not bought yet; -1 is none."""
    items = items[items >= 0]
    return items[cases.open(items) & ~np.isin(items, own)]


def by_implicit(bought: csr_matrix, tasting: Tasting, seed: int) -> NDArray[np.float32]:
    """Item factors of confidences, shape (n_items, n_factors)."""
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            factors=tasting.factors,
            iterations=EPOCHS,
            regularization=tasting.regularization,
            alpha=1.0,
            random_state=seed,
        )
        model.fit(bought, show_progress=False)
    return np.asarray(model.item_factors, np.float32)


def confidences(lines: Lines, day: float, tasting: Tasting) -> csr_matrix:
    """Purchases, fading or not, times the confidence of one, shape (n_customers, n_items)."""
    age = np.maximum(day - lines.days, 0.0) if tasting.fading else np.zeros(len(lines))
    weights = tasting.confidence * np.exp2(-age / HALF_LIFE)
    shape = (lines.n_customers, lines.n_items)
    return csr_matrix((weights.astype(np.float32), (lines.customers, lines.items)), shape=shape)
