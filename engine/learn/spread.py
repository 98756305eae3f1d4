"""How alike the weeks of one pair are, and how far from its probability pairs that look like it may lie by that."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from engine.learn.hazard import Hazards
from engine.learn.purchases import Floats, Ints
from engine.learn.snapshots import SNAPSHOTS, WEEK, Snapshots

CLASSES = (4, 8)  # purchase days from which a pair belongs to the next class: 2-3, 4-7, 8 and more
SPREAD = 0.05  # correlation of a pair's windows where it cannot be estimated
LEVEL = 0.9  # share of pairs within the interval


def intervals(p: Floats, counts: Ints, spread: Floats) -> tuple[Floats, Floats]:
    """Where the own probabilities of nine in ten pairs lie that look like each.

    They are taken to follow a Beta of mean ``p``, as wide as the weeks of one pair are found to be alike.

    Parameters
    ----------
    p : float array of shape (n,) or (k, n)
    counts : int array of shape (n,), days bought on
    spread : float array of shape (3,), see ``fitted``
    """
    weight = 1 / spread[np.searchsorted(CLASSES, counts, side="right")] - 1
    tail, mean = (1 - LEVEL) / 2, np.clip(p, 1e-6, 1 - 1e-6)
    low, high = (betaincinv(mean * weight, (1 - mean) * weight, share) for share in (tail, 1 - tail))
    return np.minimum(low, p), np.maximum(high, p)


def fitted(snapshots: Snapshots, hazards: Hazards | None) -> tuple[Floats, Ints]:
    """How alike the weeks of one pair are beyond its probability, by class of pairs; and how many pairs were alike.

    Pairs as they stood eight weeks ago are followed week by week. Residuals r are taken from the mean of the pairs of
    the same tenth of probability in the same week, v is their variance: the sum of r_i r_j over different weeks of one
    pair, against that of sqrt(v_i v_j), is the intra-class correlation.
    """
    start = snapshots.until - WEEK * SNAPSHOTS
    if hazards is None or start < snapshots.first:
        return np.full(len(CLASSES) + 1, SPREAD), np.zeros(10, np.int64)
    seen = snapshots.at(start)
    tenths = np.minimum((hazards.within(seen.traits.values, start, WEEK) * 10).astype(int), 9)
    like = np.bincount(tenths, minlength=10)
    came = np.column_stack([snapshots.came(seen, start + WEEK * n, WEEK) for n in range(SNAPSHOTS)]).astype(float)
    sums = np.column_stack([np.bincount(tenths, column, minlength=10) for column in came.T])
    means = (sums / np.maximum(like, 1)[:, None])[tenths]
    classes = np.searchsorted(CLASSES, seen.traits.counts, side="right")
    found = [_alike((came - means)[classes == n], means[classes == n]) for n in range(len(CLASSES) + 1)]
    return np.array(found), like.astype(np.int64)


def _alike(residuals: Floats, means: Floats) -> float:
    """The correlation of rows' entries; arrays of shape (n_pairs, n_weeks)."""
    deviations = np.sqrt(means * (1 - means))
    crossed, most = (float(np.sum(a.sum(axis=1) ** 2) - np.sum(a**2)) for a in (residuals, deviations))
    return float(np.clip(crossed / most, 1e-3, 0.5)) if most > 0 else SPREAD
