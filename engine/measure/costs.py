"""What a wrong order costs: the service contacts it brings, and how wrong ones end; sums by customer, which add."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from engine.domain.estimates import NotEstimable
from engine.measure.shares import LEVEL, Share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEWEST = 20  # cases, and
CUSTOMERS = 10  # customers who had one, below which nothing is said


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """A mean or a cost, and where it may lie with 95 % confidence."""

    estimate: float
    low: float
    high: float
    n: int  # cases
    customers: int
    se: float

    def times(self, factor: float, more: float = 0.0) -> Amount:
        """So many times as much, and so much more."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Amount(
            estimate=self.estimate * factor + more,
            low=low + more,
            high=high + more,
            n=self.n,
            customers=self.customers,
            se=self.se * abs(factor),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Aftermath:
    """Contacts in the days after cases, such as returns, and at all other times; those of the same customers add.

    Attributes
    ----------
    cases : float array of shape (n_customers,), of which there were so many (or so many days, of a lasting one)
    after, days_after : contacts within the days after a case, and how many such days there were
    before, days_before : contacts on all other days that the customer was known, and how many these were
    """

    cases: Floats
    after: Floats
    days_after: Floats
    before: Floats
    days_before: Floats

    @classmethod
    def of(
        cls,
        cases: tuple[Ints, Floats],
        contacts: tuple[Ints, Floats],
        known: tuple[Floats, Floats],
        *,
        within: float,
        weights: Floats | None = None,
    ) -> Aftermath:
        """From single events.

        Parameters
        ----------
        cases, contacts : the customer's number of each, and its day
        known : day from which, and until which, each customer is known; shape (n_customers,) both
        within : days after a case in which a contact belongs to it; days after several are counted once
        weights : what each case counts; None: 1
        """
        start, end = known
        n = len(start)
        owners, days = cases
        counted = np.ones(len(owners)) if weights is None else weights
        from_day, to_day, whose = _spans(owners, days, end, within)
        inside = _inside(contacts, from_day, to_day, whose)
        days_after = np.bincount(whose, to_day - from_day, minlength=n).astype(np.float64)
        who, when = contacts
        seen = (when >= start[who]) & (when < end[who])
        after = np.bincount(who[inside & seen], minlength=n).astype(float)
        return cls(
            cases=np.bincount(owners, counted, minlength=n).astype(float),
            after=after,
            days_after=days_after,
            before=np.bincount(who[seen], minlength=n) - after,
            days_before=np.maximum(end - start - days_after, 0.0),
        )

    def __add__(self, other: Aftermath) -> Aftermath:
        return Aftermath(
            cases=self.cases + other.cases,
            after=self.after + other.after,
            days_after=self.days_after + other.days_after,
            before=self.before + other.before,
            days_before=self.days_before + other.days_before,
        )

    def each(self, level: float = LEVEL) -> Amount | NotEstimable:
        """Contacts that one case brings, beyond those that the customers make anyway.

        With sums over customers, the estimate is A/R - (B/T)(W/R): contacts after cases per case, less the usual rate
        times the days after a case. Its variance is that of the linearised sum of each customer's part (Cochran,
        Sampling Techniques, 1977, ch. 6; Woodruff 1971), m / (m - 1) sum_c d_c^2 with
        d_c = (A_c - A/R R_c) / R - (W/R) (B_c - B/T T_c) / T - (B/T) (W_c - W/R R_c) / R
        over the m customers who had a case or any day known, the interval Student's with m' - 1 degrees of freedom,
        m' being those who had a case.

        Examples
        --------
        >>> sums = Aftermath(cases=np.full(40, 2.0), after=np.full(40, 3.0), days_after=np.full(40, 20.0),
        ...     before=np.full(40, 8.0), days_before=np.full(40, 160.0))
        >>> sums.each().estimate  # 1.5 after each case, of which .05 a day over ten days come anyway
        1.0
        """
        cases, exposed = float(self.cases.sum()), float(self.days_before.sum())
        hit = int(np.count_nonzero(self.cases))
        if cases < FEWEST or hit < CUSTOMERS:
            reason = f"there are {cases:g} cases of {hit} customers"
            return NotEstimable(reason=reason, needed=f"at least {FEWEST} of {CUSTOMERS} customers")
        if exposed <= 0:
            return NotEstimable(reason="no customer is known on other days", needed="a longer history")
        per_case, lasting = float(self.after.sum()) / cases, float(self.days_after.sum()) / cases
        rate = float(self.before.sum()) / exposed
        parts = (
            (self.after - per_case * self.cases) / cases
            - lasting * (self.before - rate * self.days_before) / exposed
            - rate * (self.days_after - lasting * self.cases) / cases
        )
        m = int(np.count_nonzero((self.cases > 0) | (self.days_before > 0)))
        se = sqrt(m / max(m - 1, 1) * float(np.sum(parts**2)))
        reach = float(student.ppf((1 + level) / 2, hit - 1)) * se
        found = per_case - rate * lasting
        return Amount(estimate=found, low=found - reach, high=found + reach, n=round(cases), customers=hit, se=se)


def mixed(share: Share, one: Amount | float, other: Amount, level: float = LEVEL) -> Amount:
    """The mean cost of cases of which a share costs ``one`` and the rest ``other``.

    s c1 + (1 - s) c2, with the variance (c1 - c2)^2 var(s) + s^2 var(c1) + (1 - s)^2 var(c2) of the delta method, the
    share's variance being s (1 - s) / n times its design effect; share and costs are taken for independent.

    Examples
    --------
    >>> vetoed = Share(estimate=0.75, low=0.6, high=0.9, n=40, customers=40, effect=1.0)
    >>> sent_back = Amount(estimate=4.0, low=3.0, high=5.0, n=60, customers=50, se=0.5)
    >>> round(mixed(vetoed, 0.4, sent_back).estimate, 2)  # the design's 1.30
    1.3
    """
    first = Amount(estimate=one, low=one, high=one, n=0, customers=0, se=0.0) if isinstance(one, float) else one
    s = share.estimate
    spread = s * (1 - s) * share.effect / share.n
    variance = (first.estimate - other.estimate) ** 2 * spread + (s * first.se) ** 2 + ((1 - s) * other.se) ** 2
    found = s * first.estimate + (1 - s) * other.estimate
    reach = float(student.ppf((1 + level) / 2, max(share.customers - 1, 1))) * sqrt(variance)
    return Amount(
        estimate=found,
        low=max(found - reach, 0.0),
        high=found + reach,
        n=share.n,
        customers=share.customers,
        se=sqrt(variance),
    )


def _spans(owners: Ints, days: Floats, end: Floats, within: float) -> tuple[Floats, Floats, Ints]:
    """The days after cases, each counted once: from, until, whose; ascending by customer and day."""
    order = np.lexsort((days, owners))
    whose, start = owners[order], days[order]
    stop = np.minimum(start + within, end[whose])
    same = np.append(whose[1:] == whose[:-1], False) if len(whose) else np.zeros(0, bool)
    following = np.append(start[1:], np.inf) if len(start) else start
    stop = np.where(same, np.minimum(stop, following), stop)
    return start, np.maximum(stop, start), whose


def _inside(contacts: tuple[Ints, Floats], start: Floats, stop: Floats, whose: Ints) -> NDArray[np.bool_]:
    """Whether each contact lies in a span of its customer's."""
    who, when = contacts
    if not len(start):
        return np.zeros(len(who), bool)
    keys = np.rec.fromarrays([whose, start])
    place = np.searchsorted(keys, np.rec.fromarrays([who, when], dtype=keys.dtype), side="right") - 1
    at = np.maximum(place, 0)
    found: NDArray[np.bool_] = (place >= 0) & (whose[at] == who) & (when < stop[at])
    return found
