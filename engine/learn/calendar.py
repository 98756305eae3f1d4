"""How much busier some days are than others: by weekday, and by where in the month they lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.learn.purchases import Floats, Ints

HARMONICS = (1, 2, 3)  # waves a month
SIZE = 7 + 2 * len(HARMONICS)
FEWEST = 28  # days, without which weekdays are alike; twice as many, without which the month has no course
BEND = 56.0  # days between two bends of the trend
PRIOR = 5.0  # days that pull every figure to nothing
NOISE = 0.05  # standard deviation of the log of a day's count beyond chance


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Calendar:
    """The course of a week and of a month.

    Attributes
    ----------
    weights : float array of shape (SIZE,), of the logarithm of a day's busyness: seven weekdays from Monday, then sine
        and cosine of each wave of a month
    """

    weights: Floats

    @classmethod
    def fit(cls, days: Floats, until: float) -> Calendar:
        """From when anything was bought before ``until``: ridge regression of a day's log count, on a bending trend.

        Parameters
        ----------
        days : float array of shape (n_purchases,), days since 1970-01-01 UTC, in any order
        """
        whole = np.floor(days[days < until]).astype(np.int64)
        first = int(whole.min()) if len(whole) else int(until)
        n = int(np.floor(until)) - first
        if n < FEWEST:
            return cls(weights=np.zeros(SIZE))
        counts = np.bincount(whole - first, minlength=n)[:n].astype(float)
        course = _course(first + np.arange(n))
        if n < 2 * FEWEST:
            course[:, 7:] = 0.0
        bends = np.arange(0.0, n, BEND)
        trend = np.column_stack([np.ones(n), *(np.maximum(np.arange(n) - bend, 0.0) / BEND for bend in bends)])
        rows = np.column_stack([course, trend])
        precision = NOISE**2 / (NOISE**2 + 1 / (counts + 0.5))
        prior = np.concatenate([np.full(SIZE, PRIOR), np.full(trend.shape[1], 1e-3)])
        weighed = rows * precision[:, None]
        found = np.linalg.solve(weighed.T @ rows + np.diag(prior), weighed.T @ np.log(counts + 0.5))
        return cls(weights=found[:SIZE])

    def busyness(self, day: float, n: int) -> Floats:
        """Of the days from ``day`` on, shape (n,); 1 is a usual day."""
        found: Floats = np.exp(_ahead(int(np.floor(day)), n) @ self.weights)
        return found

    def passed(self, day: float, n: int) -> Floats:
        """How many usual days the first 0 to ``n`` days from ``day`` on are worth, shape (n + 1,)."""
        return np.concatenate(([0.0], np.cumsum(self.busyness(day, n))))

    def offsets(self, day: float, edges: NDArray[np.float64]) -> Floats:
        """The log of the mean busyness between each two of ``edges``, days from ``day``; shape (n_edges - 1,)."""
        passed = self.passed(day, int(np.ceil(edges[-1])))
        at = np.interp(edges, np.arange(len(passed)), passed)
        found: Floats = np.log(np.diff(at) / np.diff(edges))
        return found


@lru_cache(maxsize=128)
def _ahead(day: int, n: int) -> Floats:
    """The course of ``n`` days from one on, not to be written to: many are asked about on the same day."""
    found = _course(day + np.arange(n))
    found.setflags(write=False)
    return found


def _course(days: Ints) -> Floats:
    """The weekday and the waves of the month of each day, shape (n, SIZE)."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    first, following = (m.astype("datetime64[D]") for m in (months, months + 1))
    phase = 2 * np.pi * ((dates - first).astype(float) + 0.5) / (following - first).astype(float)
    weekdays = np.eye(7)[(days + 3) % 7] - 1 / 7
    return np.column_stack([weekdays, *(wave(k * phase) for k in HARMONICS for wave in (np.sin, np.cos))])
