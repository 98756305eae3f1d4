"""When a customer buys a family again: one probability for any window up to 60 days, monotone in the window.

Hazards of the intervals up to 7, 14, 28 and 60 days, fitted on weekly snapshots whose windows are over, are summed and
run on between those days as the pair's own gaps have it. Where too little has happened to fit them, purchases are taken
to come at the pair's own rate, drawn to a prior (Gamma and Poisson).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History
from engine.learn.courses import Courses
from engine.learn.hazard import Hazards
from engine.learn.purchases import Floats, Ints, median_gaps, of_histories, of_history
from engine.learn.results import Evidence, Forecast
from engine.learn.rhythm import is_due
from engine.learn.snapshots import SAMPLES, WEEK, Snapshots
from engine.learn.sought import ALL, Sought
from engine.learn.spread import fitted, intervals
from engine.learn.texts import packed, unpacked
from engine.learn.traits import FamilyRates, Traits, spread_of_gaps, traits

ENDS = np.array([0.0, *SAMPLES])  # days
LONGEST = 60.0
DATED = (28.0, 0.8)  # a next date means something where it is bought within so many days with this probability
NOTHING = -1.0  # days ahead: nothing is asked
WindowOf = Callable[[Floats], Floats | Ints | float]  # from median gaps to windows, or one window for all; days


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Replenishment:
    """The fitted forecast.

    Attributes
    ----------
    hazards : of the intervals ahead; None where too little had happened to fit them
    rates : how families were bought when it was fitted
    families : names, the codes ``rates`` knows them by
    spread : float array of shape (3,), for each class of pairs how alike the windows of one pair are beyond its
        probability (intra-class correlation)
    like : int array of shape (10,), pairs that ``spread`` was found on, by tenths of their 7-day probability
    """

    hazards: Hazards | None
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
        hazards = snapshots.fit(snapshots.until)
        spread, like = fitted(snapshots, hazards)
        return cls(hazards=hazards, rates=snapshots.rates(snapshots.until), families=families, spread=spread, like=like)

    def courses(self, found: Traits, day: float, most: float | Floats = LONGEST) -> Courses:
        """The time ahead of each pair from what was known of it on ``day``, see ``ahead``."""
        return ahead(self.hazards, found, day, most)

    def forecasts(self, history: History, day: float, windows_of: Sequence[WindowOf]) -> list[list[Forecast]]:
        """For every family bought on at least two days before ``day``; a list for each way to find its window.

        ``windows_of``: from median gaps between purchase days to the windows that the families are forecast for.
        """
        return self.outlook([history], day).forecasts(0, windows_of)

    def chances(self, history: History, day: float, families: Collection[str]) -> dict[str, Floats]:
        """How likely each of some families is bought next on each of the 60 days ahead, if on any of them.

        Arrays of shape (60,) that sum to one; none where too little had happened to tell days apart.
        """
        if self.hazards is None or not len(seen := history.before(day)):
            return {}
        purchases, names = of_history(seen)
        found = traits(purchases, day, self.rates, self._codes(names)[purchases.families])
        named = [names[code] for code in purchases.families[found.pairs].tolist()]
        kept = np.array([name in families for name in named], bool)
        daily = self.courses(found.take(kept), day).daily(int(LONGEST))
        return dict(zip((name for name in named if name in families), daily, strict=True))

    def outlook(self, histories: Sequence[History], day: float, near: WindowOf | None = None) -> Outlook:
        """What lies ahead of some customers, looked at together; each is answered as if alone.

        ``near``: from median gaps to the windows that every family of theirs that is due will be asked about.
        """
        seen = [history.before(day) for history in histories]
        purchases, names = of_histories(seen)
        found = traits(purchases, day, self.rates, self._codes(names)[purchases.families])
        gaps = median_gaps(purchases, found.pairs, found.counts)
        due = is_due(day - found.last, gaps)
        return Outlook(
            of=self,
            day=day,
            seen=seen,
            found=found,
            courses=self.courses(found, day, NOTHING if near is None else np.where(due, _windows(gaps, near), NOTHING)),
            gaps=gaps,
            due=due,
            families=[names[code] for code in purchases.families[found.pairs].tolist()],
            edges=np.searchsorted(purchases.owners[found.pairs], np.arange(len(seen) + 1)),
        )

    def evidence(self, found: Traits, gaps: Floats, since: Floats, week: Floats, longest: Floats) -> list[Evidence]:
        """What the forecast of each pair rests on.

        Parameters
        ----------
        since, week, longest : float arrays of shape (n,), days since the last purchase, and how likely each is bought
            within a week and within 60 days
        """
        like = self.like[np.minimum((week * 10).astype(int), 9)]
        columns = (found.counts, found.first, found.last, since, gaps, like, alive(found, longest))
        return [
            Evidence(
                purchases=count,
                first_day=first,
                last_day=last,
                since_days=since,
                median_gap_days=gap,
                pairs_like_it=alike,
                alive=going,
            )
            for count, first, last, since, gap, alike, going in zip(*(c.tolist() for c in columns), strict=True)
        ]

    def expected(self, courses: Courses, day: float) -> list[float | None]:
        """When each is as likely as not to have been bought, if within 60 days; None where no date is to be told."""
        if self.hazards is None or not len(courses):
            return [None] * len(courses)
        sure = dated(courses)
        found = np.zeros(len(courses))
        found[sure] = courses.take(sure).medians(LONGEST)
        return [day + days if known else None for days, known in zip(found.tolist(), sure.tolist(), strict=True)]

    def _codes(self, names: Sequence[str]) -> Ints:
        """The codes that the rates know families by; -1 for one not seen in training."""
        return np.fromiter((self._known.get(name, -1) for name in names), np.int64, len(names))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        hazards = {} if self.hazards is None else self.hazards.arrays()
        return {
            **{f"hazards.{name}": array for name, array in hazards.items()},
            **packed("families", self.families),
            "rates": self.rates.values,
            "spread": self.spread,
            "like": self.like,
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Replenishment:
        """The inverse of ``arrays``."""
        start = "hazards."
        hazards = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        return cls(
            hazards=Hazards.of_arrays(hazards) if hazards else None,
            rates=FamilyRates(values=arrays["rates"]),
            families=unpacked("families", arrays),
            spread=arrays["spread"],
            like=arrays["like"],
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outlook:
    """What lies ahead of the families of some customers, as arrays: forecasts are made of those that are asked for.

    It remembers what it was asked, and belongs to one thread.

    Attributes
    ----------
    seen : of each customer what was known
    found, courses, gaps, families : of each pair of customer and family, customer by customer; ``courses`` as far as
        they were asked for
    due : bool array of shape (n_pairs,), see ``rhythm.is_due``
    edges : int array of shape (n_customers + 1,), where the pairs of each begin
    """

    of: Replenishment
    day: float
    seen: Sequence[History]
    found: Traits
    courses: Courses
    gaps: Floats
    due: NDArray[np.bool_]
    families: Sequence[str]
    edges: Ints

    def forecasts(
        self,
        customer: int,
        windows_of: Sequence[WindowOf],
        sought: Sought = ALL,
        *,
        dates: bool = True,
    ) -> list[list[Forecast]]:
        """Of one customer, by place, see ``Replenishment.forecasts``.

        Parameters
        ----------
        sought : by how likely each is in the first of its windows
        dates : whether with the days expected
        """
        kept = self._kept(customer, windows_of[0], sought)
        if not kept.any():
            return [[] for _ in windows_of]
        found, courses, gaps = self.found.take(kept), self._look(kept, LONGEST), self.gaps[kept]
        families = [self.families[place] for place in np.flatnonzero(kept).tolist()]
        usual = self._usual(customer, families)
        windows = np.array([_windows(gaps, window_of) for window_of in windows_of])
        in_any_case = np.broadcast_to(np.array([[WEEK], [LONGEST]], float), (2, len(gaps)))
        *chances, week, longest = courses.within(np.concatenate((windows, in_any_case)))
        evidence = self.of.evidence(found, gaps, courses.since, week, longest)
        expected = self.of.expected(courses, self.day) if dates else [None] * len(families)
        p = np.array(chances)
        low, high = intervals(p, found.counts, self.of.spread)
        return [
            _forecasts(families, usual, columns, evidence, expected)
            for columns in zip(windows.tolist(), p.tolist(), low.tolist(), high.tolist(), strict=True)
        ]

    def _look(self, kept: NDArray[np.bool_], windows: float | Floats) -> Courses:
        """The time ahead of some of the pairs, for as many days at least; hazards are worked out once and kept."""
        known, hazards = self.courses.hazards, self.of.hazards
        if hazards is not None:
            known[kept] = hazards.further(self.found.values[kept], self.day, known[kept], windows)
        return self.courses.take(kept)

    def _kept(self, customer: int, window_of: WindowOf, sought: Sought) -> NDArray[np.bool_]:
        """Which pairs are the customer's, and sought."""
        own = slice(*self.edges[customer : customer + 2].tolist())
        named = np.array([family in sought.always for family in self.families[own]], bool) if sought.always else False
        kept = np.zeros(len(self.gaps), bool)
        kept[own] = self.due[own] | named if sought.due else True
        if sought.least > 0 and kept.any():
            windows = _windows(self.gaps[kept], window_of)
            likely = kept.copy()
            likely[kept] = self._look(kept, windows).within(windows) >= sought.least
            likely[own] |= named
            return likely
        return kept

    def _usual(self, customer: int, families: Sequence[str]) -> dict[str, str]:
        wanted, seen = frozenset(families), self.seen[customer]
        return usual_items(seen.take(np.array([family in wanted for family in seen.families.tolist()], bool)))


def _forecasts(
    families: Sequence[str],
    usual: Mapping[str, str],
    columns: tuple[list[float], ...],
    evidence: Sequence[Evidence],
    expected: Sequence[float | None],
) -> list[Forecast]:
    """Forecasts over a window each: windows, how likely each is bought in its own, and between what bounds."""
    return [
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
        for n, (family, window, probability, least, most) in enumerate(zip(families, *columns, strict=True))
    ]


def _windows(gaps: Floats, window_of: WindowOf) -> Floats:
    return np.broadcast_to(window_of(gaps), gaps.shape).astype(np.float64)


def ahead(hazards: Hazards | None, found: Traits, day: float, most: float | Floats = LONGEST) -> Courses:
    """The time ahead of each pair from what was known of it on ``day``; at its own rate where nothing was fitted.

    ``most``: days ahead that will be asked about, one number or one for each; hazards beyond are nan.
    """
    known = _at_own_rate(found, day) if hazards is None else hazards.unknown(len(found.pairs))
    return Courses(
        ends=ENDS if hazards is None else hazards.ends,
        hazards=known if hazards is None else hazards.further(found.values, day, known, most),
        since=day - found.last,
        gap=found.named("gap"),
        spread=spread_of_gaps(found),
        passed=np.arange(LONGEST + 1) if hazards is None else hazards.calendar.passed(day, int(LONGEST)),
    )


def dated(courses: Courses) -> NDArray[np.bool_]:
    """Which are so likely bought soon that a date means something."""
    return courses.within(np.full(len(courses), DATED[0])) >= DATED[1]


def alive(found: Traits, longest: Floats) -> Floats:
    """The probability that each is still bought as it was, and not given up; shape (n,).

    Two states are taken: given up, and then it is not bought; or bought on at the pace it had from its first to its
    last purchase, drawn to one purchase in 60 days more. It is what makes the two come to the forecast over 60 days,
    ``longest``: P(bought) = alive * P(bought at that pace).
    """
    pace = found.counts / (found.last - found.first + LONGEST)
    return np.minimum(longest / -np.expm1(-pace * LONGEST), 1.0)


def usual_items(history: History) -> dict[str, str]:
    """For every family, the item the customer takes: bought on most days, then the latest, then the first by id."""
    if not len(history):
        return {}
    ids = history.items.tolist()
    names = sorted(set(ids))
    place = dict(zip(names, range(len(names)), strict=True))
    codes = np.fromiter(map(place.__getitem__, ids), np.int64, len(ids))
    days = np.floor(history.days).astype(np.int64)
    span = int(days.max() - days.min()) + 1
    counts = np.bincount(np.unique(codes * span + days - days.min()) // span, minlength=len(names))
    last = np.zeros(len(names))
    np.maximum.at(last, codes, history.days)
    family_of = dict(zip(codes.tolist(), history.families, strict=True))
    order = np.lexsort((-np.arange(len(names)), last, counts))
    return {family_of[code]: names[code] for code in order.tolist()}


def _at_own_rate(found: Traits, day: float) -> Floats:
    """The hazard of 1 - (b / (b + window))^a, with a purchases in b days since the first; one a year is the prior."""
    a, b = found.counts.astype(float), day - found.first + 365.0
    hazards: Floats = a[:, None] * np.log1p(ENDS[None, :] / b[:, None])
    return hazards
