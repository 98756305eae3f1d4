"""How often something was right, of many tries by some customers: sums by customer, which add, and their interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from engine.domain.estimates import NotEstimable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVEL = 0.95
TENTHS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A share and where it may lie, with 95 % confidence unless said."""

    estimate: float
    low: float
    high: float
    n: int  # tries
    customers: int
    effect: float  # design effect: how much less these tries say than as many of different customers, at least 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A number of something, per customer or per time, and where it may lie."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tally:
    """Tries and hits of each customer; those of other days, of the same customers, are added.

    Attributes
    ----------
    tries, hits : float arrays of shape (n_customers,); no customer has more hits than tries
    said : float array of shape (n_customers,), sum of the probabilities that were given
    """

    tries: Floats
    hits: Floats
    said: Floats

    @classmethod
    def of(cls, owners: Ints, hits: NDArray[np.bool_], said: Floats | None = None, *, n_customers: int) -> Tally:
        """From single tries, each of one owner (a number below ``n_customers``)."""
        given = np.zeros(len(owners)) if said is None else said
        return cls(
            tries=_sums(owners, np.ones(len(owners)), n_customers),
            hits=_sums(owners, hits.astype(np.float64), n_customers),
            said=_sums(owners, given, n_customers),
        )

    def __add__(self, other: Tally) -> Tally:
        return Tally(tries=self.tries + other.tries, hits=self.hits + other.hits, said=self.said + other.said)

    @property
    def n(self) -> int:
        """All tries."""
        return int(self.tries.sum())

    @property
    def customers(self) -> int:
        """Those with at least one try."""
        return int(np.count_nonzero(self.tries))

    @property
    def mean_said(self) -> float | None:
        """The mean of the probabilities given; None of no tries."""
        return float(self.said.sum() / self.tries.sum()) if self.n else None

    def share(self, level: float = LEVEL) -> Share | NotEstimable:
        """The share of hits, a ratio of sums over customers, with an interval that takes each for one observation.

        The variance of the ratio r is m / (m - 1) * sum_c (hits_c - r tries_c)^2 / n^2 over m customers (Cochran,
        Sampling Techniques, 1977, ch. 6); its quotient by r (1 - r) / n is the design effect, taken for 1 where it is
        less. The interval is that of Clopper and Pearson (1934) for counts divided by it.

        Examples
        --------
        >>> lone = Tally(tries=np.ones(60), hits=np.array([1.0] * 57 + [0.0] * 3), said=np.zeros(60)).share(level=0.8)
        >>> round(lone.estimate, 2), round(lone.low, 2), lone.customers
        (0.95, 0.89, 60)
        """
        n, customers = self.n, self.customers
        if not n:
            return NotEstimable(reason="it was never tried", needed="at least one finished case of two customers")
        if customers < 2:
            return NotEstimable(reason="all cases are of one customer", needed="finished cases of two customers")
        share = float(self.hits.sum() / n)
        effect = self._effect(share)
        low, high = interval(share * n / effect, n / effect, level)
        return Share(estimate=share, low=low, high=high, n=n, customers=customers, effect=effect)

    def _effect(self, share: float) -> float:
        if share in (0.0, 1.0):
            return 1.0
        residuals = self.hits - share * self.tries
        correction = self.customers / (self.customers - 1)
        return max(1.0, correction * float(np.sum(residuals**2)) / (self.n * share * (1 - share)))


def interval(hits: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The two-sided interval of a share from counts, whole or not (Clopper and Pearson, 1934).

    Examples
    --------
    >>> [round(end, 4) for end in interval(57, 60, level=0.8)]
    [0.892, 0.9815]
    >>> interval(0, 0)
    (0.0, 1.0)
    """
    tail = (1 - level) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits >= n else float(beta.ppf(1 - tail, hits + 1, n - hits))
    return low, high


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenth:
    """What was said with about one probability, and what came."""

    low: float  # of the bin
    high: float
    n: int
    said: float
    came: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Calibration:
    """Sums over ten bins of probability; those of other cases add.

    Attributes
    ----------
    n, said, came : float arrays of shape (10,)
    """

    n: Floats
    said: Floats
    came: Floats

    @classmethod
    def of(cls, said: Floats, came: NDArray[np.bool_]) -> Calibration:
        """From single probabilities and whether each came true."""
        bins = np.minimum((said * TENTHS).astype(np.int64), TENTHS - 1)
        n, given, true = (_sums(bins, one, TENTHS) for one in (np.ones(len(bins)), said, came.astype(np.float64)))
        return cls(n=n, said=given, came=true)

    def __add__(self, other: Calibration) -> Calibration:
        return Calibration(n=self.n + other.n, said=self.said + other.said, came=self.came + other.came)

    def tenths(self) -> Sequence[Tenth]:
        """The bins that hold anything.

        Examples
        --------
        >>> Calibration.of(np.array([0.9, 0.95, 0.2]), np.array([True, False, False])).tenths()[1]
        Tenth(low=0.9, high=1.0, n=2, said=0.925, came=0.5)
        """
        return [
            Tenth(
                low=place / TENTHS,
                high=(place + 1) / TENTHS,
                n=int(self.n[place]),
                said=float(self.said[place] / self.n[place]),
                came=float(self.came[place] / self.n[place]),
            )
            for place in np.flatnonzero(self.n).tolist()
        ]

    def error(self) -> float | NotEstimable:
        """The mean distance of what was said and what came (ECE)."""
        if not self.n.sum():
            return NotEstimable(reason="nothing was forecast", needed="finished forecasts")
        return float(np.abs(self.said - self.came).sum() / self.n.sum())


def rate(share: Share | NotEstimable, made: float, per: float) -> Count | NotEstimable:
    """How often what is not a hit happens: the share of misses, times how often anything is made at all.

    Parameters
    ----------
    made : how many were made, judged or not
    per : over how much, such as customer-years

    Examples
    --------
    >>> rate(Share(estimate=0.9, low=0.8, high=0.95, n=50, customers=20, effect=1.0), 100, 50.0).estimate
    0.2
    """
    if isinstance(share, NotEstimable):
        return share
    often = made / per
    low, middle, high = (round((1 - hit) * often, 12) for hit in (share.high, share.estimate, share.low))
    return Count(estimate=middle, low=low, high=high)


def _sums(codes: Ints, values: Floats, n: int) -> Floats:
    """The sum of the values of each code, shape (n,)."""
    return np.asarray(np.bincount(codes, values, minlength=n), np.float64)
