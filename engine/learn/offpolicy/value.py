"""The value of a policy from the sums over a log: estimates, their intervals, or why there are none.

IPS (Horvitz and Thompson, 1952), SNIPS (Swaminathan and Joachims, 2015, eq. 8) and DR (Dudik, Langford and Li, 2011,
eq. 3) are ratios of sums over units. docs/offpolicy.md tells how their intervals are made and what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.stats import norm, t

from engine.domain.estimates import NotEstimable
from engine.learn.offpolicy.log import Floats
from engine.learn.offpolicy.sums import DR, WR, N, R, Sums, W

DRAWS = 2_000
LEVEL = 0.95
BLOCK = 2_000_000  # counts drawn at a time


class Estimator(StrEnum):
    """The ways a value is estimated."""

    IPS = "ips"  # mean of w r
    SNIPS = "snips"  # sum of w r over sum of w
    DR = "dr"  # what a model expects, corrected by w times its error


RATIOS: Mapping[Estimator, tuple[int, int]] = {
    Estimator.IPS: (WR, N),
    Estimator.SNIPS: (WR, W),
    Estimator.DR: (DR, N),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """The mean reward of a row, as estimated."""

    estimate: float
    low: float  # of the interval that holds the truth in 19 of 20 logs
    high: float
    se: float  # standard error


def estimates(
    sums: Sums, *, seed: int, draws: int = DRAWS, level: float = LEVEL
) -> dict[Estimator, Value | NotEstimable]:
    """Every estimator's value of the policy.

    Parameters
    ----------
    draws : of the bootstrap
    level : of the intervals
    """
    known = [one for one, (top, _) in RATIOS.items() if np.isfinite(sums.units[:, top]).all()]
    values = dict(zip(known, ratios(sums.units, [RATIOS[one] for one in known], seed, draws, level), strict=True))
    values[Estimator.IPS] = _spanning(values[Estimator.IPS], values[Estimator.SNIPS])
    unknown = NotEstimable(
        reason="only the policy's probability of the logged action is known",
        needed="its probabilities of every action, as a policy FILE",
    )
    return {one: values.get(one, unknown) for one in RATIOS}


def logged(sums: Sums, *, seed: int, draws: int = DRAWS, level: float = LEVEL) -> Value:
    """The mean reward of the log itself."""
    return ratios(sums.units, [(R, N)], seed, draws, level)[0]


def ratios(units: Floats, columns: Sequence[tuple[int, int]], seed: int, draws: int, level: float) -> list[Value]:
    """Ratios of sums over units, with their standard errors and intervals.

    Parameters
    ----------
    units : float array of shape (n_units, n_columns)
    columns : numerator and denominator of each ratio
    """
    tops, bottoms = (units[:, list(places)] for places in zip(*columns, strict=True))
    point, error = _ratio(np.stack([part.sum(axis=0) for part in _parts(tops, bottoms)]))
    points, errors = _drawn(tops, bottoms, seed, draws)
    found = []
    for place, (_, bottom) in enumerate(columns):
        off = tops[:, place] - point[place] * bottoms[:, place]
        reach = _reach(points[:, place] - point[place], errors[:, place], _carriers(off), level)
        n, se = len(units), float(error[place])
        found.append(
            Value(
                estimate=float(point[place]),
                low=float(point[place]) - reach[0] * se,
                high=float(point[place]) + reach[1] * se,
                se=se if bottom == W or n < 2 else se * float(np.sqrt(n / (n - 1))),
            )
        )
    return found


def _parts(top: Floats, bottom: Floats) -> tuple[Floats, ...]:
    """What ratios and their errors are made of."""
    return top, bottom, top * top, top * bottom, bottom * bottom


def _ratio(totals: Floats) -> tuple[Floats, Floats]:
    """Ratios and their errors by the delta method, from sums of parts, of shape (5, ...)."""
    top, bottom, tt, tb, bb = totals
    ratio = top / bottom
    return ratio, np.sqrt(np.maximum(tt - 2 * ratio * tb + ratio**2 * bb, 0.0)) / np.abs(bottom)


def _drawn(tops: Floats, bottoms: Floats, seed: int, draws: int) -> tuple[Floats, Floats]:
    """Ratios and their errors when units are drawn with replacement, each of shape (draws, n_ratios)."""
    rng, (n, width) = np.random.default_rng(seed), tops.shape
    parts = np.concatenate(_parts(tops, bottoms), axis=1)
    totals = np.zeros((draws, parts.shape[1]))
    step = max(1, BLOCK // n)
    for start in range(0, draws, step):
        some = min(step, draws - start)
        places = rng.integers(0, n, (some, n)) + np.arange(some)[:, None] * n
        counts = np.bincount(places.ravel(), minlength=some * n).reshape(some, n)
        totals[start : start + some] = counts.astype(float) @ parts
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw without any weight tells nothing
        return _ratio(totals.reshape(draws, 5, width).transpose(1, 0, 2))


def _carriers(off: Floats) -> float:
    """How many units carry the error: as many equal ones would give its variance the same error."""
    squares = off * off
    fourth = float(squares @ squares)
    return float(squares.sum()) ** 2 / fourth if fourth > 0 else 1.0


def _reach(off: Floats, errors: Floats, carriers: float, level: float) -> tuple[float, float]:
    """How many errors an interval goes down and up.

    By the bootstrap-t (Efron and Tibshirani, 1993, section 12.5), which follows skew, and at least as far as Student's
    distribution with one degree of freedom less than units carry the error, which allows for large weights that did
    not turn up in this log.
    """
    student = float(t.ppf((1 + level) / 2, max(carriers - 1, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = off / errors
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return student, student
    below, above = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    wider = student / float(norm.ppf((1 + level) / 2))
    return max(student, wider * float(above)), max(student, wider * -float(below))


def _spanning(ips: Value, snips: Value) -> Value:
    """IPS with an interval that holds that of SNIPS.

    Weights are 1 on average. Where the largest did not turn up, IPS is too small by their share, and does not show it;
    SNIPS, which divides by the weights there were, does.
    """
    return replace(ips, low=min(ips.low, snips.low), high=max(ips.high, snips.high))
