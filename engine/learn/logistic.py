"""Logistic regression on bent features: each is weighed along straight pieces between knots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn.purchases import Floats


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
        """The weights of greatest likelihood under a Gaussian prior; fitted by scikit-learn.

        Parameters
        ----------
        x : float array of shape (n, n_features)
        y : bool array of shape (n,), both values present
        quantiles : of each feature, where its line may bend
        regularization : precision of the prior of every weight; the bias has none
        """
        from sklearn.linear_model import LogisticRegression

        mean, scale = x.mean(axis=0), x.std(axis=0)
        scale = np.where(scale > 1e-9, scale, 1.0)
        knots = (np.quantile(x, quantiles, axis=0) - mean) / scale if quantiles else np.zeros((0, x.shape[1]))
        solver = LogisticRegression(C=1 / regularization, solver="newton-cholesky", max_iter=50)
        solver.fit(_bent((x - mean) / scale, knots), y)
        return cls(mean=mean, scale=scale, knots=knots, weights=solver.coef_[0], bias=float(solver.intercept_[0]))

    def probabilities(self, x: Floats) -> Floats:
        """P(y = 1), shape (n,), for x of shape (n, n_features)."""
        return sigmoid(_bent((x - self.mean) / self.scale, self.knots) @ self.weights + self.bias)

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


def _bent(z: Floats, knots: Floats) -> Floats:
    """The features and what each exceeds each of its knots by, shape (n, n_features * (1 + n_knots))."""
    return np.concatenate([z, *(np.maximum(z - row, 0.0) for row in knots)], axis=1)
