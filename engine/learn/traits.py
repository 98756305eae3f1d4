"""What is known of a pair of customer and family at one instant, as numbers a forecast can weigh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.purchases import Floats, Ints, Purchases

RECENT = (56.0, 112.0)  # days looked back for counts
HALF_LIVES = (21.0, 90.0)  # days
FRESH = 28.0  # days since the last purchase, within which a pair is taken to go on
WEEKS = 26  # that a family's sales are followed over
DRAW = 20.0  # pairs that pull what is said of a family to what is said of all
GAP_PRIOR, GAP_SPREAD = 3.0, 0.5  # gaps, and the variance of their logarithm, that a pair's own are mixed with
OF_FAMILIES = ("family_rate", "family_gap", "family_fresh", "family_swing", "family_now")
NAMES = (
    "purchases",
    "age",
    "recency",
    "gap",
    "gap_spread",
    "overdue",
    "overdue_recent",
    "overdue_longest",
    "gaps_longer",
    *(f"bought_{int(days)}" for days in RECENT),
    *(f"decayed_{int(days)}" for days in HALF_LIVES),
    "share_of_visits",
    "visits_overdue",
    "visit_recency",
    "visit_gap",
    "visit_overdue",
    "visits_recent",
    "breadth",
    "pace",
    "freshness",
    *OF_FAMILIES,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FamilyRates:
    """How families are bought by those who buy them, drawn to the mean of all where few do.

    Attributes
    ----------
    values : float array of shape (n_families, len(OF_FAMILIES)): log of purchases per pair in 28 days; mean log of the
        gaps; log share of pairs bought in the last 28 days; log of how unevenly sales are spread over weeks (standard
        deviation against mean); log of the last week's share of all sales against the usual one
    """

    values: Floats

    def of(self, families: Ints) -> Floats:
        """Shape (n, len(OF_FAMILIES)) by family code; a code below 0 is a family nobody bought in training."""
        if not len(self.values):
            return np.zeros((len(families), len(OF_FAMILIES)))
        known = families >= 0
        if known.all():
            return np.asarray(self.values[families], np.float64)
        found: Floats = np.where(known[:, None], self.values[families], self.typical)
        return found

    @property
    def typical(self) -> Floats:
        """What is assumed of a family not seen before."""
        found: Floats = np.median(self.values, axis=0)
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Traits:
    """The pairs bought on at least two days before an instant, and their traits.

    Attributes
    ----------
    pairs : int array of shape (n,), index of the pair in its Purchases
    counts : int array of shape (n,), days bought on
    first, last : float arrays of shape (n,), days since 1970-01-01 UTC
    values : float32 array of shape (n, len(NAMES))
    """

    pairs: Ints
    counts: Ints
    first: Floats
    last: Floats
    values: NDArray[np.float32]

    def take(self, kept: NDArray[np.bool_]) -> Traits:
        """Those of some of the pairs."""
        return Traits(
            pairs=self.pairs[kept],
            counts=self.counts[kept],
            first=self.first[kept],
            last=self.last[kept],
            values=self.values[kept],
        )

    def named(self, name: str) -> Floats:
        """One trait of all pairs."""
        found: Floats = self.values[:, NAMES.index(name)].astype(np.float64)
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Rows:
    """The purchases before an instant of the pairs bought on at least two days.

    Attributes
    ----------
    of : int array of shape (n_rows,), place of the row's pair among those
    ages : float array of shape (n_rows,), days ago
    start, end : int arrays of shape (n_pairs,), first and last row of each pair in its Purchases
    """

    pairs: Ints
    counts: Ints
    of: Ints
    ages: Floats
    start: Ints
    end: Ints

    @classmethod
    def before(cls, purchases: Purchases, day: float) -> _Rows:
        known = _counts(purchases.days < day, purchases.starts)
        pairs = np.flatnonzero(known >= 2)
        counts, start = known[pairs], purchases.starts[pairs]
        of = np.repeat(np.arange(len(pairs)), counts)
        rows = np.arange(len(of)) + np.repeat(start - np.cumsum(counts) + counts, counts)
        return cls(
            pairs=pairs,
            counts=counts,
            of=of,
            ages=day - purchases.days[rows],
            start=start,
            end=start + counts - 1,
        )

    def sums(self, weights: NDArray[np.generic]) -> Floats:
        """Of the rows of each pair."""
        return np.bincount(self.of, weights, minlength=len(self.pairs)).astype(np.float64)

    def gaps(self) -> tuple[Ints, Floats]:
        """The pair of each gap between two purchase days, and its length in days."""
        inner = np.ones(len(self.of), bool)
        inner[np.cumsum(self.counts) - self.counts] = False
        places = np.flatnonzero(inner)
        return self.of[places], self.ages[places - 1] - self.ages[places]


def family_rates(purchases: Purchases, day: float, n_families: int) -> FamilyRates:
    """The rates at an instant, from what lies before it."""
    rows = _Rows.before(purchases, day)
    families = purchases.families[rows.pairs]
    pairs = np.bincount(families, minlength=n_families).astype(float)
    recent = np.bincount(families[rows.of[rows.ages <= FRESH]], minlength=n_families)
    mean = (recent.sum() + 1e-9) / (pairs.sum() + 1.0)
    gaps = np.bincount(families, _log_gaps(rows)[0], minlength=n_families)
    usual = gaps.sum() / max(pairs.sum(), 1.0)
    fresh = np.bincount(families[day - purchases.days[rows.end] <= FRESH], minlength=n_families)
    going = (fresh.sum() + 1.0) / (pairs.sum() + 4.0)
    return FamilyRates(
        values=np.column_stack(
            [
                np.log((recent + DRAW * mean + 1e-6) / (pairs + DRAW)),
                (gaps + DRAW * usual) / (pairs + DRAW),
                np.log((fresh + DRAW * going) / (pairs + DRAW)),
                *_sales(purchases, day, n_families),
            ]
        )
    )


def _sales(purchases: Purchases, day: float, n_families: int) -> tuple[Floats, Floats]:
    """How unevenly each family's share of all sales is spread over weeks, and how the last week stands out."""
    ages = (day - purchases.days) / 7.0
    known = (ages > 0) & (ages <= WEEKS)
    families = np.repeat(purchases.families, np.diff(purchases.starts))[known]
    weeks = np.ceil(ages[known]).astype(np.int64) - 1
    n = int(weeks.max(initial=0)) + 1
    sold = np.bincount(families * n + weeks, minlength=n_families * n).reshape(n_families, n).astype(np.float32)
    in_all = sold.sum(axis=0) + 1
    sold *= in_all.mean() / in_all
    mean = sold.mean(axis=1)
    swing = np.log((sold.std(axis=1) + 0.5) / (mean + 1))
    return swing.astype(np.float64), np.log((sold[:, 0] + 2) / (mean + 2)).astype(np.float64)


def traits(purchases: Purchases, day: float, rates: FamilyRates, families: Ints | None = None) -> Traits:
    """The traits of all pairs bought on at least two days before ``day`` (days since 1970-01-01 UTC).

    Parameters
    ----------
    families : for each pair, the code that ``rates`` knows its family by; default the pairs' own codes
    """
    rows = _Rows.before(purchases, day)
    codes = (purchases.families if families is None else families)[rows.pairs]
    columns = (*_rhythm(purchases, day, rows), *_recent(rows), *_visiting(purchases, day, rows))
    values = np.empty((len(rows.pairs), len(NAMES)), np.float32)
    for place, column in enumerate(columns):
        values[:, place] = column
    values[:, len(columns) :] = rates.of(codes)
    return Traits(
        pairs=rows.pairs,
        counts=rows.counts,
        first=purchases.days[rows.start],
        last=purchases.days[rows.end],
        values=values,
    )


def spread_of_gaps(found: Traits) -> Floats:
    """The standard deviation of the log gap of each pair, mixed with what is usual."""
    return _mixed(found.named("gap_spread") ** 2, found.counts)


def _mixed(variance: Floats, counts: Ints) -> Floats:
    gaps = counts - 1
    mixed: Floats = np.sqrt((variance * gaps + GAP_SPREAD * GAP_PRIOR) / (gaps + GAP_PRIOR))
    return mixed


def _counts(known: NDArray[np.bool_], starts: Ints) -> Ints:
    """How many rows of each group are known."""
    past = np.concatenate(([0], np.cumsum(known)))
    counts: Ints = past[starts[1:]] - past[starts[:-1]]
    return counts


def _log_gaps(rows: _Rows) -> tuple[Floats, Floats]:
    """Mean and variance of the logarithm of each pair's gaps."""
    of, gaps = rows.gaps()
    logs = np.log(np.maximum(gaps, 0.5))
    mean = np.bincount(of, logs, minlength=len(rows.pairs)) / (rows.counts - 1)
    return mean, np.bincount(of, (logs - mean[of]) ** 2, minlength=len(rows.pairs)) / (rows.counts - 1)


def _rhythm(purchases: Purchases, day: float, rows: _Rows) -> list[Floats]:
    """The pair's own gaps, how long ago the last purchase was, and how that compares."""
    days, n = purchases.days, rows.counts
    since = day - days[rows.end]
    of, gaps = rows.gaps()
    mean, variance = _log_gaps(rows)
    longest = np.zeros(len(n))
    np.maximum.at(longest, of, gaps)
    back = np.minimum(n - 1, 3)
    recent = np.maximum((days[rows.end] - days[rows.end - back]) / back, 0.5)
    return [
        np.log(n),
        np.log(day - days[rows.start] + 1),
        np.log(since + 1),
        mean,
        np.sqrt(variance),
        (np.log(since + 0.5) - mean) / _mixed(variance, n),
        np.log((since + 1) / (recent + 1)),
        np.log((since + 1) / (longest + 1)),
        np.log1p(np.bincount(of, gaps >= since[of], minlength=len(n))),
    ]


def _recent(rows: _Rows) -> list[Floats]:
    """How often it was bought lately: in windows, and with older days counting less."""
    return [
        *(np.log1p(rows.sums(rows.ages <= length)) for length in RECENT),
        *(np.log1p(rows.sums(np.exp2(-rows.ages / half_life))) for half_life in HALF_LIVES),
    ]


def _visiting(purchases: Purchases, day: float, rows: _Rows) -> list[Floats]:
    """How the customer comes by, and what the household buys at all."""
    starts, owners = purchases.visit_starts, purchases.owners[rows.pairs]
    at = purchases.visit_days if len(purchases.visit_days) else np.zeros(1)
    n_owners = len(starts) - 1
    visits = _counts(purchases.visit_days < day, starts)
    first, last = (np.minimum(place, len(at) - 1) for place in (starts[:-1], starts[:-1] + np.maximum(visits - 1, 0)))
    gap = np.maximum((at[last] - at[first]) / np.maximum(visits - 1, 1), 0.5)
    since = np.maximum(day - at[last], 0.0)  # of those who had not come yet nothing is asked
    recently = visits - _counts(purchases.visit_days < day - RECENT[0], starts)
    passed = last[owners] - purchases.visits[rows.end]
    between = (purchases.visits[rows.end] - purchases.visits[rows.start]) / (rows.counts - 1)
    own = np.bincount(owners, minlength=n_owners)
    bought = np.bincount(owners, rows.counts, minlength=n_owners)
    lately = np.bincount(owners[rows.of[rows.ages <= FRESH]], minlength=n_owners)
    fresh = np.bincount(owners[day - purchases.days[rows.end] <= FRESH], minlength=n_owners)
    return [
        np.log((rows.counts + 1) / (visits[owners] + 2)),
        np.log((passed + 1) / (between + 1)),
        np.log(since + 1)[owners],
        np.log(gap + 1)[owners],
        np.log((since + 1) / (gap + 1))[owners],
        np.log1p(recently)[owners],
        np.log((bought + 1) / (visits + 1))[owners],
        np.log1p(lately)[owners],
        np.log((fresh + 1) / (own + 2))[owners],
    ]
