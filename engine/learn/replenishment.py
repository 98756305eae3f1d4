"""When a customer buys a family again: one probability for any window up to 60 days, monotone in the window.

Logistic regressions for 7, 14, 28 and 60 days, fitted on weekly snapshots whose windows are over, are joined by their
cumulative hazard -log(1 - p), which is made to rise and is straight between them. Where too little has happened to fit
one, purchases are taken to come at the pair's own rate, drawn to a prior (Gamma and Poisson).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from engine.domain.history import History
from engine.errors import InputError
from engine.learn.logistic import Logistic
from engine.learn.purchases import Floats, Ints, Purchases, of_history
from engine.learn.results import Evidence, Forecast
from engine.learn.snapshots import SNAPSHOTS, WEEK, Snapshots
from engine.learn.texts import packed, unpacked
from engine.learn.traits import FamilyRates, Traits, traits

KNOTS = (7.0, 14.0, 28.0, 60.0)  # days
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

    @classmethod
    def fit(cls, snapshots: Snapshots, families: Sequence[str]) -> Replenishment:
        """From everything before ``snapshots.until``."""
        day = snapshots.until
        fits = {knot: found for knot in KNOTS if (found := snapshots.fit(day, knot)) is not None}
        spread, like = _spread(snapshots, fits.get(KNOTS[0]))
        return cls(fits=fits, rates=snapshots.rates(day), families=families, spread=spread, like=like)

    def probabilities(self, found: Traits, window: float) -> Floats:
        """P(bought again within ``window`` days) for each pair; ``window`` is above 0 and at most 60."""
        if not 0 < window <= LONGEST:
            raise InputError.of("within", "a window above 0 and of at most 60 days", window)
        if not self.fits:
            return _at_own_rate(found, window)
        days, hazards = self._hazards(found)
        return 1 - np.exp(-_between(days, hazards, window))

    def _hazards(self, found: Traits) -> tuple[Floats, Floats]:
        """Windows from 0 on, and the cumulative hazard of each pair at them, shape (n, n_windows)."""
        days = sorted(self.fits)
        columns = [np.zeros(len(found.counts))]
        for day in days:
            p = np.clip(self.fits[day].probabilities(found.values), 0.0, 1 - 1e-9)
            columns.append(np.maximum(-np.log1p(-p), columns[-1]))
        return np.array([0.0, *days]), np.column_stack(columns)

    def forecast(self, history: History, day: float, window: float) -> list[Forecast]:
        """For every family bought on at least two days before ``day``, the likeliest first."""
        seen = history.before(day)
        purchases, names = of_history(seen)
        codes = self._codes(names)
        found = traits(purchases, day, self.rates, codes[purchases.families])
        if not len(found.pairs):
            return []
        probabilities, week = self.probabilities(found, window), self.probabilities(found, KNOTS[0])
        expected = self._expected(found, day)
        usual = usual_items(seen)
        made = [
            self._one(n, found, purchases, names, day, probabilities, week, expected, usual)
            for n in range(len(found.pairs))
        ]
        return sorted(made, key=lambda one: (-one.probability, one.family))

    def _one(
        self,
        n: int,
        found: Traits,
        purchases: Purchases,
        names: Sequence[str],
        day: float,
        probabilities: Floats,
        week: Floats,
        expected: Sequence[float | None],
        usual: dict[str, str],
    ) -> Forecast:
        pair = int(found.pairs[n])
        family, p = names[int(purchases.families[pair])], float(probabilities[n])
        bought = purchases.days[purchases.starts[pair] : purchases.starts[pair] + int(found.counts[n])]
        low, high = self.interval(p, int(found.counts[n]))
        return Forecast(
            family=family,
            item_id=usual[family],
            probability=p,
            low=low,
            high=high,
            expected_day=expected[n],
            evidence=Evidence(
                purchases=int(found.counts[n]),
                first_day=float(found.first[n]),
                last_day=float(found.last[n]),
                since_days=day - float(found.last[n]),
                median_gap_days=float(np.median(np.diff(bought))),
                pairs_like_it=int(self.like[min(int(week[n] * 10), 9)]),
            ),
        )

    def interval(self, p: float, counts: int) -> tuple[float, float]:
        """Where the own probabilities of nine in ten pairs lie that look like this one.

        They are taken to follow a Beta of mean ``p``, as wide as the windows of one pair are found to be alike.
        """
        spread = float(self.spread[np.searchsorted(CLASSES, counts, side="right")])
        if spread <= 0 or not 1e-6 < p < 1 - 1e-6:
            return p, p
        weight = 1 / spread - 1
        tail = (1 - LEVEL) / 2
        low, high = beta.ppf([tail, 1 - tail], p * weight, (1 - p) * weight)
        return min(float(low), p), max(float(high), p)

    def _expected(self, found: Traits, day: float) -> list[float | None]:
        """When each is as likely as not to have been bought; None where that is no date to rely on."""
        if not self.fits:
            return [None] * len(found.counts)
        days, hazards = self._hazards(found)
        sure = 1 - np.exp(-_between(days, hazards, DATED[0])) >= DATED[1]
        half = [float(np.interp(np.log(2), row, days)) for row in hazards]
        return [day + wait if known else None for wait, known in zip(half, sure.tolist(), strict=True)]

    def _codes(self, names: Sequence[str]) -> Ints:
        """The codes that the rates know families by; -1 for one not seen in training."""
        table = {name: code for code, name in enumerate(self.families)}
        return np.array([table.get(name, -1) for name in names], np.int64)

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
    """For every family, the item the customer takes: bought on most days, then the latest, then by id."""
    days: dict[tuple[str, str], set[int]] = {}
    last: dict[tuple[str, str], float] = {}
    for family, item, day in zip(history.families, history.items, history.days.tolist(), strict=True):
        days.setdefault((family, item), set()).add(floor(day))
        last[family, item] = day
    found: dict[str, str] = {}
    for family, item in sorted(days, key=lambda pair: (len(days[pair]), last[pair], *_reversed(pair[1]))):
        found[family] = item
    return found


def _reversed(text: str) -> tuple[int, ...]:
    """A key by which texts sort backwards."""
    return (*(-ord(letter) for letter in text), 1)


def _between(days: Floats, hazards: Floats, window: float) -> Floats:
    """The hazard at a window: straight between the knots, and on as before beyond the last."""
    if window >= days[-1]:
        beyond: Floats = hazards[:, -1] * (window / days[-1])
        return beyond
    right = int(np.searchsorted(days, window, side="right"))
    share = (window - days[right - 1]) / (days[right] - days[right - 1])
    found: Floats = hazards[:, right - 1] + share * (hazards[:, right] - hazards[:, right - 1])
    return found


def _at_own_rate(found: Traits, window: float) -> Floats:
    """1 - (b / (b + window))^a with a purchases in b days, the time since the last counted as without one.

    One purchase in a year is the prior.
    """
    times = np.exp(found.values[:, 11]) - 1  # days since the first purchase
    a, b = found.counts.astype(float), times + 365.0
    probabilities: Floats = 1 - (b / (b + window)) ** a
    return probabilities


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
