"""The reward to expect of each action: ridge regressions of one action each, drawn towards the one of all actions.

Everything is fitted from sums of products, so that a log of any size is read by chunks; and on other folds than the one
it is asked about, so that no row is judged by a model that saw it (cross-fitting; Chernozhukov et al., 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from engine.learn.offpolicy.log import FOLDS, Floats, Ints, Log, Shares, folds

POSITIONS = 10  # told apart by the model; further ones count as one
LARGEST = 8_000_000  # numbers in the table of products; above it, actions differ by a constant only
REGULARIZATION = 10.0  # rows that what all actions have in common is worth to one of them


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Design:
    """How a row becomes a vector: a constant, its features, its position.

    Attributes
    ----------
    center, scale : float arrays of shape (n_features,); any will do that are of the features' size
    n_positions : from 1 to ``POSITIONS``
    """

    center: Floats
    scale: Floats
    n_positions: int

    @classmethod
    def of(cls, features: Floats, n_positions: int) -> Design:
        """The design that suits features like these, shape (n, n_features); NaN are passed over."""
        known = np.isfinite(features)
        n = np.maximum(known.sum(axis=0), 1)
        center = np.where(known, features, 0.0).sum(axis=0) / n
        spread = np.sqrt((np.where(known, features - center, 0.0) ** 2).sum(axis=0) / n)
        scale = np.where(spread > 1e-9, spread, 1.0)
        return cls(center=center, scale=scale, n_positions=max(1, min(n_positions, POSITIONS)))

    @property
    def size(self) -> int:
        """The length of a vector."""
        return len(self.center) + self.n_positions

    def vectors(self, log: Log) -> Floats:
        """The rows as vectors, shape (n, size); what is missing counts as the centre."""
        z = np.nan_to_num((log.features - self.center) / self.scale, nan=0.0)
        places = [(log.positions == place).astype(float)[:, None] for place in range(1, self.n_positions)]
        return np.concatenate([np.ones((len(log), 1)), z, *places], axis=1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Moments:
    """Sums over rows of the products of their vectors and rewards; those of two parts of a log add.

    With u a row's vector followed by its reward:

    Attributes
    ----------
    sums : float array of shape (FOLDS, n_actions, size + 1), sums of u
    products : float array of shape (FOLDS, n_actions, size + 1, size + 1), sums of u u'; None where it grew too large
    pooled : float array of shape (FOLDS, size + 1, size + 1), sums of u u' over all actions
    """

    sums: Floats
    products: Floats | None
    pooled: Floats

    @classmethod
    def of(cls, log: Log, design: Design, seed: int) -> Moments:
        """The sums over some rows."""
        fold = folds(log.units, seed)
        u = np.concatenate([design.vectors(log), log.rewards[:, None]], axis=1)
        cells, group, size = FOLDS * log.n_actions, fold * log.n_actions + log.actions, u.shape[1]
        sums = np.stack([np.bincount(group, column, cells).astype(float) for column in u.T], axis=1)
        pooled = np.stack([u[fold == one].T @ u[fold == one] for one in range(FOLDS)])
        products = _products(u, group, cells) if cells * size * size <= LARGEST else None
        return cls(
            sums=sums.reshape(FOLDS, log.n_actions, size),
            products=None if products is None else products.reshape(FOLDS, log.n_actions, size, size),
            pooled=pooled,
        )

    def __add__(self, other: Moments) -> Moments:
        actions, products = max(self.sums.shape[1], other.sums.shape[1]), None
        fits = FOLDS * actions * self.sums.shape[2] ** 2 <= LARGEST
        if fits and self.products is not None and other.products is not None:
            products = _added(self.products, other.products, actions)
        return Moments(
            sums=_added(self.sums, other.sums, actions), products=products, pooled=self.pooled + other.pooled
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reward:
    """The reward to expect, for each fold from all the others.

    Attributes
    ----------
    weights : float array of shape (FOLDS, n_actions, size)
    """

    design: Design
    weights: Floats
    seed: int

    @classmethod
    def fit(
        cls, moments: Moments, design: Design, *, n_actions: int, seed: int, regularization: float = REGULARIZATION
    ) -> Reward:
        """The regressions of every fold.

        Parameters
        ----------
        n_actions : at least as many as in the moments; those without rows are expected to do as all actions do
        regularization : precision of the prior of an action's weights around the common ones, in rows
        """
        turn = _turn(moments.pooled.sum(axis=0))
        found = [_weights(moments, fold, turn, n_actions, regularization) for fold in range(FOLDS)]
        return cls(design=design, weights=np.stack(found), seed=seed)

    def at(self, log: Log) -> Floats:
        """The reward to expect of the logged action, shape (n,)."""
        weights = self.weights[folds(log.units, self.seed), log.actions]
        return np.asarray(np.einsum("nd,nd->n", self.design.vectors(log), weights))

    def mean(self, log: Log, shares: Shares) -> Floats:
        """The reward to expect of a draw from each row's distribution, shape (n,)."""
        z, fold = self.design.vectors(log), folds(log.units, self.seed)
        found = np.zeros(len(log))
        for one in range(FOLDS):
            here = np.flatnonzero(fold == one)
            found[here] = np.einsum("nd,nd->n", z[here], _mean_weights(shares.take(here), self.weights[one]))
        return found


def _mean_weights(shares: Shares, weights: Floats) -> Floats:
    """Each row's weights, averaged over its distribution, shape (n, size)."""
    if shares.table.shape[0] > len(shares.rows):
        return np.asarray(shares.spread() @ weights, float)
    return np.asarray(shares.table @ weights, float)[shares.rows]


def _products(u: Floats, group: Ints, cells: int) -> Floats:
    size = u.shape[1]
    found = np.zeros((cells, size, size))
    for j in range(size):
        for k in range(j, size):
            found[:, j, k] = found[:, k, j] = np.bincount(group, u[:, j] * u[:, k], cells)
    return found


def _added(one: Floats, two: Floats, actions: int) -> Floats:
    """The sum of arrays that may know different numbers of actions."""
    total: Floats = _grown(one, actions) + _grown(two, actions)
    return total


def _grown(array: Floats, actions: int) -> Floats:
    """The array with room for so many actions."""
    missing = actions - array.shape[1]
    if not missing:
        return array
    return np.concatenate([array, np.zeros((array.shape[0], missing, *array.shape[2:]))], axis=1)


def _turn(pooled: Floats) -> Floats:
    """The matrix that gives vectors mean 0 and deviation 1 but for the constant, and leaves the reward as it is."""
    size = pooled.shape[0]
    n = max(pooled[0, 0], 1.0)
    mean = pooled[0] / n
    spread = np.sqrt(np.maximum(np.diag(pooled) / n - mean**2, 0.0))
    turn = np.eye(size)
    for k in range(1, size - 1):
        if spread[k] > 1e-6:
            turn[k, k], turn[k, 0] = 1 / spread[k], -mean[k] / spread[k]
    return turn


def _weights(moments: Moments, fold: int, turn: Floats, n_actions: int, regularization: float) -> Floats:
    """The weights of every action from all folds but one, for vectors as they come, shape (n_actions, size)."""
    others = [one for one in range(FOLDS) if one != fold]
    size = turn.shape[0] - 1
    common = _ridge(turn @ _sum(moments.pooled, others) @ turn.T)
    if moments.products is None:
        sums = _grown(_sum(moments.sums, others)[None], n_actions)[0] @ turn.T
        found = np.tile(common, (n_actions, 1))
        found[:, 0] += (sums[:, size] - sums[:, :size] @ common) / (sums[:, 0] + regularization)
    else:
        products = turn @ _grown(_sum(moments.products, others)[None], n_actions)[0] @ turn.T
        left = products[:, :size, :size] + regularization * np.eye(size)
        right = products[:, :size, size] + regularization * common
        found = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return np.asarray(found @ turn[:size, :size], float)


def _ridge(products: Floats) -> Floats:
    """Weights common to all actions; the constant is not held back."""
    size = products.shape[0] - 1
    prior: NDArray[np.float64] = np.eye(size)
    prior[0, 0] = 1e-9
    return np.asarray(np.linalg.solve(products[:size, :size] + prior, products[:size, size]), float)


def _sum(arrays: Floats, places: list[int]) -> Floats:
    """The sum of some of the first axis, without a copy of all of them."""
    return reduce(np.add, [arrays[place] for place in places])
