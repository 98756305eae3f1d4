"""Past instants with what was known then and what came after: what a forecast learns from and is judged on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from engine.learn.calendar import Calendar
from engine.learn.hazard import Hazards, Risks
from engine.learn.purchases import Floats, Ints, Purchases
from engine.learn.traits import FamilyRates, Traits, family_rates, traits

WEEK = 7.0  # days between snapshots
SNAPSHOTS = 8  # that a fit learns from
SAMPLES = {7.0: 30_000, 14.0: 10_000, 28.0: 10_000, 60.0: 5_000}  # end of an interval -> pairs of a snapshot at most
MOST = 1_000_000  # pairs of the customers that a fit learns from, about
WARM_UP = 28.0  # days of history before the first snapshot
FEWEST = 50  # pairs that came in an interval, and pairs that did not, without which nothing is learned of it


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Snapshot:
    """All pairs bought on at least two days before an instant.

    Attributes
    ----------
    traits : what was known of each
    owners : int array of shape (n,), codes of the customers
    wait : float array of shape (n,), days until the family is bought next; inf where it is not
    """

    day: float
    traits: Traits
    owners: Ints
    wait: Floats

    def came(self, window: float) -> NDArray[np.bool_]:
        """Whether each was bought within the window."""
        return self.wait < window

    def bought_on(self, least: int) -> Snapshot:
        """The pairs bought on at least so many days."""
        kept = self.traits.counts >= least
        return replace(self, traits=self.traits.take(kept), owners=self.owners[kept], wait=self.wait[kept])


@dataclass(kw_only=True, slots=True, eq=False)
class Snapshots:
    """The snapshots of one shop up to an instant; fits are kept, since cut-offs share them.

    Attributes
    ----------
    purchases : of everybody, by family
    until : days since 1970-01-01 UTC; purchases from then on are not known
    seed : of the sample that a fit learns from
    """

    purchases: Purchases
    n_families: int
    until: float
    seed: int
    _samples: dict[float, tuple[NDArray[np.float32], Floats]] = field(default_factory=dict)
    _part: Purchases | None = None
    _fits: dict[float, Hazards | None] = field(default_factory=dict)

    @property
    def first(self) -> float:
        """The earliest day of a snapshot."""
        days = self.purchases.visit_days
        return (float(days.min()) if len(days) else self.until) + WARM_UP

    def rates(self, day: float) -> FamilyRates:
        """How often families were bought by then."""
        return family_rates(self.purchases, day, self.n_families)

    def at(self, day: float) -> Snapshot:
        """The snapshot of a day; what it says of waiting counts only as far as ``until``."""
        return self._snapshot(self.purchases, day)

    def _snapshot(self, purchases: Purchases, day: float) -> Snapshot:
        found = traits(purchases, day, self.rates(day))
        return Snapshot(
            day=day,
            traits=found,
            owners=purchases.owners[found.pairs],
            wait=purchases.next_days(day)[found.pairs] - day,
        )

    def came(self, seen: Snapshot, day: float, window: float) -> NDArray[np.bool_]:
        """Whether each pair of a snapshot was bought in [day, day + window), a later one than its own."""
        found: NDArray[np.bool_] = self.purchases.next_days(day)[seen.traits.pairs] < day + window
        return found

    def days(self, day: float, window: float) -> list[float]:
        """The days of the snapshots that a fit at ``day`` learns from: weekly, with windows finished by then."""
        latest = day - WEEK * ceil(window / WEEK)
        return [d for d in (latest - WEEK * n for n in range(SNAPSHOTS)) if d >= self.first]

    def fit(self, day: float) -> Hazards | None:
        """What could be learned by ``day``; None where too little had happened."""
        if day not in self._fits:
            calendar = Calendar.fit(self.purchases.days, day)
            risks = self._risks(day, calendar)
            self._fits[day] = Hazards.fit(risks, calendar, seed=self.seed) if risks else None
        return self._fits[day]

    def _risks(self, day: float, calendar: Calendar) -> dict[float, list[Risks]]:
        """By the end of each interval that enough pairs were bought in; one with too few is joined to the next."""
        found: dict[float, list[Risks]] = {}
        start = 0.0
        for knot, most in SAMPLES.items():
            reached = [self._reached(past, start, knot, most, calendar) for past in self.days(day, knot)]
            came = sum(np.count_nonzero(one.came) for one in reached)
            if min(came, sum(len(one.came) for one in reached) - came) >= FEWEST:
                found[knot] = reached
                start = knot
        return found

    def _reached(self, past: float, start: float, end: float, most: int, calendar: Calendar) -> Risks:
        """Of the sample of a day those that were not bought in its first ``start`` days, ``most`` of them at most."""
        values, wait = self._sample(past)
        kept = np.flatnonzero(wait >= start)[:most]
        offset = float(calendar.offsets(past, np.array([0.0, start, end]) if start else np.array([0.0, end]))[-1])
        return Risks(values=values[kept], came=wait[kept] < end, offset=offset)

    def _sample(self, day: float) -> tuple[NDArray[np.float32], Floats]:
        """Values and waits of some of the pairs of a day, drawn by the seed and the day."""
        if day not in self._samples:
            found = self._snapshot(self._learned_from(), day)
            rng = np.random.default_rng((self.seed, int(day)))
            drawn = rng.permutation(len(found.wait))[: max(SAMPLES.values())]
            self._samples[day] = (found.traits.values[drawn], found.wait[drawn])
        return self._samples[day]

    def _learned_from(self) -> Purchases:
        """Of everybody, or where they are many, of some customers drawn by the seed."""
        if self._part is None:
            n_customers = len(self.purchases.visit_starts) - 1
            share = min(MOST / max(self.purchases.n_pairs, 1), 1.0)
            drawn = np.random.default_rng(self.seed).uniform(size=n_customers) < share
            self._part = self.purchases if share == 1.0 else self.purchases.of_customers(drawn)
        return self._part
