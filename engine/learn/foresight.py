"""How forecasts turned out, and the gate on them, at past cut-offs whose windows are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.accuracy import Honesty, Reliability, honesty, reliability
from engine.learn.certificate import POOLED, SHARED, certify, gathered
from engine.learn.hazard import Hazards
from engine.learn.replenishment import LONGEST, ahead, dated
from engine.learn.snapshots import WEEK, Snapshot, Snapshots

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Qualified:
    """The least threshold above which finished forecasts kept a promise, and what came of those above it now."""

    promise: float
    threshold: float | None  # None: none kept it
    pairs: int
    precision: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """How near the expected days were; a pair that has not come yet is taken to be further off than the median."""

    cutoff: float  # days since 1970-01-01 UTC
    pairs: int  # that a date is told of
    error: float | None  # median of the distance, of those
    early: float | None  # median of how much sooner the day was expected than it came, of those
    error_of_all: float | None  # median of the distance, of all pairs that came within 60 days


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecasts:
    """How forecasts at one cut-off turned out."""

    cutoff: float  # days since 1970-01-01 UTC
    window: int  # days
    honesty: Honesty
    said: float | None = None  # mean probability; None of no pairs
    came: float | None = None  # share that was bought
    qualified: Qualified | None = None  # None: not asked for


def forecasts(snapshots: Snapshots, windows: Sequence[int], n: int) -> Iterator[Forecasts]:
    """Forecasts made at the ``n`` latest weekly cut-offs whose window is over, from what was known by then."""
    for window in windows:
        for cutoff in cutoffs(snapshots, window, n):
            found = foreseen(snapshots, cutoff, window)
            if found is not None:
                yield found


def foreseen(
    snapshots: Snapshots, cutoff: float, window: int, *, least: int = 2, promise: float | None = None
) -> Forecasts | None:
    """Forecasts made at a cut-off; None where nothing had been learned, or the window is not over.

    Parameters
    ----------
    least : days that a pair was bought on before the cut-off
    promise : the share of pairs above a threshold that must come; the threshold is the least that kept it in the three
        latest windows that were over by the cut-off, each forecast by what was known before it
    """
    now = _scored(snapshots, cutoff, window, least) if cutoff + window <= snapshots.until else None
    if now is None:
        return None
    p, came = now
    return Forecasts(
        cutoff=cutoff,
        window=window,
        honesty=honesty(p, came),
        said=float(p.mean()) if len(p) else None,
        came=float(came.mean()) if len(p) else None,
        qualified=None if promise is None else _qualified(snapshots, cutoff, window, least, promise, now),
    )


def threshold(p: Floats, came: Bools, promise: float) -> float | None:
    """The least probability such that of all pairs at or above it the promised share came; None where there is none.

    Examples
    --------
    >>> p, came = np.array([0.9, 0.8, 0.8, 0.7, 0.6]), np.array([True, True, False, True, False])
    >>> threshold(p, came, 0.75), threshold(p, came, 0.9), threshold(p[1:], came[1:], 0.9)
    (0.7, 0.9, None)
    """
    order = np.argsort(-p, kind="stable")
    share = np.cumsum(came[order]) / np.arange(1, len(p) + 1)
    last = np.append(np.diff(p[order]) < 0, True)[: len(p)]  # equals are taken or left together
    kept = np.flatnonzero((share >= promise) & last)
    return float(p[order][kept[-1]]) if len(kept) else None


def _qualified(
    snapshots: Snapshots, cutoff: float, window: int, least: int, promise: float, now: tuple[Floats, Bools]
) -> Qualified:
    before = [_scored(snapshots, cutoff - window * n, window, least) for n in range(1, POOLED + 1)]
    known = [one for one in before if one is not None]
    p, came = (np.concatenate([one[n] for one in known]) if known else np.zeros(0) for n in (0, 1))
    bar = threshold(p, came.astype(bool), promise)
    above = now[1][now[0] >= bar] if bar is not None else np.zeros(0, bool)
    return Qualified(
        promise=promise, threshold=bar, pairs=len(above), precision=float(above.mean()) if len(above) else None
    )


def _scored(snapshots: Snapshots, cutoff: float, window: int, least: int) -> tuple[Floats, Bools] | None:
    """Probabilities at a cut-off, and what came of them."""
    fitted = snapshots.fit(cutoff)
    if fitted is None:
        return None
    seen = snapshots.at(cutoff).bought_on(least)
    return fitted.within(seen.traits.values, cutoff, window), seen.came(window)


def dates(snapshots: Snapshots, cutoff: float, *, least: int = 2) -> Dates | None:
    """How near the days expected at a cut-off were; None where nothing had been learned."""
    fitted = snapshots.fit(cutoff)
    if fitted is None:
        return None
    seen = snapshots.at(cutoff).bought_on(least)
    courses = ahead(fitted, seen.traits, cutoff)
    told, came = dated(courses), seen.wait < min(LONGEST, snapshots.until - cutoff)
    off = courses.medians(LONGEST) - np.where(seen.wait < snapshots.until - cutoff, seen.wait, np.inf)
    return Dates(
        cutoff=cutoff,
        pairs=int(np.count_nonzero(told)),
        error=_median(np.abs(off[told])),
        early=_median(-off[told]),
        error_of_all=_median(np.abs(off[came])),
    )


def _median(values: Floats) -> float | None:
    found = float(np.median(values)) if len(values) else np.inf
    return found if np.isfinite(found) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliable:
    """How honest the forecasts over one window were at the latest cut-off whose window is over."""

    cutoff: float  # days since 1970-01-01 UTC
    window: int  # days
    known: float  # the day by whose end all was learned that they were made from
    honesty: Honesty
    bins: Sequence[Reliability]


def reliable(snapshots: Snapshots, windows: Sequence[int]) -> Iterator[Reliable]:
    """For each window, by the fit of six weeks ago, which the certificates need anyway, or a later one."""
    for window in windows:
        cutoff = snapshots.until - window
        for known in (min(snapshots.until - SHARED, cutoff), cutoff):
            fitted = snapshots.fit(known)
            if fitted is not None:
                yield _reliable(snapshots.at(cutoff), fitted, window, known)
                break


def _reliable(seen: Snapshot, fitted: Hazards, window: int, known: float) -> Reliable:
    p, came = fitted.within(seen.traits.values, seen.day, window), seen.came(window)
    return Reliable(
        cutoff=seen.day, window=window, known=known, honesty=honesty(p, came), bins=tuple(reliability(p, came))
    )


def cutoffs(snapshots: Snapshots, window: float, n: int) -> list[float]:
    """Weekly cut-offs, counted back from the last whose window is over; the earliest first."""
    last = snapshots.until - window
    return [day for day in (last - WEEK * back for back in range(n - 1, -1, -1)) if day >= snapshots.first]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What the gate would have let through at one cut-off, and what came of it."""

    cutoff: float  # days since 1970-01-01 UTC
    threshold: float | None  # None: shut
    executions: int  # pairs of customer and family
    precision: float | None
    share_of_purchases: float  # of all pairs bought within the window


def gates(snapshots: Snapshots, promise: float, window: int, n: int) -> Iterator[Gate]:
    """The gate replayed over all pairs: the certificate and the forecast of each cut-off, then what was bought."""
    for cutoff in cutoffs(snapshots, window, n):
        fitted = snapshots.fit(cutoff)
        proof = certify(gathered(snapshots, cutoff, window, own_window=False), promise)
        if fitted is None or proof.threshold is None:
            yield Gate(cutoff=cutoff, threshold=None, executions=0, precision=None, share_of_purchases=0.0)
            continue
        seen = snapshots.at(cutoff)
        acted = fitted.within(seen.traits.values, cutoff, window) >= proof.threshold
        came = seen.came(window)
        hits = int(np.count_nonzero(came & acted))
        yield Gate(
            cutoff=cutoff,
            threshold=proof.threshold,
            executions=int(np.count_nonzero(acted)),
            precision=hits / int(np.count_nonzero(acted)) if acted.any() else None,
            share_of_purchases=hits / max(int(np.count_nonzero(came)), 1),
        )
