"""Logistic regression on bent features: each is weighed along straight pieces between knots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.purchases import Floats

STEPS = 12  # of Newton's method at most
ENOUGH = 1e-4  # change of a weight below which it has arrived


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Logistic:
    """P(y = 1 | x) as a sum over features of continuous piecewise straight lines, through the logistic function.

    Attributes
    ----------
    mean, scale : float arrays of shape (n_features,)
    knots : float array of shape (n_knots, n_features), in units of the scaled features
    weights : float array of shape (n_features * (1 + n_knots),)
    bias : float
    """

    mean: Floats
    scale: Floats
    knots: Floats
    weights: Floats
    bias: float

    @classmethod
    def fit(
        cls, x: Floats, y: NDArray[Any], *, quantiles: tuple[float, ...] = (), regularization: float = 1.0
    ) -> Logistic:
        """The weights of greatest likelihood under a Gaussian prior, by Newton's method.

        Parameters
        ----------
        x : float array of shape (n, n_features)
        y : bool array of shape (n,)
        quantiles : of each feature, where its line may bend
        regularization : precision of the prior of every weight; the bias has next to none
        """
        mean, scale = x.mean(axis=0), x.std(axis=0)
        scale = np.where(scale > 1e-9, scale, 1.0)
        knots = (np.quantile(x, quantiles, axis=0) - mean) / scale if quantiles else np.zeros((0, x.shape[1]))
        design = np.column_stack([np.ones(len(x)), _bent((x - mean) / scale, knots)])
        solved = _newton(design, y.astype(float), regularization)
        return cls(mean=mean, scale=scale, knots=knots, weights=solved[1:], bias=float(solved[0]))

    def logits(self, x: Floats) -> Floats:
        """Log odds, shape (n,), for x of shape (n, n_features)."""
        scores: Floats = _bent((x - self.mean) / self.scale, self.knots) @ self.weights + self.bias
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {
            "mean": self.mean,
            "scale": self.scale,
            "knots": self.knots,
            "weights": np.append(self.weights, self.bias),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Logistic:
        """The inverse of ``arrays``."""
        weights = arrays["weights"]
        return cls(
            mean=arrays["mean"],
            scale=arrays["scale"],
            knots=arrays["knots"],
            weights=weights[:-1],
            bias=float(weights[-1]),
        )


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), without overflow.

    Examples
    --------
    >>> sigmoid(np.array([0.0, 800.0, -800.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    half: Floats = 0.5 * (1.0 + np.tanh(0.5 * z))
    return half


def logit(p: Floats) -> Floats:
    """The log odds of a probability, kept finite."""
    p = np.clip(p, 1e-9, 1 - 1e-9)
    odds: Floats = np.log(p) - np.log1p(-p)
    return odds


def _bent(z: Floats, knots: Floats) -> Floats:
    """The features and what each exceeds each of its knots by, shape (n, n_features * (1 + n_knots))."""
    return np.concatenate([z, *(np.maximum(z - row, 0.0) for row in knots)], axis=1)


def _newton(design: Floats, y: Floats, regularization: float) -> Floats:
    """Minimizes the regularized logistic loss; a step that does not improve is halved."""
    penalty = np.full(design.shape[1], regularization)
    penalty[0] = 1e-6
    weights = np.zeros(design.shape[1])
    rate = (y.sum() + 0.5) / (len(y) + 1.0)
    weights[0] = np.log(rate / (1 - rate))
    loss = _loss(design, y, weights, penalty)
    for _ in range(STEPS):
        p = sigmoid(design @ weights)
        gradient = design.T @ (p - y) + penalty * weights
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(penalty)
        step: Floats = np.linalg.solve(curvature, gradient).astype(np.float64)
        weights, loss, moved = _line(design, y, weights, step, penalty, loss)
        if moved * np.abs(step).max() < ENOUGH:
            break
    return weights


def _line(
    design: Floats, y: Floats, weights: Floats, step: Floats, penalty: Floats, loss: float
) -> tuple[Floats, float, float]:
    share = 1.0
    while share > 1e-3:
        tried = weights - share * step
        found = _loss(design, y, tried, penalty)
        if found <= loss:
            return tried, found, share
        share /= 2
    return weights, loss, 0.0


def _loss(design: Floats, y: Floats, weights: Floats, penalty: Floats) -> float:
    z = design @ weights
    return float(np.sum(np.logaddexp(0.0, z) - y * z) + 0.5 * np.sum(penalty * weights**2))
