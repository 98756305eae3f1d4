"""When a customer buys a family again: one probability for any window up to 60 days, monotone in the window.

Logistic regressions for 7, 14, 28 and 60 days, fitted on weekly snapshots whose windows are over, are joined by their
cumulative hazard -log(1 - p), which is made to rise and is straight between them. Where too little has happened to fit
one, purchases are taken to come at the pair's own rate, drawn to a prior (Gamma and Poisson).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from engine.domain.history import History
from engine.learn.logistic import Logistic
from engine.learn.purchases import Floats, Ints, median_gaps, of_history
from engine.learn.results import Evidence, Forecast
from engine.learn.snapshots import SNAPSHOTS, WEEK, Snapshots
from engine.learn.texts import packed, unpacked
from engine.learn.traits import NAMES, FamilyRates, Traits, traits

KNOTS = (7.0, 14.0, 28.0, 60.0)  # days
KNOTS_FROM_0 = np.array([0.0, *KNOTS])
LONGEST = 60.0
CLASSES = (4, 8)  # purchase days from which a pair belongs to the next class: 2-3, 4-7, 8 and more
SPREAD = 0.05  # correlation of a pair's windows where it cannot be estimated
DATED = (28.0, 0.8)  # a next date means something where it is bought within so many days with this probability
LEVEL = 0.9  # share of pairs within the interval


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Replenishment:
    """The fitted forecast.

    Attributes
    ----------
    fits : from window in days to its regression; those that could not be fitted are missing
    rates : how often families were bought when it was fitted
    families : names, the codes ``rates`` knows them by
    spread : float array of shape (3,), for each class of pairs how alike the windows of one pair are beyond its
        probability (intra-class correlation)
    like : int array of shape (10,), pairs that ``spread`` was found on, by tenths of their 7-day probability
    """

    fits: dict[float, Logistic]
    rates: FamilyRates
    families: Sequence[str]
    spread: Floats
    like: Ints
    _known: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {name: code for code, name in enumerate(self.families)})

    @classmethod
    def fit(cls, snapshots: Snapshots, families: Sequence[str]) -> Replenishment:
        """From everything before ``snapshots.until``."""
        day = snapshots.until
        fits = {knot: found for knot in KNOTS if (found := snapshots.fit(day, knot)) is not None}
        spread, like = _spread(snapshots, fits.get(KNOTS[0]))
        return cls(fits=fits, rates=snapshots.rates(day), families=families, spread=spread, like=like)

    def _hazards(self, found: Traits) -> tuple[Floats, Floats]:
        """Windows from 0 on, and the cumulative hazard of each pair at them, shape (n, n_windows)."""
        if not self.fits:
            return KNOTS_FROM_0, _at_own_rate(found)
        days = sorted(self.fits)
        columns = [np.zeros(len(found.counts))]
        for day in days:
            p = np.clip(self.fits[day].probabilities(found.values), 0.0, 1 - 1e-9)
            columns.append(np.maximum(-np.log1p(-p), columns[-1]))
        return np.array([0.0, *days]), np.column_stack(columns)

    def forecasts(
        self,
        history: History,
        day: float,
        windows_of: Sequence[Callable[[float], float]],
        *,
        least: float = 0.0,
        always: Collection[str] = frozenset(),
    ) -> list[list[Forecast]]:
        """For every family bought on at least two days before ``day``; a list for each way to find its window.

        Parameters
        ----------
        windows_of : from the median gap between purchase days to the window that the family is forecast for
        least : families less likely than that over the first of the windows are left out
        always : but not these
        """
        seen = history.before(day)
        purchases, names = of_history(seen)
        found = traits(purchases, day, self.rates, self._codes(names)[purchases.families])
        if not len(found.pairs):
            return [[] for _ in windows_of]
        days, hazards = self._hazards(found)
        gaps = median_gaps(purchases, found.pairs, found.counts)
        families = [names[code] for code in purchases.families[found.pairs].tolist()]
        if least > 0:
            first = 1 - np.exp(-_between(days, hazards, np.array([windows_of[0](gap) for gap in gaps.tolist()], float)))
            kept = (first >= least) | np.array([family in always for family in families], bool)
            found, hazards, gaps = found.take(kept), hazards[kept], gaps[kept]
            families = [family for family, keep in zip(families, kept.tolist(), strict=True) if keep]
            wanted = frozenset(families)
            seen = seen.take(np.array([family in wanted for family in seen.families], bool))
        evidence = self._evidence(found, gaps, days, hazards, day)
        expected, usual = self._expected(days, hazards, day), usual_items(seen)
        made = []
        for window_of in windows_of:
            windows = np.array([window_of(gap) for gap in gaps.tolist()], float)
            p = 1 - np.exp(-_between(days, hazards, windows))
            low, high = self.intervals(p, found.counts)
            columns = zip(families, windows.tolist(), p.tolist(), low.tolist(), high.tolist(), strict=True)
            made.append(
                [
                    Forecast(
                        family=family,
                        item_id=usual[family],
                        window_days=window,
                        probability=probability,
                        low=least,
                        high=most,
                        expected_day=expected[n],
                        evidence=evidence[n],
                    )
                    for n, (family, window, probability, least, most) in enumerate(columns)
                ]
            )
        return made

    def _evidence(self, found: Traits, gaps: Floats, days: Floats, hazards: Floats, day: float) -> list[Evidence]:
        week = 1 - np.exp(-_between(days, hazards, np.full(len(gaps), KNOTS[0])))
        like = self.like[np.minimum((week * 10).astype(int), 9)]
        columns = (found.counts, found.first, found.last, day - found.last, gaps, like)
        return [
            Evidence(
                purchases=count,
                first_day=first,
                last_day=last,
                since_days=since,
                median_gap_days=gap,
                pairs_like_it=alike,
            )
            for count, first, last, since, gap, alike in zip(*(c.tolist() for c in columns), strict=True)
        ]

    def intervals(self, p: Floats, counts: Ints) -> tuple[Floats, Floats]:
        """Where the own probabilities of nine in ten pairs lie that look like each.

        They are taken to follow a Beta of mean ``p``, as wide as the weeks of one pair are found to be alike.
        """
        weight = 1 / self.spread[np.searchsorted(CLASSES, counts, side="right")] - 1
        tail, mean = (1 - LEVEL) / 2, np.clip(p, 1e-6, 1 - 1e-6)
        low, high = (betaincinv(mean * weight, (1 - mean) * weight, share) for share in (tail, 1 - tail))
        return np.minimum(low, p), np.maximum(high, p)

    def _expected(self, days: Floats, hazards: Floats, day: float) -> list[float | None]:
        """When each is as likely as not to have been bought; None where that is no date to rely on."""
        if not self.fits:
            return [None] * len(hazards)
        within = _between(days, hazards, np.full(len(hazards), DATED[0]))
        sure = 1 - np.exp(-within) >= DATED[1]
        ends = np.append(days, 2 * LONGEST)  # on as before beyond the last window
        rows = np.column_stack([hazards, _between(days, hazards, np.full(len(hazards), ends[-1]))])
        return [
            day + float(np.interp(np.log(2), row, ends)) if known else None
            for row, known in zip(rows, sure.tolist(), strict=True)
        ]

    def _codes(self, names: Sequence[str]) -> Ints:
        """The codes that the rates know families by; -1 for one not seen in training."""
        return np.array([self._known.get(name, -1) for name in names], np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        fits = {f"fit{knot:g}.{name}": array for knot, fit in self.fits.items() for name, array in fit.arrays().items()}
        return {
            **fits,
            **packed("families", self.families),
            "knots": np.array(sorted(self.fits)),
            "rates": self.rates.rates,
            "trends": self.rates.trends,
            "spread": self.spread,
            "like": self.like,
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Replenishment:
        """The inverse of ``arrays``."""
        names = ("mean", "scale", "knots", "weights")
        return cls(
            fits={
                float(knot): Logistic.of_arrays({name: arrays[f"fit{knot:g}.{name}"] for name in names})
                for knot in arrays["knots"]
            },
            rates=FamilyRates(rates=arrays["rates"], trends=arrays["trends"]),
            families=unpacked("families", arrays),
            spread=arrays["spread"],
            like=arrays["like"],
        )


def usual_items(history: History) -> dict[str, str]:
    """For every family, the item the customer takes: bought on most days, then the latest, then the first by id."""
    names, codes = np.unique(history.items.astype(str), return_inverse=True)
    days = np.unique(np.column_stack([codes, np.floor(history.days).astype(np.int64)]), axis=0)
    counts = np.bincount(days[:, 0], minlength=len(names))
    last = np.zeros(len(names))
    np.maximum.at(last, codes, history.days)
    family_of = dict(zip(codes.tolist(), history.families, strict=True))
    order = np.lexsort((-np.arange(len(names)), last, counts))
    return {family_of[code]: str(names[code]) for code in order.tolist()}


def _between(days: Floats, hazards: Floats, windows: Floats) -> Floats:
    """The hazard of each row at its window: straight between the knots, and on as before beyond the last."""
    right = np.minimum(np.searchsorted(days, windows, side="right"), len(days) - 1)
    rows = np.arange(len(hazards))
    inside = (windows - days[right - 1]) / (days[right] - days[right - 1])
    low, high = hazards[rows, right - 1], hazards[rows, right]
    beyond = high * windows / days[-1]
    found: Floats = np.where(windows >= days[-1], beyond, low + inside * (high - low))
    return found


def _at_own_rate(found: Traits) -> Floats:
    """The hazard of 1 - (b / (b + window))^a, with a purchases in b days since the first; one a year is the prior."""
    since_first = np.expm1(found.values[:, NAMES.index("age")])
    a, b = found.counts.astype(float), since_first + 365.0
    hazards: Floats = a[:, None] * np.log1p(KNOTS_FROM_0[None, :] / b[:, None])
    return hazards


def _spread(snapshots: Snapshots, weekly: Logistic | None) -> tuple[Floats, Ints]:
    """How alike the weeks of one pair are beyond its probability, by class of pairs; and how many pairs were alike.

    Pairs as they stood eight weeks ago are followed week by week. Residuals r are taken from the mean of the pairs of
    the same tenth of probability in the same week, v is their variance: the sum of r_i r_j over different weeks of one
    pair, against that of sqrt(v_i v_j), is the intra-class correlation.
    """
    start = snapshots.until - WEEK * SNAPSHOTS
    if weekly is None or start < snapshots.first:
        return np.full(len(CLASSES) + 1, SPREAD), np.zeros(10, np.int64)
    seen = snapshots.at(start)
    tenths = np.minimum((weekly.probabilities(seen.traits.values) * 10).astype(int), 9)
    like = np.bincount(tenths, minlength=10)
    came = np.column_stack([snapshots.came(seen, start + WEEK * n, WEEK) for n in range(SNAPSHOTS)]).astype(float)
    sums = np.column_stack([np.bincount(tenths, column, minlength=10) for column in came.T])
    means = (sums / np.maximum(like, 1)[:, None])[tenths]
    classes = np.searchsorted(CLASSES, seen.traits.counts, side="right")
    found = [_alike((came - means)[classes == n], means[classes == n]) for n in range(len(CLASSES) + 1)]
    return np.array(found), like.astype(np.int64)


def _alike(residuals: Floats, means: Floats) -> float:
    """The correlation of rows' entries; arrays of shape (n_pairs, n_weeks)."""
    deviations = np.sqrt(means * (1 - means))
    crossed, most = (float(np.sum(a.sum(axis=1) ** 2) - np.sum(a**2)) for a in (residuals, deviations))
    return float(np.clip(crossed / most, 1e-3, 0.5)) if most > 0 else SPREAD
