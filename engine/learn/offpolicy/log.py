"""Rows of a decision log as arrays, and the probabilities a policy gives every action for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
FOLDS = 5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shares:
    """One distribution over actions for each row of a log; rows share distributions where they can.

    Attributes
    ----------
    table : sparse array of shape (n_distributions, n_actions), not negative
    rows : int array of shape (n,), which distribution each row of the log has
    """

    table: Any  # scipy.sparse.csr_array
    rows: Ints

    def of(self, actions: Ints) -> Floats:
        """The probability of one action for each row, shape (n,)."""
        return np.asarray(self.table[self.rows, actions], float).ravel()

    def take(self, places: Ints) -> Shares:
        """The same for some of the rows."""
        return Shares(table=self.table, rows=self.rows[places])

    def spread(self) -> Any:
        """A distribution a row, sparse, of shape (n, n_actions)."""
        return self.table[self.rows]

    def total(self) -> Floats:
        """Probabilities summed over rows, shape (n_actions,)."""
        counts = np.bincount(self.rows, minlength=self.table.shape[0]).astype(float)
        return np.asarray(counts @ self.table, float).ravel()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Log:
    """Some rows of a decision log, in any order.

    Attributes
    ----------
    units : uint64 array of shape (n,), hashes of what is resampled and kept in one fold: the customer, else the context
    contexts : uint64 array of shape (n,), hashes of the context's id
    positions, actions : int arrays of shape (n,), codes
    rewards, propensities : float arrays of shape (n,), finite; propensities in (0, 1]
    features : float array of shape (n, n_features), known before the action was chosen; NaN where missing
    n_positions, n_actions : how many codes there are
    available : a table of 1 where an action could be chosen, else 0; None where the log does not tell
    target : float array of shape (n,), the policy's probability of the logged action, where the log itself tells
    """

    units: Keys
    contexts: Keys
    positions: Ints
    actions: Ints
    rewards: Floats
    propensities: Floats
    features: Floats
    n_positions: int
    n_actions: int
    available: Shares | None = None
    target: Floats | None = None

    def __len__(self) -> int:
        return len(self.rewards)

    def where(self, kept: NDArray[np.bool_]) -> Log:
        """The rows for which ``kept`` is true."""
        places = np.flatnonzero(kept)
        return Log(
            units=self.units[places],
            contexts=self.contexts[places],
            positions=self.positions[places],
            actions=self.actions[places],
            rewards=self.rewards[places],
            propensities=self.propensities[places],
            features=self.features[places],
            n_positions=self.n_positions,
            n_actions=self.n_actions,
            available=None if self.available is None else self.available.take(places),
            target=None if self.target is None else self.target[places],
        )


def folds(units: Keys, seed: int) -> Ints:
    """The fold of each unit, from 0 to 4; it belongs to the unit and the seed, not to the row or its place.

    Examples
    --------
    >>> folds(np.array([7, 7, 8], np.uint64), seed=0).tolist()
    [4, 4, 3]
    """
    salt = mixed(np.array([seed], np.uint64))
    return (mixed(units ^ salt) % np.uint64(FOLDS)).astype(np.int64)


def mixed(keys: Keys) -> Keys:
    """Keys stirred so that every bit depends on every other (the finaliser of SplitMix64; Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        z = keys + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Keys = z ^ (z >> np.uint64(31))
    return found


def table_of(dense: NDArray[Any]) -> Any:
    """Distributions as a sparse table."""
    return csr_array(np.asarray(dense, float))
