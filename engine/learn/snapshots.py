"""Past instants with what was known then and what came after: what a forecast learns from and is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from engine.learn.logistic import Logistic
from engine.learn.purchases import Floats, Ints, Purchases
from engine.learn.traits import FamilyRates, Traits, family_rates, traits

WEEK = 7.0  # days between snapshots
SNAPSHOTS = 8  # that a fit learns from
SAMPLE = 80_000  # pairs that a fit learns from at most
QUANTILES = (0.2, 0.5, 0.8, 0.95)  # of each feature, where its line may bend
WARM_UP = 28.0  # days of history before the first snapshot
FEWEST = 50  # pairs that came, and pairs that did not, without which nothing is learned


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
    _samples: dict[float, tuple[Floats, Floats]] = field(default_factory=dict)
    _fits: dict[tuple[float, float], Logistic | None] = field(default_factory=dict)

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
        found = traits(self.purchases, day, self.rates(day))
        return Snapshot(
            day=day,
            traits=found,
            owners=self.purchases.owners[found.pairs],
            wait=self.purchases.next_days(day)[found.pairs] - day,
        )

    def came(self, seen: Snapshot, day: float, window: float) -> NDArray[np.bool_]:
        """Whether each pair of a snapshot was bought in [day, day + window), a later one than its own."""
        found: NDArray[np.bool_] = self.purchases.next_days(day)[seen.traits.pairs] < day + window
        return found

    def days(self, day: float, window: float) -> list[float]:
        """The days of the snapshots that a fit at ``day`` learns from: weekly, with windows finished by then."""
        latest = day - WEEK * ceil(window / WEEK)
        return [d for d in (latest - WEEK * n for n in range(SNAPSHOTS)) if d >= self.first]

    def fit(self, day: float, window: float) -> Logistic | None:
        """What could be learned by ``day`` on buying within ``window`` days; None where too little had happened."""
        key = (day, window)
        if key not in self._fits:
            self._fits[key] = self._fitted(self.days(day, window), window)
        return self._fits[key]

    def _fitted(self, days: Sequence[float], window: float) -> Logistic | None:
        samples = [self._sample(day) for day in days]
        if not samples:
            return None
        x = np.concatenate([values for values, _ in samples])
        y = np.concatenate([wait for _, wait in samples]) < window
        if min(np.count_nonzero(y), np.count_nonzero(~y)) < FEWEST:
            return None
        return Logistic.fit(x, y, quantiles=QUANTILES)

    def _sample(self, day: float) -> tuple[Floats, Floats]:
        """Values and waits of some of the pairs of a day, drawn by the seed and the day."""
        if day not in self._samples:
            found = self.at(day)
            rng = np.random.default_rng((self.seed, int(day)))
            n, most = len(found.wait), SAMPLE // SNAPSHOTS
            drawn = np.sort(rng.choice(n, most, replace=False)) if n > most else np.arange(n)
            self._samples[day] = (found.traits.values[drawn], found.wait[drawn])
        return self._samples[day]
