"""What a log says of a policy, as sums: those of two parts of a log add, whichever way it was cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.offpolicy.log import Floats, Ints, Keys, Log, Shares
from engine.learn.offpolicy.policies import Stance
from engine.learn.offpolicy.reward import Reward

THIN = 0.01  # propensities below it are next to nothing
MOST = 1 << 15  # units that are kept apart; of more of them, groups are kept
GROUPS = 1 << 13
SKETCH = 1 << 16  # contexts up to which they are counted exactly
N, W, WR, R, DR = range(5)  # columns of Sums.units


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sums:
    """Weights and weighted rewards of a policy on a log, with w = policy's probability / propensity.

    Attributes
    ----------
    keys : uint64 array of shape (n_units,), ascending
    units : float array of shape (n_units, 5), sums over the rows of each unit: 1, w, w r, r, and the row's doubly
        robust value (NaN where the policy's distribution over all actions is not known)
    grouped : whether units were so many that groups of them, by their hashes, stand in their place
    squares : sum over rows of w ** 2
    thin : sum over rows of w where the propensity is below ``THIN``
    unlogged : float array of shape (n_actions,), the policy's probability of actions the log does not have there
    sketch : uint64 array, the smallest hashes of contexts
    """

    keys: Keys
    units: Floats
    grouped: bool
    squares: float
    thin: float
    unlogged: Floats
    sketch: Keys

    @classmethod
    def of(cls, log: Log, stance: Stance, seen: NDArray[np.bool_], reward: Reward | None = None) -> Sums:
        """The sums over some rows.

        Parameters
        ----------
        seen : of shape (n_positions, n_actions), whether the whole log has the action at the position
        reward : fitted on other folds than it is asked about here; without it there is no doubly robust value
        """
        weights = stance.logged / log.propensities
        robust = _robust(log, stance, weights, reward)
        columns = (np.ones(len(log)), weights, weights * log.rewards, log.rewards, robust)
        keys, units = _summed(log.units, np.stack(columns, axis=1))
        found = cls(
            keys=keys,
            units=units,
            grouped=False,
            squares=float(weights @ weights),
            thin=float(weights[log.propensities < THIN].sum()),
            unlogged=_unlogged(log, stance, seen),
            sketch=_smallest(log.contexts),
        )
        return found._grouped() if len(keys) > MOST else found

    def __add__(self, other: Sums) -> Sums:
        one, two = (self._grouped(), other._grouped()) if self.grouped or other.grouped else (self, other)
        keys, units = _summed(np.concatenate([one.keys, two.keys]), np.concatenate([one.units, two.units]))
        found = Sums(
            keys=keys,
            units=units,
            grouped=one.grouped,
            squares=self.squares + other.squares,
            thin=self.thin + other.thin,
            unlogged=self.unlogged + other.unlogged,
            sketch=_smallest(np.concatenate([self.sketch, other.sketch])),
        )
        return found._grouped() if len(keys) > MOST else found

    def _grouped(self) -> Sums:
        if self.grouped:
            return self
        keys, units = _summed(self.keys % np.uint64(GROUPS), self.units)
        return Sums(
            keys=keys,
            units=units,
            grouped=True,
            squares=self.squares,
            thin=self.thin,
            unlogged=self.unlogged,
            sketch=self.sketch,
        )

    @property
    def rows(self) -> int:
        """How many rows were added up."""
        return round(float(self.units[:, N].sum()))

    @property
    def contexts(self) -> int:
        """How many contexts there were; above ``SKETCH`` an estimate, right to about half a percent."""
        if len(self.sketch) < SKETCH:
            return len(self.sketch)
        return min(self.rows, round((SKETCH - 1) / (float(self.sketch[-1]) / 2.0**64)))


def _robust(log: Log, stance: Stance, weights: Floats, reward: Reward | None) -> Floats:
    """What is expected of the policy, corrected by how wrong the expectation was of what was done."""
    if stance.same:
        return log.rewards
    if reward is None or stance.shares is None:
        return np.full(len(log), np.nan)
    return reward.mean(log, stance.shares) + weights * (log.rewards - reward.at(log))


def _unlogged(log: Log, stance: Stance, seen: NDArray[np.bool_]) -> Floats:
    shares = stance.shares
    if shares is None:
        return np.zeros(log.n_actions)
    inside = np.zeros(log.n_actions)
    for position in np.unique(log.positions).tolist():
        here = np.flatnonzero(log.positions == position)
        inside += _available(shares.take(here), log, here) * seen[position]
    return np.maximum(shares.total() - inside, 0.0)


def _available(shares: Shares, log: Log, here: Ints) -> Floats:
    """Probabilities of actions that could be chosen, summed over rows, shape (n_actions,)."""
    if log.available is None:
        return shares.total()
    allowed = log.available.take(here).spread()
    return np.asarray(shares.spread().multiply(allowed).sum(axis=0), float).ravel()


def _summed(keys: Keys, rows: Floats) -> tuple[Keys, Floats]:
    """The rows of equal keys added up, by ascending key."""
    found, places = np.unique(keys, return_inverse=True)
    return found, np.stack([np.bincount(places, column, len(found)) for column in rows.T], axis=1)


def _smallest(contexts: Keys) -> Keys:
    """The smallest different hashes, at most ``SKETCH`` (k minimum values; Bar-Yossef et al., 2002)."""
    found: Keys = np.unique(contexts)[:SKETCH]
    return found
