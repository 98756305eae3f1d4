"""When something should arrive: what it costs to have it before it is needed, or only after.

The day of need is not known but foreseen, with a chance for each day ahead. What arrives at x costs, in expectation,

    early * E[max(T - x, 0)] + late * E[max(x - T, 0)],

T the day of need: a convex curve, least where P(T <= x) reaches early / (early + late) (the newsvendor's quantile;
Porteus, Foundations of Stochastic Inventory Theory, 2002, ch. 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modes.policy import Worth

Floats = NDArray[np.float64]


def cost(arrives: ArrayLike, chances: Floats, worth: Worth) -> Floats:
    """The expected cost of arriving so late, in the unit that acting is valued in.

    Parameters
    ----------
    arrives : days from now
    chances : float array of shape (n_days,), that it is needed on each of the days ahead, in their middle; sum to one

    Examples
    --------
    >>> even = np.array([0.5, 0.5])  # needed in half a day, or in a day and a half
    >>> cost([0.5, 1.5, 2.5], even, Worth(holding=0.1, out_of_stock=0.3)).round(3).tolist()
    [0.05, 0.15, 0.45]
    """
    wait = np.asarray(arrives, float)[..., None] - (np.arange(len(chances)) + 0.5)
    each = np.where(wait > 0, worth.out_of_stock * wait, -worth.holding * wait)
    found: Floats = np.asarray(each @ chances, np.float64)
    return found


def soon(arrives: ArrayLike, worth: Worth) -> Floats:
    """The same where nothing is known of the day but that it may be now: every day costs."""
    return np.asarray(worth.out_of_stock * np.asarray(arrives, float), np.float64)
