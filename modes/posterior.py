"""What is believed of a customer's wish to decide themselves (agency) and of their trust: Beta posteriors that forget.

A signal counts less the older it is, so that a posterior drifts back to its prior, never to one half. The prior is what
the customer stated, else the mean of those around them: category, customer, persona, shop, each drawn to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung

Floats = NDArray[np.float64]
STRENGTH = 4.0  # pseudo-counts of the prior
HALF_LIFE, INCIDENT_HALF_LIFE = 180.0, 365.0  # days, of a signal and of an incident
OF_CUSTOMER, OF_PERSONA, OF_SHOP = 4.0, 8.0, 20.0  # pseudo-counts by which each mean is drawn to the next
WISHES, DOUBTS = (0.85, 0.70), (0.25, 0.40)  # beyond which agency, and below which trust, keeps rungs out
AGENCY, TRUST = 0.6, 0.4  # of a shop that knows nothing yet: on the cautious side


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Posterior:
    """Beta distributions, numbers or arrays of one shape.

    Attributes
    ----------
    mean_before : of the prior, 0 to 1
    gained, lost : pseudo-counts above those of the prior, as they weigh now
    """

    mean_before: Floats
    gained: Floats
    lost: Floats

    @classmethod
    def of(cls, mean: float | Floats) -> Posterior:
        """The prior alone."""
        given = np.asarray(mean, float)
        return cls(mean_before=given, gained=np.zeros(given.shape), lost=np.zeros(given.shape))

    @property
    def alpha(self) -> Floats:
        """The first parameter."""
        return STRENGTH * self.mean_before + self.gained

    @property
    def beta(self) -> Floats:
        """The second parameter."""
        return STRENGTH * (1 - self.mean_before) + self.lost

    @property
    def mean(self) -> Floats:
        """The expected value."""
        return self.alpha / (self.alpha + self.beta)

    def later(self, days: float | Floats, half_life: float = HALF_LIFE) -> Posterior:
        """The same after some days in which nothing happened.

        Examples
        --------
        >>> told = Posterior(mean_before=np.array(0.5), gained=np.array(1.5), lost=np.array(0.6)).later(30)
        >>> round(float(told.alpha), 4), round(float(told.beta), 4)
        (3.3363, 2.5345)
        """
        kept = np.exp2(-np.asarray(days, float) / half_life)
        return Posterior(mean_before=self.mean_before, gained=self.gained * kept, lost=self.lost * kept)

    def taught(self, counts: float | Floats) -> Posterior:
        """With signals of now: what is above 0 is gained, what is below is lost."""
        given = np.asarray(counts, float)
        return Posterior(
            mean_before=self.mean_before,
            gained=self.gained + np.maximum(given, 0.0),
            lost=self.lost + np.maximum(-given, 0.0),
        )


def from_history(mean: float, counts: Floats, ages: Floats, incidents: NDArray[np.bool_]) -> Posterior:
    """The posterior that a history of signals leaves; their order says nothing.

    Parameters
    ----------
    mean : of the prior
    counts : float array of shape (n,), what each signal teaches, see ``signals``
    ages : float array of shape (n,), days
    incidents : bool array of shape (n,), whether each is remembered longer
    """
    if not len(counts):
        return Posterior.of(mean)
    kept = counts * np.exp2(-ages / np.where(incidents, INCIDENT_HALF_LIFE, HALF_LIFE))
    return Posterior(
        mean_before=np.asarray(mean, float),
        gained=np.asarray(kept[kept > 0].sum()),
        lost=np.asarray(-kept[kept < 0].sum()),
    )


def drawn(total: float | Floats, n: float | Floats, towards: float | Floats, strength: float) -> Floats:
    """A mean of ``n`` values that come to ``total``, drawn to another.

    Examples
    --------
    >>> persona = drawn(total=0, n=0, towards=0.6, strength=OF_SHOP)
    >>> found = drawn(total=1.0, n=2, towards=persona, strength=OF_PERSONA)
    >>> round(float(found), 2)  # two categories at .5, and eight more at the shop's .6
    0.58
    """
    return np.asarray((np.asarray(total) + strength * np.asarray(towards)) / (np.asarray(n) + strength), np.float64)


def cap_by_agency(agency: float) -> Rung:
    """The highest rung that the wish to decide oneself allows, see ``cap``."""
    return Rung.COACH if agency > WISHES[0] else Rung.APPROVE if agency > WISHES[1] else Rung.SILENT


def cap_by_trust(trust: float) -> Rung:
    """The highest rung that trust allows, see ``cap``."""
    return Rung.CURATE if trust < DOUBTS[0] else Rung.APPROVE if trust < DOUBTS[1] else Rung.SILENT


def cap(agency: float | Floats, trust: float | Floats) -> NDArray[np.int64]:
    """The highest rung that expected agency and trust allow; a guard that only ever lowers.

    Examples
    --------
    >>> [Rung(int(cap(*one))).label for one in ((0.5, 0.5), (0.71, 0.5), (0.86, 0.5), (0.5, 0.39), (0.5, 0.24))]
    ['silent', 'approve', 'coach', 'approve', 'curate']
    """
    wish, faith = np.asarray(agency, float), np.asarray(trust, float)
    by_wish = np.select([wish > most for most in WISHES], [int(Rung.COACH), int(Rung.APPROVE)], int(Rung.SILENT))
    by_faith = np.select([faith < least for least in DOUBTS], [int(Rung.CURATE), int(Rung.APPROVE)], int(Rung.SILENT))
    found: NDArray[np.int64] = np.minimum(by_wish, by_faith).astype(np.int64)
    return found
