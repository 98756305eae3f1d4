"""Which cell of an experiment a unit falls in: a hash, so that anyone can recompute it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np


def uniform(salt: str, experiment: str, unit: str) -> float:
    """A number in [0, 1) that belongs to this unit in this experiment, for ever.

    Examples
    --------
    >>> round(uniform("salt", "exp1", "42"), 10)
    0.1284195406
    """
    digest = sha256(f"{salt}|{experiment}|{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def cell(salt: str, experiment: str, unit: str, weights: Sequence[float]) -> int:
    """The index of the cell that ``unit`` is assigned to.

    Parameters
    ----------
    weights : sequence of shape (n_cells,), shares that sum to one

    Examples
    --------
    >>> cell("salt", "exp1", "alice", [1 / 12] * 12)
    4
    """
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, uniform(salt, experiment, unit), side="right"))
