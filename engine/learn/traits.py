"""What is known of a pair of customer and family at one instant, as numbers a forecast can weigh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.purchases import Floats, Ints, Purchases

RECENT = (7.0, 14.0, 28.0, 56.0, 112.0)  # days looked back for counts
HALF_LIVES = (21.0, 90.0)  # days
NAMES = (
    "purchases",
    "recency",
    "mean_gap",
    "last_gap",
    "recent_gap",
    "gap_spread",
    "overdue",
    "overdue_recent",
    "visits_since",
    "visits_between",
    "visits_overdue",
    "age",
    *(f"bought_{int(days)}" for days in RECENT),
    *(f"decayed_{int(days)}" for days in HALF_LIVES),
    "share_of_visits",
    "visit_recency",
    "visit_gap",
    "visit_gap_recent",
    "visit_overdue",
    "family_rate",
    "family_trend",
    "off_beat",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FamilyRates:
    """How often families are bought by those who buy them.

    Attributes
    ----------
    rates : float array of shape (n_families,), log of purchases per pair in 28 days, pulled to the mean where few
    trends : float array of shape (n_families,), log of the last 28 days against the 84 before
    """

    rates: Floats
    trends: Floats

    def of(self, families: Ints) -> tuple[Floats, Floats]:
        """Rate and trend by family code; a code below 0 is a family nobody bought in training."""
        known = families >= 0
        rate = np.where(known, self.rates[families] if len(self.rates) else 0.0, self.typical)
        return rate, np.where(known, self.trends[families] if len(self.trends) else 0.0, 0.0)

    @property
    def typical(self) -> float:
        """The rate assumed of a family not seen before."""
        return float(np.median(self.rates)) if len(self.rates) else -2.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Traits:
    """The pairs bought on at least two days before an instant, and their traits.

    Attributes
    ----------
    pairs : int array of shape (n,), index of the pair in its Purchases
    counts : int array of shape (n,), days bought on
    first, last : float arrays of shape (n,), days since 1970-01-01 UTC
    values : float array of shape (n, len(NAMES))
    """

    pairs: Ints
    counts: Ints
    first: Floats
    last: Floats
    values: Floats

    def take(self, kept: NDArray[np.bool_]) -> Traits:
        """Those of some of the pairs."""
        return Traits(
            pairs=self.pairs[kept],
            counts=self.counts[kept],
            first=self.first[kept],
            last=self.last[kept],
            values=self.values[kept],
        )


def family_rates(purchases: Purchases, day: float, n_families: int) -> FamilyRates:
    """The rates at an instant, from what lies before it."""
    counts = _counts(purchases, day)
    bought = counts >= 2
    pairs = np.bincount(purchases.families[bought], minlength=n_families).astype(float)
    rows = np.repeat(purchases.families, np.diff(purchases.starts))
    of_bought = np.repeat(bought, np.diff(purchases.starts)) & (purchases.days < day)
    recent = np.bincount(rows[of_bought & (purchases.days >= day - 28)], minlength=n_families).astype(float)
    before = np.bincount(
        rows[of_bought & (purchases.days >= day - 112) & (purchases.days < day - 28)], minlength=n_families
    ).astype(float)
    mean = (recent.sum() + 1e-9) / (pairs.sum() + 1.0)
    rates = np.log((recent + 20 * mean + 1e-6) / (pairs + 20))
    return FamilyRates(rates=rates, trends=np.log((recent + 10) / (before / 3 + 10)))


def traits(purchases: Purchases, day: float, rates: FamilyRates, families: Ints | None = None) -> Traits:
    """The traits of all pairs bought on at least two days before ``day`` (days since 1970-01-01 UTC).

    Parameters
    ----------
    families : for each pair, the code that ``rates`` knows its family by; default the pairs' own codes
    """
    counts = _counts(purchases, day)
    pairs = np.flatnonzero(counts >= 2)
    n = counts[pairs]
    start = purchases.starts[pairs]
    end = start + n - 1
    first, last = purchases.days[start], purchases.days[end]
    codes = (purchases.families if families is None else families)[pairs]
    values = np.column_stack(
        [
            *_rhythm(purchases, day, start, end, n),
            *_recent(purchases, day, pairs, n, counts),
            *_visiting(purchases, day, pairs, n),
            *rates.of(codes),
            _off_beat(purchases, day, start, end),
        ]
    )
    return Traits(pairs=pairs, counts=n, first=first, last=last, values=values)


def _counts(purchases: Purchases, day: float) -> Ints:
    """For each pair, the days it was bought on before ``day``."""
    past = np.concatenate(([0], np.cumsum(purchases.days < day)))
    counts: Ints = past[purchases.starts[1:]] - past[purchases.starts[:-1]]
    return counts


def _visits_before(purchases: Purchases, day: float) -> Ints:
    past = np.concatenate(([0], np.cumsum(purchases.visit_days < day)))
    counts: Ints = past[purchases.visit_starts[1:]] - past[purchases.visit_starts[:-1]]
    return counts


def _rhythm(purchases: Purchases, day: float, start: Ints, end: Ints, n: Ints) -> list[Floats]:
    """The pair's own gaps, how long ago the last purchase was, and how that compares."""
    days = purchases.days
    since = day - days[end]
    mean = np.maximum((days[end] - days[start]) / (n - 1), 0.5)
    last = np.maximum(days[end] - days[end - 1], 0.5)
    back = np.minimum(n - 1, 3)
    recent = np.maximum((days[end] - days[end - back]) / back, 0.5)
    gaps = np.diff(days, prepend=0.0)
    gaps[purchases.starts[:-1]] = 0.0  # between two pairs there is no gap, and sums stay small enough to be exact
    squares = np.concatenate(([0.0], np.cumsum(gaps**2)))
    variance = np.maximum((squares[end + 1] - squares[start + 1]) / (n - 1) - mean**2, 0.0)
    spread = (np.sqrt(variance) + 1.0) / (mean + 1.0)
    visits = _visits_before(purchases, day) + purchases.visit_starts[:-1]
    owners = np.searchsorted(purchases.visit_starts, purchases.visits[end], side="right") - 1
    visits_since = visits[owners] - 1 - purchases.visits[end]
    between = (purchases.visits[end] - purchases.visits[start]) / (n - 1)
    return [
        np.log(n),
        np.log(since + 1),
        np.log(mean + 1),
        np.log(last + 1),
        np.log(recent + 1),
        np.log(spread),
        np.log((since + 1) / (mean + 1)),
        np.log((since + 1) / (recent + 1)),
        np.log1p(visits_since),
        np.log1p(between),
        np.log((visits_since + 1) / (between + 1)),
        np.log(day - days[start] + 1),
    ]


def _recent(purchases: Purchases, day: float, pairs: Ints, n: Ints, counts: Ints) -> list[Floats]:
    """How often it was bought lately: in windows, and with older days counting less."""
    rows = np.flatnonzero(purchases.days < day)
    of = np.repeat(np.arange(purchases.n_pairs), counts)
    ages = day - purchases.days[rows]
    found = []
    for length in RECENT:
        found.append(np.log1p(np.bincount(of[ages <= length], minlength=purchases.n_pairs)[pairs]))
    for half_life in HALF_LIVES:
        weights = np.exp2(-ages / half_life)
        found.append(np.log1p(np.bincount(of, weights, minlength=purchases.n_pairs)[pairs]))
    return found


def _visiting(purchases: Purchases, day: float, pairs: Ints, n: Ints) -> list[Floats]:
    """How the customer comes by, whatever is bought."""
    visits = _visits_before(purchases, day)
    start = purchases.visit_starts[:-1]
    end = np.maximum(start + visits - 1, start)
    at = purchases.visit_days
    known = visits > 0
    last = np.where(known, at[np.minimum(end, len(at) - 1)], day) if len(at) else np.zeros(0)
    first = np.where(known, at[np.minimum(start, len(at) - 1)], day) if len(at) else np.zeros(0)
    back = np.minimum(np.maximum(visits - 1, 1), 5)
    earlier = at[np.clip(end - back, np.minimum(start, len(at) - 1), None)] if len(at) else np.zeros(0)
    gap = np.maximum((last - first) / np.maximum(visits - 1, 1), 0.5)
    recent = np.maximum((last - earlier) / back, 0.5)
    since = day - last
    owners = purchases.owners[pairs]
    return [
        np.log((n + 1) / (visits[owners] + 2)),
        *(v[owners] for v in (np.log(since + 1), np.log(gap + 1), np.log(recent + 1), np.log((since + 1) / (gap + 1)))),
    ]


def _off_beat(purchases: Purchases, day: float, start: Ints, end: Ints) -> NDArray[np.float64]:
    """How far the present is from the pair's usual step, in whole steps: 0 on the beat, 0.5 between two."""
    mean = np.maximum((purchases.days[end] - purchases.days[start]) / (end - start), 0.5)
    steps = (day - purchases.days[end]) / mean
    return np.abs(steps - np.round(steps)) / np.maximum(steps, 1.0)
