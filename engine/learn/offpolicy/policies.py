"""The policies whose value can be asked for: for each row of a log, how likely each would have done what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from engine.errors import InputError
from engine.learn.offpolicy.log import FOLDS, Floats, Ints, Keys, Log, Shares, folds, mixed, table_of

ENOUGH = 30  # rows an action needs to be called the best


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stance:
    """What a policy says of some rows of a log.

    Attributes
    ----------
    logged : float array of shape (n,), its probability of the logged action
    shares : its probabilities of every action; None where only the logged one's is known
    same : whether it is the policy the log was made by
    """

    logged: Floats
    shares: Shares | None = None
    same: bool = False


class Policy(Protocol):
    """A way of deciding."""

    def on(self, log: Log) -> Stance:
        """What it would do at each row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """The policy that made the log."""

    def on(self, log: Log) -> Stance:
        """What it did."""
        return Stance(logged=log.propensities, same=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The policy whose probability of the logged action stands in the log, row by row."""

    def on(self, log: Log) -> Stance:
        """What the log says of it."""
        if log.target is None:
            raise InputError.of("--policy target", "a log with a column target_propensity", "none")
        return Stance(logged=log.target)


@dataclass(frozen=True, kw_only=True, slots=True)
class Uniform:
    """Every action that was available, alike; of a log that does not tell, every action in it."""

    n_actions: int  # in the log

    def on(self, log: Log) -> Stance:
        """One over the number of actions."""
        return _stance(self._shares(log), log)

    def _shares(self, log: Log) -> Shares:
        if log.available is not None:
            counts = np.asarray(log.available.table.sum(axis=1), float).ravel()
            return Shares(table=_scaled(log.available.table, 1 / np.maximum(counts, 1)), rows=log.available.rows)
        dense = np.zeros((1, log.n_actions))
        dense[0, : self.n_actions] = 1 / self.n_actions
        return Shares(table=table_of(dense), rows=np.zeros(len(log), np.int64))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Means:
    """What each action brought at each position, in each fold; those of two parts of a log add.

    Attributes
    ----------
    sums : float array of shape (3, FOLDS, n_positions, n_actions): rows, 1 / propensity, reward / propensity
    """

    sums: Floats

    @classmethod
    def of(cls, log: Log, seed: int) -> Means:
        """The sums over some rows."""
        shape = (FOLDS, log.n_positions, log.n_actions)
        cell = np.ravel_multi_index((folds(log.units, seed), log.positions, log.actions), shape)
        columns = (np.ones(len(log)), 1 / log.propensities, log.rewards / log.propensities)
        return cls(sums=np.stack([np.bincount(cell, x, int(np.prod(shape))).reshape(shape) for x in columns]))

    def __add__(self, other: Means) -> Means:
        shape = np.maximum(self.sums.shape, other.sums.shape)[2:].tolist()
        return Means(sums=self.grown(*shape).sums + other.grown(*shape).sums)

    def grown(self, n_positions: int, n_actions: int) -> Means:
        """The same with room for so many, none of which was logged."""
        missing = n_positions - self.sums.shape[2], n_actions - self.sums.shape[3]
        return Means(sums=np.pad(self.sums, [(0, 0), (0, 0), (0, missing[0]), (0, missing[1])]))

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether an action was logged at a position, shape (n_positions, n_actions)."""
        return np.asarray(self.sums[0].sum(axis=0) > 0)

    def elsewhere(self) -> Floats:
        """The mean reward of each action outside each fold, shape (FOLDS, n_positions, n_actions).

        Weighted by 1 / propensity, it is the reward of taking the action everywhere, not only where the log liked to.
        -inf where fewer than ``ENOUGH`` rows tell, unless no action has as many there.
        """
        rows, weights, rewards = self.sums.sum(axis=1, keepdims=True) - self.sums
        enough = (rows >= ENOUGH) | ((rows > 0) & ~(rows >= ENOUGH).any(axis=2, keepdims=True))
        return np.where(enough, rewards / np.where(weights > 0, weights, 1.0), -np.inf)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Best:
    """At each position, the available action of the best mean reward in the other folds.

    Attributes
    ----------
    scores : float array of shape (FOLDS, n_positions, n_actions), -inf where nothing is known
    order : int array of shape (n_actions,), codes, by which of equals the first is best
    """

    scores: Floats
    order: Ints
    seed: int

    @classmethod
    def fit(cls, means: Means, order: Ints, seed: int) -> Best:
        """The best actions by some means."""
        return cls(scores=means.elsewhere(), order=order, seed=seed)

    def on(self, log: Log) -> Stance:
        """One for the best action."""
        fold = folds(log.units, self.seed)
        if log.available is None:
            cells = fold * log.n_positions + log.positions
            chosen = self.order[self.scores[:, :, self.order].argmax(axis=2)].ravel()
            return _stance(Shares(table=_certain(chosen, log.n_actions), rows=cells), log)
        keys = np.stack([fold, log.positions, log.available.rows], axis=1)
        cases, rows = np.unique(keys, axis=0, return_inverse=True)
        sets = log.available.table[cases[:, 2]]
        case = np.repeat(np.arange(len(cases)), np.diff(sets.indptr))
        scores = self.scores[cases[case, 0], cases[case, 1], sets.indices]
        order = np.lexsort((np.argsort(self.order)[sets.indices], -scores, case))
        first = order[np.searchsorted(case, np.arange(len(cases)))]
        return _stance(Shares(table=_certain(sets.indices[first], log.n_actions), rows=rows.ravel()), log)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """A policy that somebody wrote down.

    Attributes
    ----------
    keys : uint64 array of shape (n_distributions,), ascending, see ``key``
    table : sparse array of shape (n_distributions, n_actions), rows sum to one
    by_context, by_position : what the distributions differ by
    positions : uint64 array of shape (n_positions,), hashes of the positions by their codes
    """

    keys: Keys
    table: Any
    by_context: bool
    by_position: bool
    positions: Keys

    def on(self, log: Log) -> Stance:
        """The distributions of the rows; every row must have one, see ``missing``."""
        return _stance(Shares(table=self.table, rows=self._places(log)), log)

    def missing(self, log: Log) -> NDArray[np.bool_]:
        """Whether a row has no distribution, shape (n,)."""
        places = self._places(log)
        return np.asarray(self.keys[places] != self._keys(log))

    def _places(self, log: Log) -> Ints:
        return np.minimum(np.searchsorted(self.keys, self._keys(log)), len(self.keys) - 1).astype(np.int64)

    def _keys(self, log: Log) -> Keys:
        nothing = np.zeros(len(log), np.uint64)
        places = self.positions[log.positions] if self.by_position else nothing
        return key(log.contexts if self.by_context else nothing, places)


def key(contexts: Keys, positions: Keys) -> Keys:
    """What a distribution is found by: the hashes of its context and position, 0 for what it does not differ by."""
    found: Keys = mixed(contexts) ^ positions
    return found


def _stance(shares: Shares, log: Log) -> Stance:
    return Stance(logged=shares.of(log.actions), shares=shares)


def _certain(actions: Ints, n_actions: int) -> Any:
    places = np.arange(len(actions))
    return csr_array((np.ones(len(actions)), (places, actions)), shape=(len(actions), n_actions))


def _scaled(table: Any, factors: Floats) -> Any:
    """The rows of a table, each times its factor."""
    data = table.data * np.repeat(factors, np.diff(table.indptr))
    return csr_array((data, table.indices, table.indptr), shape=table.shape)
