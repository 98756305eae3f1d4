"""What customers bought, as sums that add: one order more changes only what it holds.

The same sums are taken from many customers' lines at once, from one live history, and by adding an order to what is
known already; whatever is learned from purchases is learned from these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from engine.learn.runs import begins, changes, order_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ORDERS = (2.0, 5.0, 12.0, 30.0)  # half-lives in orders
DAYS = (14.0, 45.0, 150.0)  # half-lives in days
SIZES = 3  # latest orders whose sizes are kept


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tally:
    """How often and when each owner bought each code; one row a pair, arrays of shape (n_pairs,).

    Attributes
    ----------
    n_codes : how many codes there are
    keys : owner * n_codes + code, ascending
    counts : orders that held it
    first_day, last_day, prior_day : days since 1970-01-01 UTC; prior is the purchase before the last, nan of one
    first_order, last_order, prior_order : the same in numbers of the owner's orders, from 0
    log_sizes : sum over those orders of log(1 + lines of the order)
    by_orders : shape (n_pairs, 4), purchases weighing half for each so many ``ORDERS`` before the last of the pair
    by_days : shape (n_pairs, 3), the same by ``DAYS``
    """

    n_codes: int
    keys: Ints
    counts: Floats
    first_day: Floats
    last_day: Floats
    prior_day: Floats
    first_order: Floats
    last_order: Floats
    prior_order: Floats
    log_sizes: Floats
    by_orders: Floats
    by_days: Floats

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def owners(self) -> Ints:
        """The owner of each pair."""
        return self.keys // self.n_codes

    @property
    def codes(self) -> Ints:
        """The code of each pair."""
        return self.keys % self.n_codes

    @classmethod
    def of(
        cls, owners: Ints, codes: Ints, orders: Ints, days: Floats, n_codes: int, log_sizes: Floats | None = None
    ) -> Tally:
        """From lines in the order of owner and time; a code twice in an order counts once.

        Parameters
        ----------
        owners, codes : int arrays of shape (n_lines,), from 0
        orders : int array of shape (n_lines,), number of the order among its owner's, from 0
        log_sizes : of the order of each line, see ``_log_sizes``, where that is known already

        Examples
        --------
        >>> found = Tally.of(np.array([0, 0, 0]), np.array([7, 5, 7]), np.array([0, 0, 2]), np.array([1., 1., 15.]), 9)
        >>> found.codes.tolist(), found.counts.tolist(), found.prior_order.tolist()
        ([5, 7], [1.0, 2.0], [nan, 0.0])
        >>> found.by_orders[:, 0].tolist(), found.by_days[:, 0].tolist()  # two orders, and two weeks, are half-lives
        ([1.0, 1.5], [1.0, 1.5])
        """
        keys = owners * n_codes + codes
        order = order_of(keys, (int(owners.max(initial=-1)) + 1) * n_codes)
        sizes = (_log_sizes(owners, orders) if log_sizes is None else log_sizes)[order]
        keys, orders, days = keys[order], orders[order], days[order]
        once = changes(keys, orders)
        keys, days, sizes, numbers = keys[once], days[once], sizes[once], orders[once].astype(float)
        starts = begins(keys)
        ends = np.append(starts, len(keys))[1:] - 1
        pair = np.repeat(np.arange(len(starts)), ends - starts + 1)
        several = ends > starts
        before = np.where(several, ends - 1, ends)
        past_orders, past_days = numbers[ends][pair] - numbers, days[ends][pair] - days
        return cls(
            n_codes=n_codes,
            keys=keys[starts],
            counts=(ends - starts + 1).astype(float),
            first_day=days[starts],
            last_day=days[ends],
            prior_day=np.where(several, days[before], np.nan),
            first_order=numbers[starts],
            last_order=numbers[ends],
            prior_order=np.where(several, numbers[before], np.nan),
            log_sizes=np.add.reduceat(sizes, starts) if len(starts) else np.zeros(0),
            by_orders=_decayed(past_orders, ORDERS, starts),
            by_days=_decayed(past_days, DAYS, starts),
        )

    def __add__(self, later: Tally) -> Tally:
        """With what the same owners bought later."""
        keys = np.sort(np.concatenate((self.keys, later.keys)), kind="stable")  # two runs: merged, not sorted anew
        keys = keys[changes(keys)]
        n, mine, others = len(keys), np.searchsorted(keys, self.keys), np.searchsorted(keys, later.keys)

        def either(name: str, *, first: Tally, then: Tally) -> Floats:
            """One's column where it has the pair, else the other's."""
            found = np.empty((n, *getattr(self, name).shape[1:]))
            found[others if then is later else mine] = getattr(then, name)
            found[mine if first is self else others] = getattr(first, name)
            return found

        latest: Callable[[str], Floats] = lambda name: either(name, first=later, then=self)  # noqa: E731
        earliest: Callable[[str], Floats] = lambda name: either(name, first=self, then=later)  # noqa: E731
        last_day, last_order = latest("last_day"), latest("last_order")
        own, counts, log_sizes = np.zeros(n, bool), np.zeros(n), np.zeros(n)
        own[mine] = True
        counts[mine], log_sizes[mine] = self.counts, self.log_sizes
        counts[others] += later.counts
        log_sizes[others] += later.log_sizes
        once = own[others] & (later.counts == 1)  # bought before, and once more
        back = np.searchsorted(self.keys, keys[others[once]])
        prior_day, prior_order = latest("prior_day"), latest("prior_order")
        prior_day[others[once]], prior_order[others[once]] = self.last_day[back], self.last_order[back]
        by_orders, by_days = np.zeros((n, len(ORDERS))), np.zeros((n, len(DAYS)))
        by_orders[mine] = self.by_orders * _weights(last_order[mine] - self.last_order, ORDERS)
        by_days[mine] = self.by_days * _weights(last_day[mine] - self.last_day, DAYS)
        by_orders[others] += later.by_orders
        by_days[others] += later.by_days
        return Tally(
            n_codes=self.n_codes,
            keys=keys,
            counts=counts,
            first_day=earliest("first_day"),
            last_day=last_day,
            prior_day=prior_day,
            first_order=earliest("first_order"),
            last_order=last_order,
            prior_order=prior_order,
            log_sizes=log_sizes,
            by_orders=by_orders,
            by_days=by_days,
        )

    def rows_of(self, owners: Ints) -> tuple[Ints, Ints]:
        """The rows of some owners one after another, and which of ``owners`` each belongs to, by its place."""
        starts, ends = np.searchsorted(self.keys, [owners * self.n_codes, (owners + 1) * self.n_codes])
        lengths = ends - starts
        places = np.repeat(np.arange(len(owners)), lengths)
        return np.arange(lengths.sum()) + (starts - np.cumsum(lengths) + lengths)[places], places

    def take(self, owners: Ints) -> Tally:
        """Some of the owners, numbered by their places in ``owners``."""
        rows, places = self.rows_of(owners)
        others = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return Tally(n_codes=self.n_codes, keys=places * self.n_codes + self.keys[rows] % self.n_codes, **others)

    def find(self, keys: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """The row of each key, and whether there is one."""
        if not len(self.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
        rows = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return rows, self.keys[rows] == keys


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Visits:
    """Each owner's orders as such; arrays of shape (n_owners,).

    Attributes
    ----------
    orders, lines : how many
    first_day, last_day : days since 1970-01-01 UTC, nan of no order
    sizes : shape (n_owners, 3), lines of the latest orders, the latest first, nan where there are fewer
    """

    orders: Floats
    lines: Floats
    first_day: Floats
    last_day: Floats
    sizes: Floats

    @classmethod
    def of(cls, owners: Ints, orders: Ints, days: Floats, n_owners: int) -> Visits:
        """From lines in the order of owner and time, orders numbered from 0 for each owner."""
        starts = begins(owners, orders)
        owner, size = owners[starts], np.diff(np.append(starts, len(owners))).astype(float)
        count = np.bincount(owner, minlength=n_owners).astype(float)
        ends = np.cumsum(count).astype(np.int64) - 1
        some = count > 0
        first_day, last_day = np.full(n_owners, np.nan), np.full(n_owners, np.nan)
        first_day[some] = days[starts][ends[some] - count[some].astype(np.int64) + 1]
        last_day[some] = days[starts][ends[some]]
        sizes = np.full((n_owners, SIZES), np.nan)
        for back in range(SIZES):
            kept = count > back
            sizes[kept, back] = size[ends[kept] - back]
        return cls(
            orders=count,
            lines=np.bincount(owners, minlength=n_owners).astype(float),
            first_day=first_day,
            last_day=last_day,
            sizes=sizes,
        )

    def __add__(self, later: Visits) -> Visits:
        """With the same owners' later orders."""
        both = np.concatenate((later.sizes, self.sizes), axis=1)
        order = np.argsort(np.isnan(both), axis=1, kind="stable")[:, :SIZES]
        return Visits(
            orders=self.orders + later.orders,
            lines=self.lines + later.lines,
            first_day=np.where(np.isnan(self.first_day), later.first_day, self.first_day),
            last_day=np.where(np.isnan(later.last_day), self.last_day, later.last_day),
            sizes=np.take_along_axis(both, order, axis=1),
        )

    def take(self, owners: Ints) -> Visits:
        """Some of the owners, in the order given."""
        return Visits(**{field.name: getattr(self, field.name)[owners] for field in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class State:
    """All that the models look at of some owners: their items, their families, their orders."""

    items: Tally
    families: Tally
    visits: Visits

    @classmethod
    def of(
        cls,
        owners: Ints,
        items: Ints,
        families: Ints,
        orders: Ints,
        days: Floats,
        *,
        n_owners: int,
        n_items: int,
        n_families: int,
    ) -> State:
        """From lines in the order of owner and time; orders are numbered from 0 for each owner."""
        log_sizes = _log_sizes(owners, orders)
        return cls(
            items=Tally.of(owners, items, orders, days, n_items, log_sizes),
            families=Tally.of(owners, families, orders, days, n_families, log_sizes),
            visits=Visits.of(owners, orders, days, n_owners),
        )

    def __add__(self, later: State) -> State:
        """With later orders of the same owners, whose numbers go on where these end."""
        return State(
            items=self.items + later.items,
            families=self.families + later.families,
            visits=self.visits + later.visits,
        )

    def take(self, owners: Ints) -> State:
        """Some of the owners, numbered by their places in ``owners``."""
        return State(
            items=self.items.take(owners), families=self.families.take(owners), visits=self.visits.take(owners)
        )

    @property
    def n_owners(self) -> int:
        """How many owners it holds."""
        return len(self.visits.orders)


def _log_sizes(owners: Ints, orders: Ints) -> Floats:
    """For each line log(1 + lines of its order)."""
    lengths = np.diff(np.append(begins(owners, orders), len(owners)))
    return np.repeat(np.log1p(lengths), lengths)


def _weights(past: Floats, half_lives: tuple[float, ...]) -> Floats:
    found: Floats = np.exp2(-past[:, None] / np.array(half_lives))
    return found


def _decayed(past: Floats, half_lives: tuple[float, ...], starts: Ints) -> Floats:
    """The weights of lines summed from each start to the next, shape (n_starts, n_half_lives)."""
    if not len(starts):
        return np.zeros((0, len(half_lives)))
    found: Floats = np.column_stack([np.add.reduceat(np.exp2(-past / half_life), starts) for half_life in half_lives])
    return found
