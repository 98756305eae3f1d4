"""How things sell, as of a day: lately and ever, to how many, how often again and after how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.learn.runs import changes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

HALF_LIVES = (2.0, 7.0, 28.0)  # days
SCALE = 1e5  # of parts of all, before their logarithm
PRIOR = 5.0  # purchases, of the usual share of repeats and the usual gap
NAMES = (*(f"sold_{int(h)}" for h in HALF_LIVES), "sold", "buyers", "log_gaps", "log_orders")
SOLD, BUYERS, LOG_GAPS, LOG_ORDERS = len(HALF_LIVES), len(HALF_LIVES) + 1, len(HALF_LIVES) + 2, len(HALF_LIVES) + 3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sales:
    """Purchases of all owners with what each adds to demand; in the order of time.

    Attributes
    ----------
    codes : int array of shape (n_lines,)
    days : float array of shape (n_lines,), days since 1970-01-01 UTC, ascending
    again : bool array of shape (n_lines,), whether the owner had bought the code before
    log_gaps : float array of shape (n_lines,), log(1 + days since then), 0 where there is no before
    log_orders : the same of the owner's orders
    """

    codes: Ints
    days: Floats
    again: NDArray[np.bool_]
    log_gaps: Floats
    log_orders: Floats
    n_codes: int

    @classmethod
    def of(cls, owners: Ints, codes: Ints, orders: Ints, days: Floats, n_codes: int) -> Sales:
        """From lines in the order of owner and time; a code twice in an order counts once."""
        keys = owners * n_codes + codes
        order = np.argsort(keys, kind="stable")
        same_pair = ~changes(keys[order])
        step = np.diff(orders[order], prepend=0)
        kept = ~(same_pair & (step == 0))
        order, again, step = order[kept], same_pair[kept], step[kept]
        gaps = np.diff(days[order], prepend=0.0)
        at = np.argsort(days[order], kind="stable")
        return cls(
            codes=codes[order][at],
            days=days[order][at],
            again=again[at],
            log_gaps=np.where(again, np.log1p(np.maximum(gaps, 0.0)), 0.0)[at],
            log_orders=np.where(again, np.log1p(np.maximum(step, 0)), 0.0)[at],
            n_codes=n_codes,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Demand:
    """What the sales before a day come to.

    Attributes
    ----------
    sums : float array of shape (n_codes, 7), by ``NAMES``: purchases weighing half for each so many days, all
        purchases, buyers, and the logarithms of the gaps between one owner's purchases in days and in orders
    """

    sums: Floats

    @property
    def n_codes(self) -> int:
        """How many codes it knows."""
        return len(self.sums)

    @classmethod
    def of(cls, sales: Sales, day: float) -> Demand:
        """As of one day."""
        return next(iter(cls.each(sales, np.array([day]))))

    @classmethod
    def each(cls, sales: Sales, days: Floats) -> Iterator[Demand]:
        """As of each of some days, which ascend; every line is looked at once."""
        sums = np.zeros((sales.n_codes, len(NAMES)))
        edges = [-np.inf, *days.tolist()]
        for before, day in pairwise(edges):
            if np.isfinite(before):
                sums[:, : len(HALF_LIVES)] *= np.exp2(-(day - before) / np.array(HALF_LIVES))
            start, end = np.searchsorted(sales.days, [before, day])
            if end > start:
                sums += _summed(sales, slice(int(start), int(end)), day)
            yield cls(sums=sums.copy())

    def traits(self) -> NDArray[np.float32]:
        """As numbers that a ranking can weigh, shape (n_codes, 9).

        Each item's part of all decayed sums and of all buyers, on a logarithmic scale, so that a shop that grows or a
        day that lacks some orders changes nothing; the share of repeats and the usual gaps, drawn to those of all where
        there are few; and how the last days stand to the weeks, against the same of all.
        """
        sums = self.sums
        sold, buyers = sums[:, SOLD], sums[:, BUYERS]
        repeats = sold - buyers
        usual = float(repeats.sum() / max(sold.sum(), 1.0))
        gap, order = (float(sums[:, n].sum() / max(repeats.sum(), 1.0)) for n in (LOG_GAPS, LOG_ORDERS))
        two, week, month = (sums[:, n] for n in range(len(HALF_LIVES)))
        return np.column_stack(
            [
                *(_part(column) for column in (two, week, month, buyers)),
                (repeats + PRIOR * usual) / (sold + PRIOR),
                (sums[:, LOG_GAPS] + PRIOR * gap) / (repeats + PRIOR),
                (sums[:, LOG_ORDERS] + PRIOR * order) / (repeats + PRIOR),
                _trend(two, week),
                _trend(week, month),
            ]
        ).astype(np.float32)


TRAITS = (
    *(f"log_sold_{int(h)}" for h in HALF_LIVES),
    "log_buyers",
    "repeat_rate",
    "usual_gap",
    "usual_orders",
    "trend_days",
    "trend_weeks",
)


def _summed(sales: Sales, part: slice, day: float) -> Floats:
    codes, n = sales.codes[part], sales.n_codes
    age = day - sales.days[part]
    columns = [np.exp2(-age / half_life) for half_life in HALF_LIVES]
    columns += [np.ones(len(codes)), (~sales.again[part]).astype(float), sales.log_gaps[part], sales.log_orders[part]]
    return np.column_stack([np.bincount(codes, column, minlength=n) for column in columns])


def _part(column: Floats) -> Floats:
    found: Floats = np.log1p(SCALE * column / max(float(column.sum()), 1e-9))
    return found


def _trend(late: Floats, early: Floats) -> Floats:
    found: Floats = np.log((1 + late) / (1 + early * float(late.sum()) / max(float(early.sum()), 1e-9)))
    return found
