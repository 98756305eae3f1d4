"""The time ahead of many pairs: the cumulative hazard of buying again, at any day from now on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from engine.learn.purchases import Floats

EVEN = 0.25  # of the hazard of an interval, spread evenly over its days; the rest goes as the pair's own gaps do
HALVINGS = 8  # of a span of days, when a day is looked for in it


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Courses:
    """Hazards of n pairs, -log(1 - p), rising with the window as far as they were worked out.

    Between two knots it rises as the pair's own rhythm has it, whose gaps are taken to be log-normal, mixed with an
    even rise, and faster on busy days; beyond the last knot as before it.

    Attributes
    ----------
    ends : float array of shape (n_knots,), days from now, the first 0
    hazards : float array of shape (n, n_knots), 0 at first, nan from the knot on up to which they were not asked for
    since : float array of shape (n,), days since the last purchase
    gap, spread : float arrays of shape (n,), mean and standard deviation of the logarithm of the gaps
    passed : float array of shape (n_days,), how busy the days before each day from now are, in usual days
    """

    ends: Floats
    hazards: Floats
    since: Floats
    gap: Floats
    spread: Floats
    passed: Floats

    def __len__(self) -> int:
        return len(self.hazards)

    def take(self, kept: NDArray[np.bool_]) -> Courses:
        """Those of some of the pairs."""
        return replace(
            self,
            hazards=self.hazards[kept],
            since=self.since[kept],
            gap=self.gap[kept],
            spread=self.spread[kept],
        )

    def at(self, windows: Floats) -> Floats:
        """The hazard of each at its window, of the shape of ``windows``: (n,), or (k, n) for k windows of each.

        Raises
        ------
        ValueError
            for a window that hazards do not reach
        """
        right = np.clip(np.searchsorted(self.ends, windows, side="left"), 1, len(self.ends) - 1)
        rows, start, end = np.arange(len(self)), self.ends[right - 1], self.ends[right]
        low, high = self.hazards[rows, right - 1], self.hazards[rows, right]
        if np.isnan(high).any():
            raise ValueError("hazards are not known for windows so long")
        if np.array_equal(windows, end):  # nothing lies between two knots; rounded as below
            return np.asarray(low + (high - low), np.float64)
        even = self._even(right, np.minimum(windows, end))
        inside = start + even * (end - start)
        share = np.where((even > 0) & (even < 1), EVEN * even + (1 - EVEN) * self._own(start, inside, end), even)
        return np.where(windows > end, high * windows / end, low + share * (high - low))

    def within(self, windows: Floats) -> Floats:
        """P(bought in the window), for each at its own, or for several windows of each, see ``at``."""
        found: Floats = -np.expm1(-self.at(windows))
        return found

    def daily(self, days: int) -> Floats:
        """How likely each is bought next on each of so many days, if on any; shape (n, days), rows sum to one."""
        ends = np.arange(1.0, days + 1)[:, None]
        within = self.within(np.broadcast_to(ends, (days, len(self)))).T
        steps: Floats = np.maximum(np.diff(within, axis=1, prepend=0.0), 0.0)
        found: Floats = steps / steps.sum(axis=1, keepdims=True)
        return found

    def medians(self, most: float) -> Floats:
        """When each is as likely as not to have been bought, if it is within ``most`` days; days from now."""
        low, high = np.zeros(len(self)), np.full(len(self), most)
        half = self.within(high) / 2
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            reached = self.within(middle) >= half
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return high

    def _even(self, right: NDArray[np.int64], inside: Floats) -> Floats:
        """The share of the days from one knot to the next that comes by ``inside``; busy ones count more."""
        days = np.arange(len(self.passed))
        here, knots = np.interp(inside, days, self.passed), np.interp(self.ends, days, self.passed)
        first, last = knots[right - 1], knots[right]
        found: Floats = np.where(inside < self.ends[right], (here - first) / (last - first), 1.0)
        return found

    def _own(self, start: Floats, inside: Floats, end: Floats) -> Floats:
        """The share of the own rhythm's hazard from start to end that comes by ``inside``."""
        first, here, last = (self._of_gaps(day) for day in (start, inside, end))
        found: Floats = (here - first) / np.maximum(last - first, 1e-12)
        return np.clip(found, 0.0, 1.0)

    def _of_gaps(self, days: Floats) -> Floats:
        """-log P(a gap is longer than the time since the last purchase and ``days``)."""
        found: Floats = -log_ndtr(-(np.log(self.since + days + 0.5) - self.gap) / self.spread)
        return found
