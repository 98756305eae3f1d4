"""Who bought which family when: the rows that replenishment is learned from and forecast from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.history import History
from engine.learn.runs import changes, order_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Purchases:
    """The purchase days of pairs of customer and family, by pair and then in time.

    One customer's history and a whole shop's orders have the same shape, so that features are computed by one piece of
    code.

    Attributes
    ----------
    owners, families : int arrays of shape (n_pairs,), codes of the pair's customer and family
    starts : int array of shape (n_pairs + 1,), where the pair's rows begin
    days : float array of shape (n_rows,), days since 1970-01-01 UTC, the first purchase of the family on that UTC day
    visits : int array of shape (n_rows,), index of the day in ``visit_days``
    visit_starts : int array of shape (n_customers + 1,), where the customer's visits begin
    visit_days : float array of shape (n_visits,), days since 1970-01-01 UTC, the first order of that UTC day
    all_pairs, all_days : every purchase, also the later ones of a day, by pair and time
    all_amounts : what each came to, minor units, nan where unknown; None: unknown of all
    """

    owners: Ints
    families: Ints
    starts: Ints
    days: Floats
    visits: Ints
    visit_starts: Ints
    visit_days: Floats
    all_pairs: Ints
    all_days: Floats
    all_amounts: Floats | None = None

    @classmethod
    def of(
        cls, customers: NDArray[Any], families: NDArray[Any], days: Floats, amounts: Floats | None = None
    ) -> Purchases:
        """From lines in any order.

        Parameters
        ----------
        customers, families : int arrays of shape (n_lines,), codes from 0
        days : float array of shape (n_lines,), days since 1970-01-01 UTC
        amounts : float array of shape (n_lines,), minor units, nan where unknown; None: unknown of all
        """
        customers, families = customers.astype(np.int64), families.astype(np.int64)
        if not _in_time(customers, days):
            order = np.lexsort((days, customers))
            customers, families, days = customers[order], families[order], days[order]
            amounts = None if amounts is None else amounts[order]
        visit_starts, visit_days, visits = _visits(customers, days)
        n_families = int(families.max(initial=-1)) + 1
        order = order_of(customers * n_families + families, (len(visit_starts) - 1) * n_families)
        customers, families, days = customers[order], families[order], days[order]
        new_pair = changes(customers, families)
        pairs = np.cumsum(new_pair) - 1
        first = new_pair | changes(np.floor(days).astype(np.int64))
        return cls(
            owners=customers[new_pair],
            families=families[new_pair],
            starts=np.append(np.flatnonzero(new_pair[first]), np.count_nonzero(first)).astype(np.int64),
            days=days[first],
            visits=visits[order[first]],
            visit_starts=visit_starts,
            visit_days=visit_days,
            all_pairs=pairs,
            all_days=days,
            all_amounts=None if amounts is None else amounts[order],
        )

    @property
    def n_pairs(self) -> int:
        """How many pairs of customer and family there are."""
        return len(self.owners)

    def of_customers(self, kept: NDArray[np.bool_]) -> Purchases:
        """Those of some of the customers, whose codes move up.

        Parameters
        ----------
        kept : bool array of shape (n_customers,)
        """
        pairs = kept[self.owners]
        rows, visits = np.repeat(pairs, np.diff(self.starts)), np.repeat(kept, np.diff(self.visit_starts))
        every = pairs[self.all_pairs]
        return Purchases(
            owners=(np.cumsum(kept) - 1)[self.owners[pairs]],
            families=self.families[pairs],
            starts=np.concatenate(([0], np.cumsum(np.diff(self.starts)[pairs]))),
            days=self.days[rows],
            visits=(np.cumsum(visits) - 1)[self.visits[rows]],
            visit_starts=np.concatenate(([0], np.cumsum(np.diff(self.visit_starts)[kept]))),
            visit_days=self.visit_days[visits],
            all_pairs=(np.cumsum(pairs) - 1)[self.all_pairs[every]],
            all_days=self.all_days[every],
            all_amounts=None if self.all_amounts is None else self.all_amounts[every],
        )

    def next_days(self, day: float) -> Floats:
        """For each pair, when it is next bought at or after ``day``; inf where it never is."""
        later = self.all_days >= day
        pairs, days = self.all_pairs[later], self.all_days[later]
        found = np.full(self.n_pairs, np.inf)
        found[pairs[::-1]] = days[::-1]  # the earliest of a pair is written last
        return found


def usual_amounts(purchases: Purchases, day: float) -> Floats:
    """What each pair's purchases came to on the days before ``day``, on average; nan where that is not known.

    Examples
    --------
    >>> bought = Purchases.of(*np.array([[0, 0, 0], [1, 1, 1]]), np.array([1.0, 1.5, 9.0]), np.array([200.0, 100, 500]))
    >>> usual_amounts(bought, 8.0), usual_amounts(bought, 10.0)
    (array([300.]), array([400.]))
    """
    if purchases.all_amounts is None:
        return np.full(purchases.n_pairs, np.nan)
    before = purchases.all_days < day
    total = np.bincount(purchases.all_pairs[before], purchases.all_amounts[before], minlength=purchases.n_pairs)
    of = np.repeat(np.arange(purchases.n_pairs), np.diff(purchases.starts))
    days = np.bincount(of[purchases.days < day], minlength=purchases.n_pairs)
    found: Floats = np.where(days > 0, total / np.maximum(days, 1), np.nan)
    return found


def median_gaps(purchases: Purchases, pairs: Ints, counts: Ints) -> Floats:
    """The median time between the first ``counts`` purchase days of each of some pairs, days; each at least two."""
    n = counts - 1
    of, starts = np.repeat(np.arange(len(pairs)), n), np.cumsum(n) - n
    rows = np.arange(len(of)) + np.repeat(purchases.starts[pairs] - starts, n)
    gaps = purchases.days[rows + 1] - purchases.days[rows]
    rising = np.argsort(gaps)
    gaps = gaps[rising[order_of(of[rising], len(pairs))]]
    found: Floats = (gaps[starts + (n - 1) // 2] + gaps[starts + n // 2]) / 2
    return found


def coded(values: NDArray[np.object_]) -> tuple[Ints, list[str]]:
    """Codes from 0 in the order of first appearance, and what they stand for."""
    table: defaultdict[str, int] = defaultdict()
    table.default_factory = table.__len__
    codes = np.fromiter(map(table.__getitem__, values.tolist()), np.int64, len(values))
    return codes, list(table)


def of_history(history: History) -> tuple[Purchases, list[str]]:
    """One customer's purchases, and the families that their codes stand for."""
    codes, names = coded(history.families)
    return Purchases.of(np.zeros(len(history), np.int64), codes, history.days), names


def of_histories(histories: Sequence[History]) -> tuple[Purchases, list[str]]:
    """Some customers' purchases, each with its place for a code, and the families that their codes stand for."""
    if not histories:
        return of_history(History.empty())
    codes, names = coded(np.concatenate([one.families for one in histories]))
    owners = np.repeat(np.arange(len(histories)), [len(one) for one in histories])
    return Purchases.of(owners, codes, np.concatenate([one.days for one in histories])), names


def _in_time(customers: Ints, days: Floats) -> bool:
    """Whether lines stand customer by customer, and in time for each."""
    later, same = np.diff(customers), np.diff(days) >= 0
    return bool(np.all((later > 0) | ((later == 0) & same)))


def _visits(customers: Ints, days: Floats) -> tuple[Ints, Floats, Ints]:
    """Where each customer's visits begin, their days, and the visit of each line; lines in the order of their time."""
    n_customers = int(customers[-1]) + 1 if len(customers) else 0
    new = changes(customers, np.floor(days).astype(np.int64))
    starts = np.searchsorted(customers[new], np.arange(n_customers + 1))
    return starts.astype(np.int64), days[new], np.cumsum(new) - 1
