"""How often each rung is taken up where the need is real: a pair, drawn to the customer, drawn to a default."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import RUNGS, Rung

Floats = NDArray[np.float64]
OF_CUSTOMER, OF_DEFAULT = 4.0, 8.0  # pseudo-counts


def taken_up(taken: Floats, tried: Floats, default: Mapping[Rung, float]) -> Floats:
    """The share that is taken up, for every pair and rung.

    Parameters
    ----------
    taken, tried : float arrays of shape (n_customers, n_needs, 6)
    default : of whoever nothing is known of

    Examples
    --------
    >>> nothing = np.zeros((1, 1, 6))
    >>> from modes.policy import Worth
    >>> taken_up(nothing, nothing, Worth().success)[0, 0].tolist()
    [1.0, 0.7, 0.7, 0.75, 0.92, 0.95]
    """
    usual = np.array([default[rung] for rung in RUNGS])
    own = (taken.sum(axis=1, keepdims=True) + OF_DEFAULT * usual) / (tried.sum(axis=1, keepdims=True) + OF_DEFAULT)
    found: Floats = (taken + OF_CUSTOMER * own) / (tried + OF_CUSTOMER)
    return found
