"""Gaussian mixtures with full covariances, none of which is thinner than a floor in any direction.

Without a floor the likelihood has no greatest value: a component on one point, or on customers who are all alike in
one feature, grows without end. The covariance of greatest likelihood whose eigenvalues are all at least a floor is the
sample's with its eigenvalues raised to it, so that EM with this step still climbs, and where nothing is as thin as the
floor it is EM as ever; see docs/decisions/0004-personas.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SAMPLE = 2_000  # rows that restarts are tried on; the best of them goes on with all rows
STEPS = 500  # of EM at most
FIRST_STEPS = 40  # of a restart
AHEAD = 3  # restarts that go on
CLOSE = 1e-5  # log-likelihood a row still to be gained, as far as can be told, below which EM has arrived
ARRIVED = 1e-7  # gain below which there is nothing to tell it from
EMPTY = 1e-9  # rows that a component counts for at least
ON_FLOOR = 1.01  # times the floor, below which an eigenvalue sits on it


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Mixture:
    """A fitted mixture of k components over d features.

    Attributes
    ----------
    weights : float array of shape (k,), they sum to one
    means : float array of shape (k, d)
    covariances : float array of shape (k, d, d)
    log_likelihood : of the rows it was fitted on, nats
    """

    weights: Floats
    means: Floats
    covariances: Floats
    log_likelihood: float

    @property
    def k(self) -> int:
        """How many components there are."""
        return len(self.weights)

    @property
    def df(self) -> int:
        """Free parameters: weights, means, covariances.

        Examples
        --------
        >>> Mixture(weights=np.ones(2) / 2, means=np.zeros((2, 2)), covariances=np.zeros((2, 2, 2)),
        ...         log_likelihood=0.0).df  # 1 + 4 + 6
        11
        """
        k, d = self.means.shape
        return int(k - 1 + k * d + k * d * (d + 1) // 2)

    def bic(self, n: int) -> float:
        """The Bayesian information criterion of ``n`` rows, smaller is better (Schwarz 1978)."""
        return -2 * self.log_likelihood + self.df * float(np.log(n))

    def log_densities(self, values: Floats) -> Floats:
        """Of each row under each component, times the component's weight; shape (n, k), nats."""
        found: Floats = _squared(values) @ _formula(self.weights, self.means, self.covariances)
        return found

    def membership(self, values: Floats) -> Floats:
        """The probability that each row belongs to each component, shape (n, k)."""
        return _shares(self.log_densities(values))[0]

    def collapsed(self, floor: float) -> bool:
        """Whether any component is as thin as the floor in every direction: a point, and not a group."""
        widest = np.linalg.eigvalsh(self.covariances)[:, -1]
        return bool(np.any(widest <= ON_FLOOR * floor))


def fit(values: Floats, k: int, *, floor: float, restarts: int, rng: np.random.Generator) -> Mixture:
    """The best of some restarts, each from centres that are chosen by chance and far apart (k-means++).

    Parameters
    ----------
    values : float array of shape (n, d), standardised
    floor : the least variance of a component in any direction
    """
    n = len(values)
    tried = values if n <= SAMPLE else values[rng.choice(n, SAMPLE, replace=False)]
    squares = _squared(tried)
    begun = [_climbed(squares, _far_apart(tried, k, rng), floor, FIRST_STEPS) for _ in range(restarts if k > 1 else 1)]
    ahead = sorted(begun, key=lambda one: -one.log_likelihood)[:AHEAD]
    best = max((_on(squares, one, floor) for one in ahead), key=lambda one: one.log_likelihood)
    return best if n <= SAMPLE else _on(_squared(values), best, floor)


def _on(squares: Floats, one: Mixture, floor: float) -> Mixture:
    """A mixture, climbed on from where it is."""
    shares, _ = _shares(squares @ _formula(one.weights, one.means, one.covariances))
    return _climbed(squares, shares, floor, STEPS)


def _climbed(squares: Floats, shares: Floats, floor: float, steps: int) -> Mixture:
    """EM from the shares of rows in components until it arrives, or so many steps are made.

    Its gains shrink by about the same factor from step to step, which tells how much is still to come: Aitken's rule,
    as in Boehning et al. (Annals of the Institute of Statistical Mathematics 1994).
    """
    before, gained = -np.inf, np.inf
    for step in range(1, steps + 1):
        weights, means, covariances = _stepped(squares, shares, floor)
        shares, likelihood = _shares(squares @ _formula(weights, means, covariances))
        gain = likelihood - before
        shrinks = np.isfinite(gained) and gain < gained
        if step == steps or gain < ARRIVED or (shrinks and gain * gain / (gained - gain) < CLOSE * len(squares)):
            break
        before, gained = likelihood, gain
    return Mixture(weights=weights, means=means, covariances=covariances, log_likelihood=likelihood)


def _stepped(squares: Floats, shares: Floats, floor: float) -> tuple[Floats, Floats, Floats]:
    """Weights, means and covariances of greatest likelihood, none thinner than the floor."""
    sums = shares.T @ squares
    rows = np.maximum(sums[:, 0], EMPTY)
    means = sums[:, 1 : 1 + _width(squares)] / rows[:, None]
    seen = _unfolded(sums[:, 1 + _width(squares) :] / rows[:, None]) - means[:, :, None] * means[:, None, :]
    spread, axes = np.linalg.eigh(seen)
    raised = (axes * np.maximum(spread, floor)[:, None, :]) @ axes.transpose(0, 2, 1)
    return rows / rows.sum(), means, raised


def _formula(weights: Floats, means: Floats, covariances: Floats) -> Floats:
    """The log densities as a matrix, shape (1 + d + d (d + 1) / 2, k): they are linear in what ``_squared`` gives."""
    d = means.shape[1]
    spread, axes = np.linalg.eigh(covariances)
    precision = (axes / spread[:, None, :]) @ axes.transpose(0, 2, 1)
    pulled = np.einsum("kij,kj->ki", precision, means)
    constant = np.log(weights) - 0.5 * (
        d * np.log(2 * np.pi) + np.log(spread).sum(axis=1) + np.einsum("ki,ki->k", means, pulled)
    )
    first, second = np.triu_indices(d)
    quadratic = precision[:, first, second] * np.where(first == second, -0.5, -1.0)
    found: Floats = np.concatenate((constant[:, None], pulled, quadratic), axis=1).T
    return found


def _shares(log_densities: Floats) -> tuple[Floats, float]:
    """The share of each component in each row, and the log-likelihood of all rows."""
    most = log_densities.max(axis=1, keepdims=True)
    parts = np.exp(log_densities - most)
    totals = parts.sum(axis=1, keepdims=True)
    return parts / totals, float((most + np.log(totals)).sum())


def _squared(values: Floats) -> Floats:
    """1, the features, and the products of each two of them; shape (n, 1 + d + d (d + 1) / 2)."""
    first, second = np.triu_indices(values.shape[1])
    return np.concatenate((np.ones((len(values), 1)), values, values[:, first] * values[:, second]), axis=1)


def _width(squares: Floats) -> int:
    """How many features the products are of."""
    return int((np.sqrt(8 * squares.shape[1] + 1) - 3) / 2)


def _unfolded(products: Floats) -> Floats:
    """Symmetric matrices from their upper halves."""
    d = int((np.sqrt(8 * products.shape[1] + 1) - 1) / 2)
    first, second = np.triu_indices(d)
    found = np.empty((len(products), d, d))
    found[:, first, second] = found[:, second, first] = products
    return found


def _far_apart(values: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Rows to the nearest of k centres, each drawn with a chance that grows with the distance from those before it.

    Arthur and Vassilvitskii: k-means++ (SODA 2007).
    """
    nearest, place = np.full(len(values), np.inf), np.zeros(len(values), np.int64)
    for centre in range(k):
        chances = None if centre == 0 or nearest.sum() == 0 else nearest / nearest.sum()
        away = ((values - values[rng.choice(len(values), p=chances)]) ** 2).sum(axis=1)
        place, nearest = np.where(away < nearest, centre, place), np.minimum(away, nearest)
    return np.eye(k)[place]
