"""The rungs of autonomy that customers grant by what they do, need by need: up by evidence, down at once.

What is promised to the shop is the certificate (``gate``): it is proved for all customers together, not for each pair.
The ladder keeps what is done acceptable to the one it is done for: readiness is a score, and only the e-process of a
customer may be looked at as often as one likes (Ville; Ramdas, Grunwald, Vovk, Shafer 2023).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaln
from scipy.stats import beta

from engine.domain.decisions import Rung
from engine.domain.signals import BOTTOM, STEPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
GATES = np.array([0.50, 0.70, 0.83])  # least probability of a shadow that is evidence for a step
BARS = np.array([0.50, 0.65, 0.80])  # share of right ones that a step asks for
LEAST = np.array([2, 4, 10])  # shadows
PRIOR = 20.0  # pseudo-shadows at their mean probability
UP, DOWN, BELOW = 0.95, 0.5, 0.05  # promoted at so sure over the bar, demoted at so unsure over the bar less BELOW
WEALTH = 20.0  # of a customer's e-process, for orders that are not announced
KEPT = 2  # announced orders that were kept, for the same


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ladder:
    """Where each pair of customer and need stands; arrays of shape (n, m), or (n, m, 3) by ``STEPS``.

    Attributes
    ----------
    rung : the highest that was earned
    hits, misses : evidence of shadows whose probability reached the gate of the step
    sure : sum of the probabilities of these shadows
    shadows : how many there were
    kept : announced orders that were kept
    rest_until : day before which nothing is gained
    falls : how often it fell
    """

    rung: Ints
    hits: Floats
    misses: Floats
    sure: Floats
    shadows: Floats
    kept: Floats
    rest_until: Floats
    falls: Ints

    @classmethod
    def bottom(cls, n: int, m: int) -> Ladder:
        """Of pairs of which nothing is known."""
        steps = (n, m, len(STEPS))
        return cls(
            rung=np.full((n, m), int(BOTTOM), np.int64),
            hits=np.zeros(steps),
            misses=np.zeros(steps),
            sure=np.zeros(steps),
            shadows=np.zeros(steps),
            kept=np.zeros((n, m)),
            rest_until=np.full((n, m), -np.inf),
            falls=np.zeros((n, m), np.int64),
        )

    def witnessed(self, probability: Floats, hit: Floats, miss: Floats, closed: Bools) -> Ladder:
        """With shadows that closed: what would have been ordered, and whether it was right.

        Parameters
        ----------
        probability : float array of shape (n, m), of the shadow when it was opened
        hit, miss : float arrays of shape (n, m), what it says, see ``signals``
        closed : bool array of shape (n, m)
        """
        counts = closed[..., None] & (probability[..., None] >= GATES)
        return replace(
            self,
            hits=self.hits + counts * hit[..., None],
            misses=self.misses + counts * miss[..., None],
            sure=self.sure + counts * probability[..., None],
            shadows=self.shadows + counts,
        )

    def readiness(self, below: float = 0.0) -> Floats:
        """How probable it is that each step is right more often than its bar, less ``below``; shape (n, m, 3)."""
        usual = np.where(self.shadows > 0, self.sure / np.maximum(self.shadows, 1), 0.5)
        return ready(usual, self.hits, self.misses, BARS - below)

    def reviewed(self, day: float, certified: Bools, may_rise: Bools | bool = True) -> Ladder:
        """One rung up where all evidence is there, one down where it is gone; asked weekly.

        Parameters
        ----------
        certified : bool array of shape (3,), whether there is a proof for each step that it acts right often enough
        may_rise : bool array that broadcasts to (n, m)
        """
        step = np.clip(self.rung - BOTTOM, 0, len(STEPS) - 1)[..., None]  # the next one
        there = (self.shadows >= LEAST) & (self.readiness() >= UP) & certified
        silent = (self.kept >= KEPT) & (self.wealth()[:, None] >= WEALTH)
        there[..., STEPS.index(Rung.SILENT)] &= silent
        up = np.take_along_axis(there, step, axis=-1)[..., 0] & (self.rung < Rung.SILENT)
        up &= (day >= self.rest_until) & may_rise
        held = np.clip(self.rung - BOTTOM - 1, 0, None)[..., None]
        doubted = np.take_along_axis(self.readiness(BELOW) < DOWN, held, axis=-1)[..., 0] & (self.rung > BOTTOM)
        return replace(self, rung=self.rung + up.astype(np.int64) - (doubted & ~up).astype(np.int64))

    def wealth(self) -> Floats:
        """The e-process of each customer over all own shadows at the gate of the last step, shape (n,)."""
        return e_value(self.hits[..., -1].sum(axis=1), self.misses[..., -1].sum(axis=1), float(BARS[-1]))

    def fallen(self, day: float | Floats, where: Bools, falls: Ints, to_approve: Bools, rest_days: Floats) -> Ladder:
        """At once: so many rungs down, or to approve; evidence above the new rung is halved, rounded down.

        Parameters
        ----------
        where : bool array of shape (n, m); the others, (n, m) too, are looked at there alone
        rest_days : for which nothing is gained, times one more with every earlier fall
        """
        lower = np.where(to_approve, np.minimum(self.rung, int(Rung.APPROVE)), self.rung - falls)
        rung = np.where(where, np.maximum(lower, int(BOTTOM)), self.rung)
        above = where[..., None] & (np.array(STEPS) > rung[..., None])
        rest = np.maximum(self.rest_until, day + rest_days * (1 + self.falls))
        return replace(
            self,
            rung=rung,
            hits=np.where(above, np.floor(self.hits / 2), self.hits),
            misses=np.where(above, np.floor(self.misses / 2), self.misses),
            sure=np.where(above, self.sure / 2, self.sure),
            shadows=np.where(above, np.floor(self.shadows / 2), self.shadows),
            kept=np.where(where, 0.0, self.kept),
            rest_until=np.where(where, rest, self.rest_until),
            falls=self.falls + where,
        )


def ready(
    usual: Floats | float,
    hits: Floats | float,
    misses: Floats | float,
    bar: Floats | float,
    prior: float = PRIOR,
) -> Floats:
    """P(right more often than the bar) under Beta(k p + hits, k (1 - p) + misses), with k = ``prior``.

    Examples
    --------
    >>> round(float(ready(0.85, 6, 0, 0.80)), 4)  # not yet .95
    0.9018
    """
    mean = np.clip(usual, 0.01, 0.99)
    found: Floats = beta.sf(bar, prior * mean + hits, prior * (1 - mean) + misses)
    return found


def e_value(hits: Floats | float, misses: Floats | float, bar: float, top: float = 1.0) -> Floats:
    """How much better the record fits a share above the bar than the bar: a uniform mixture over (bar, top) against it.

    A record that is right no more often than the bar reaches 20 with probability 1/20 at most, however often one looks.

    Examples
    --------
    >>> [round(float(e_value(*record)), 2) for record in ((6, 0, 0.5), (7, 0, 0.5), (10, 1, 0.75), (0, 0, 0.9))]
    [18.14, 31.87, 1.81, 1.0]
    """
    s, f = np.asarray(hits, float), np.asarray(misses, float)
    above, below = betaincc(s + 1, f + 1, bar), betainc(s + 1, f + 1, bar)
    mass = np.where(above < 0.5, above - betaincc(s + 1, f + 1, top), betainc(s + 1, f + 1, top) - below)
    log_mixture = betaln(s + 1, f + 1) + np.log(np.maximum(mass, 1e-300)) - np.log(top - bar)
    found: Floats = np.exp(np.minimum(log_mixture - s * np.log(bar) - f * np.log1p(-bar), 700.0))
    return found
