"""The proof that acting above a threshold keeps a promise, from windows that are over.

A fixed grid of thresholds is walked down; at each, a one-sided Clopper-Pearson bound of the precision, with counts
divided by the design effect of households, must reach the promise and a margin for drift. The walk ends at the first
that does not (fixed-sequence testing; Angelopoulos, Bates, Candes, Jordan, Lei: Learn then Test, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from engine.errors import InputError
from engine.learn.hazard import Hazards
from engine.learn.purchases import median_gaps, usual_amounts
from engine.learn.results import Certificate
from engine.learn.rhythm import is_due, order_window
from engine.learn.snapshots import Snapshot, Snapshots

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
POOLED = 3  # windows
SHARED = 42  # days between fits
GRID = np.round(np.arange(0.98, 0.395, -0.01), 2)
DELTA = 0.10
START = 150  # pairs, from which the first threshold is tried
DRIFT, OF_WRONG = 0.01, 0.1  # the most a promise is tested above itself; as a share of what it lets be wrong


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What finished windows say of every threshold; counts only, nothing of any one customer.

    Attributes
    ----------
    thresholds : falling
    n, hits : pairs at or above each, and those of them that were bought
    effect : design effect of households at each, at least 1
    windows : cut-offs the windows began at, days since 1970-01-01 UTC
    """

    window_days: int
    thresholds: Floats
    n: Ints
    hits: Ints
    effect: Floats
    windows: tuple[float, ...]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        table = np.column_stack([self.thresholds, self.n, self.hits, self.effect])
        return {"table": table, "windows": np.array(self.windows)}

    @classmethod
    def of_arrays(cls, window_days: int, arrays: dict[str, NDArray[Any]]) -> Evidence:
        """The inverse of ``arrays``."""
        table = arrays["table"]
        return cls(
            window_days=window_days,
            thresholds=table[:, 0],
            n=table[:, 1].astype(np.int64),
            hits=table[:, 2].astype(np.int64),
            effect=table[:, 3],
            windows=tuple(float(day) for day in arrays["windows"]),
        )


def gathered(snapshots: Snapshots, day: float, window: int, *, own_window: bool = True) -> Evidence:
    """The three latest windows over by ``day`` that do not overlap, scored by a fit that was made before all of them.

    Where too little had happened by then, there are fewer windows. Fits are made at whole multiples of six weeks back,
    so that evidence for several windows shares them.

    Parameters
    ----------
    own_window : only the pairs that would be ordered for unasked over this window, see ``rhythm``; False: all pairs
    """
    return _counted(_pooled(snapshots, day, window, own_window), window, day)


def by_stake(
    snapshots: Snapshots, day: float, window: int, bounds: Sequence[float], *, own_window: bool = True
) -> tuple[Evidence, ...]:
    """The same for each stake class, the lowest first: pairs by what they usually came to on a day before their window.

    Parameters
    ----------
    bounds : minor units, ascending; a class reaches from one of them to below the next. Pairs of which it is not known
        what they came to belong to none.
    """
    pooled = _pooled(snapshots, day, window, own_window)
    classes = stake_class(pooled.stakes, bounds)
    known = np.isfinite(pooled.stakes)
    return tuple(_counted(pooled.take(known & (classes == one)), window, day) for one in range(len(bounds) + 1))


def stake_class(stakes: Floats | float, bounds: Sequence[float]) -> Ints:
    """Which class each price of an order lies in; what is not known lies in the highest.

    Examples
    --------
    >>> stake_class(np.array([999.0, 1000.0, np.nan]), [1000.0]).tolist()
    [0, 1, 1]
    """
    return np.searchsorted(np.asarray(bounds, float), np.asarray(stakes, float), side="right").astype(np.int64)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Pooled:
    """Pairs of several windows, an array a column."""

    probabilities: Floats
    came: NDArray[np.bool_]
    owners: Ints
    stakes: Floats
    windows: tuple[float, ...]

    def take(self, kept: NDArray[np.bool_]) -> _Pooled:
        return replace(
            self,
            probabilities=self.probabilities[kept],
            came=self.came[kept],
            owners=self.owners[kept],
            stakes=self.stakes[kept],
        )


def _counted(pooled: _Pooled, window: int, day: float) -> Evidence:
    return evidence(
        window_days=window,
        probabilities=pooled.probabilities,
        came=pooled.came,
        households=pooled.owners,
        windows=pooled.windows,
        now=day,
    )


def _pooled(snapshots: Snapshots, day: float, window: int, own_window: bool) -> _Pooled:
    fitted, used = _before(snapshots, day, window)
    probabilities, came, owners, stakes = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for cutoff in used:
        seen = snapshots.at(cutoff)
        scores = fitted.within(seen.traits.values, cutoff, window) if fitted else np.zeros(0)
        meant = np.flatnonzero(scores >= GRID[-1])  # nothing below is ever acted on
        if own_window:
            meant = meant[ordered_over(snapshots, seen, meant, window)]
        probabilities.append(scores[meant])
        came.append(seen.came(window)[meant])
        owners.append(seen.owners[meant])
        stakes.append(usual_amounts(snapshots.purchases, cutoff)[seen.traits.pairs[meant]])
    return _Pooled(
        probabilities=np.concatenate(probabilities),
        came=np.concatenate(came),
        owners=np.concatenate(owners),
        stakes=np.concatenate(stakes),
        windows=tuple(used),
    )


def _before(snapshots: Snapshots, day: float, window: int) -> tuple[Hazards | None, list[float]]:
    """A fit, and the cut-offs that it may be judged at: the latest windows over by ``day``, none before the fit."""
    for n in range(POOLED, 0, -1):
        for known in dict.fromkeys((day - SHARED * ceil(window * n / SHARED), day - window * n)):
            fitted = snapshots.fit(known)
            if fitted is not None:
                return fitted, [day - window * back for back in range(1, n + 1)]
    return None, []


def ordered_over(snapshots: Snapshots, seen: Snapshot, pairs: Ints, window: int) -> NDArray[np.bool_]:
    """Whether each of some pairs of a snapshot has this window, and is far enough in its gap."""
    gaps = median_gaps(snapshots.purchases, seen.traits.pairs[pairs], seen.traits.counts[pairs])
    since = seen.day - seen.traits.last[pairs]
    ordered: NDArray[np.bool_] = (order_window(gaps) == window) & is_due(since, gaps)
    return ordered


def evidence(
    *,
    window_days: int,
    probabilities: Floats,
    came: NDArray[np.bool_],
    households: Ints,
    windows: Sequence[float],
    now: float,
    thresholds: Floats = GRID,
) -> Evidence:
    """The counts at every threshold.

    Parameters
    ----------
    probabilities, came, households : arrays of shape (n_pairs,); probabilities from fits that saw none of this
    windows : when each window began
    now : days since 1970-01-01 UTC

    Raises
    ------
    InputError
        for a window that is not over
    """
    for start in windows:
        if start + window_days > now:
            raise InputError.of("windows", f"windows that are over by day {now:g}", start + window_days)
    order = np.argsort(-probabilities, kind="stable")
    p, hit, owner = probabilities[order], came[order].astype(np.int64), households[order]
    counts = np.searchsorted(-p, -thresholds, side="right")
    hits = np.concatenate(([0], np.cumsum(hit)))[counts]
    effects = [_effect(hit[:n], owner[:n]) for n in counts.tolist()]
    return Evidence(
        window_days=window_days,
        thresholds=thresholds,
        n=counts.astype(np.int64),
        hits=hits.astype(np.int64),
        effect=np.array(effects),
        windows=tuple(windows),
    )


def certify(
    found: Evidence,
    promise: float,
    *,
    certificate_id: str = "",
    start: int = START,
    drift: float | None = None,
    delta: float = DELTA,
) -> Certificate:
    """The lowest threshold the walk reaches; shut where it reaches none.

    Parameters
    ----------
    drift : how far above the promise the bound must lie; None: see ``drift_margin``

    Examples
    --------
    >>> found = Evidence(window_days=14, thresholds=np.array([0.9, 0.8, 0.7, 0.6]), n=np.array([60, 100, 600, 1400]),
    ...     hits=np.array([60, 95, 540, 1290]), effect=np.ones(4), windows=(0.0,))
    >>> certify(found, 0.9, start=50, drift=0).threshold
    0.8
    >>> certify(found, 0.9, start=101, drift=0).is_open  # .8825 is not .90
    False
    """
    least = promise + (drift_margin(promise) if drift is None else drift)
    reached, why = None, "no threshold is reached by enough pairs in finished windows"
    for place in np.flatnonzero(found.n >= start).tolist():
        if found.n[place] == 0:
            continue
        low = lower_bound(found.hits[place] / found.effect[place], found.n[place] / found.effect[place], delta)
        if low < least:
            why = f"the first threshold, {found.thresholds[place]:.2f}, is right {low:.1%} of the time at least"
            break
        reached = (place, low)
    if reached is None:
        return Certificate(
            certificate_id=certificate_id,
            promise=promise,
            window_days=found.window_days,
            threshold=None,
            windows=found.windows,
            reason=why,
        )
    place, low = reached
    return Certificate(
        certificate_id=certificate_id,
        promise=promise,
        window_days=found.window_days,
        threshold=float(found.thresholds[place]),
        n=int(found.n[place]),
        hits=int(found.hits[place]),
        lower=low,
        windows=found.windows,
    )


def drift_margin(promise: float) -> float:
    """How far above a promise it is tested, for what changes until it is kept: a part of what it lets be wrong.

    Examples
    --------
    >>> [round(drift_margin(promise), 4) for promise in (0.5, 0.8, 0.9, 0.95, 0.99)]
    [0.01, 0.01, 0.01, 0.005, 0.001]
    """
    return min(DRIFT, OF_WRONG * (1 - promise))


def lower_bound(hits: float, n: float, delta: float = DELTA) -> float:
    """The one-sided lower bound of a share, at confidence 1 - delta (Clopper and Pearson, 1934).

    Examples
    --------
    >>> [round(lower_bound(k, n), 4) for k, n in ((22, 22), (57, 60), (95, 100), (540, 600), (0, 9))]
    [0.9006, 0.892, 0.9092, 0.8825, 0.0]
    """
    return 0.0 if hits <= 0 else float(beta.ppf(delta, hits, n - hits + 1))


def _effect(hit: Ints, owner: Ints) -> float:
    """How much less n correlated pairs say than n independent ones, at least 1."""
    n = len(hit)
    if not n:
        return 1.0
    share = float(hit.mean())
    if share in (0.0, 1.0):
        return 1.0
    residuals = np.bincount(owner, hit - share)
    return max(1.0, float(np.sum(residuals**2)) / (n * share * (1 - share)))
