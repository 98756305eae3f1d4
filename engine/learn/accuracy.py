"""How good a ranking is, and how honest a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Means over customers; ``se`` is the standard error of recall@10."""

    recall_10: float
    recall_20: float
    ndcg_10: float
    phr_10: float  # share of customers with a hit among ten
    se: float
    customers: int


def accuracy(hits: Sequence[Bools], sizes: Sequence[int]) -> Accuracy | None:
    """Of ranked lists against the baskets that came; None of no list at all.

    Parameters
    ----------
    hits : for each customer, whether the item at each place was bought, best place first, up to 20 of them
    sizes : how many items each basket held, at least 1

    Examples
    --------
    >>> found = accuracy([np.array([True, False, True]), np.array([False])], [4, 1])
    >>> found.recall_10, found.phr_10, round(found.ndcg_10, 4)  # (1 + 1/2) / (1 + 1/log2(3) + 1/2 + 1/log2(5)) / 2
    (0.25, 0.5, 0.2928)
    """
    if not len(hits):
        return None
    size = np.array(sizes, float)
    ten, twenty = (np.array([np.count_nonzero(hit[:k]) for hit in hits]) for k in (10, 20))
    gains = np.array([float(np.sum(_discounts(min(len(hit), 10))[hit[:10]])) for hit in hits])
    best = np.array([float(np.sum(_discounts(n))) for n in sizes])
    recall = ten / size
    return Accuracy(
        recall_10=float(recall.mean()),
        recall_20=float((twenty / size).mean()),
        ndcg_10=float((gains / best).mean()),
        phr_10=float((ten > 0).mean()),
        se=float(recall.std(ddof=1) / np.sqrt(len(recall))) if len(recall) > 1 else 0.0,
        customers=len(recall),
    )


def _discounts(n: int) -> Floats:
    found: Floats = 1 / np.log2(np.arange(2, n + 2))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Honesty:
    """How well probabilities order and how well they are meant."""

    auc: float | None  # None where all came out the same
    ece: float  # expected calibration error over ten bins of equal width
    brier: float | None  # None of no pairs
    pairs: int


def honesty(probabilities: Floats, came: Bools) -> Honesty:
    """Of probabilities against what came.

    Examples
    --------
    >>> honesty(np.array([0.1, 0.3, 0.8, 0.8]), np.array([False, True, True, False])).auc
    0.625
    """
    bins = np.minimum((probabilities * 10).astype(int), 9)
    counts = np.bincount(bins, minlength=10)
    gaps = np.bincount(bins, probabilities, minlength=10) - np.bincount(bins, came, minlength=10)
    return Honesty(
        auc=_auc(probabilities, came),
        ece=float(np.abs(gaps).sum() / max(counts.sum(), 1)),
        brier=float(np.mean((probabilities - came) ** 2)) if len(came) else None,
        pairs=len(came),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """One bin of probabilities: what was said, and what came."""

    low: float
    high: float
    said: float
    came: float
    pairs: int


def reliability(probabilities: Floats, came: Bools, bins: int = 10) -> list[Reliability]:
    """The bins of equal width that anything lies in."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        Reliability(
            low=n / bins,
            high=(n + 1) / bins,
            said=float(probabilities[place == n].mean()),
            came=float(came[place == n].mean()),
            pairs=int(np.count_nonzero(place == n)),
        )
        for n in range(bins)
        if np.any(place == n)
    ]


def _auc(scores: Floats, came: Bools) -> float | None:
    """The chance that one that came scores above one that did not; equals count half (Mann and Whitney).

    None where nothing came, or everything did.
    """
    from scipy.stats import rankdata

    positive, negative = int(np.count_nonzero(came)), int(np.count_nonzero(~came))
    if not positive or not negative:
        return None
    above = float(rankdata(scores)[came].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)
