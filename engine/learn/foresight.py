"""How forecasts turned out, and the gate on them, at past cut-offs whose windows are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.learn.accuracy import Honesty, honesty
from engine.learn.certificate import certify, gathered
from engine.learn.snapshots import WEEK, Snapshots


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecasts:
    """How forecasts at one cut-off turned out."""

    cutoff: float  # days since 1970-01-01 UTC
    window: int  # days
    honesty: Honesty


def forecasts(snapshots: Snapshots, windows: Sequence[int], n: int) -> Iterator[Forecasts]:
    """Forecasts made at the ``n`` latest weekly cut-offs whose window is over, from what was known by then."""
    for window in windows:
        for cutoff in cutoffs(snapshots, window, n):
            fitted = snapshots.fit(cutoff)
            if fitted is None:
                continue
            seen = snapshots.at(cutoff)
            found = honesty(fitted.within(seen.traits.values, cutoff, window), seen.came(window))
            yield Forecasts(cutoff=cutoff, window=window, honesty=found)


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
