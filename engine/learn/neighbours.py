"""Items bought by the same customers, by cosine; fitted by ``implicit``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.learn.candidates import Proposed, first_of_each
from engine.learn.cases import Cases
from engine.learn.lines import Lines
from engine.learn.runs import begins

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NEIGHBOURS = 30
FEWEST = 2  # buyers in common, for two items to be neighbours
WIDE = 2  # times as many are looked for: those with too few buyers in common are left out afterwards


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Votes:
    """How much neighbours speak for items; arrays of shape (n,).

    Attributes
    ----------
    keys : owner * n_items + item, ascending
    values : weighted mean nearness
    """

    keys: Ints
    n_items: int
    values: Floats

    def candidates(self, cases: Cases, n: int) -> Proposed:
        """The ``n`` items of each owner that are spoken for most."""
        items = self.keys % self.n_items
        rows = np.flatnonzero(cases.open(items))
        owners = self.keys[rows] // self.n_items
        first = first_of_each(owners, self.values[rows], n)
        return Proposed(owners=owners[first], items=items[rows[first]])

    def of(self, owners: Ints, items: Ints) -> Floats:
        """The votes for each pair; 0 where nobody speaks for it."""
        if not len(self.keys):
            return np.zeros(len(owners))
        keys = owners * self.n_items + items
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found: Floats = np.where((self.keys[places] == keys) & (items < self.n_items), self.values[places], 0.0)
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neighbours:
    """For each item its nearest others, as rows one after another.

    Attributes
    ----------
    starts : int array of shape (n_items + 1,), where each item's neighbours begin
    others : int array of shape (n_pairs,), codes, the nearest first
    nearness : float32 array of shape (n_pairs,), cosine of the two items' buyers, 0 to 1
    """

    starts: Ints
    others: Ints
    nearness: NDArray[np.float32]

    @classmethod
    def fit(cls, lines: Lines, neighbours: int = NEIGHBOURS) -> Neighbours:
        """The nearest items that at least two customers bought both of."""
        from implicit.nearest_neighbours import CosineRecommender

        bought = csr_matrix(
            (np.ones(len(lines), np.float32), (lines.customers, lines.items)), (lines.n_customers, lines.n_items)
        )
        bought.data[:] = 1
        buyers = np.bincount(bought.indices, minlength=lines.n_items)
        shared = np.flatnonzero(buyers >= FEWEST)
        model = CosineRecommender(K=WIDE * neighbours + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it converts its own matrix, and warns of that
            model.fit(bought[:, shared], show_progress=False)
        found = model.similarity.tocoo()
        rows, others, nearness = shared[found.row], shared[found.col], found.data
        together = nearness * np.sqrt(buyers[rows].astype(float) * buyers[others])
        kept = (rows != others) & (together > FEWEST - 0.5)
        rows, others, nearness = rows[kept], others[kept], nearness[kept]
        order = np.lexsort((others, -nearness, rows))
        first = np.searchsorted(rows[order], rows[order])
        order = order[np.arange(len(order)) - first < neighbours]
        starts = np.searchsorted(rows[order], np.arange(lines.n_items + 1))
        return cls(
            starts=starts.astype(np.int64),
            others=others[order].astype(np.int64),
            nearness=nearness[order].astype(np.float32),
        )

    def of(self, item: int) -> tuple[Ints, NDArray[np.float32]]:
        """The neighbours of an item, the nearest first, and how near they are."""
        row = slice(int(self.starts[item]), int(self.starts[item + 1]))
        return self.others[row], self.nearness[row]

    def votes(self, owners: Ints, items: Ints, weights: Floats) -> Votes:
        """What the neighbours of several items speak for: for each owner the weighted mean nearness to them.

        Parameters
        ----------
        owners, items : int arrays of shape (n,), pairs in the order of owners; strangers have no neighbours
        weights : float array of shape (n,), of each pair, above 0
        """
        known = items < self.n_items
        items = np.where(known, items, 0)
        starts = self.starts[items] if self.n_items else np.zeros(len(items), np.int64)
        ends = self.starts[items + 1] if self.n_items else starts
        lengths = np.where(known, ends - starts, 0)
        pairs = np.repeat(np.arange(len(items)), lengths)
        rows = np.arange(len(pairs)) + (starts - np.cumsum(lengths) + lengths)[pairs]
        keys = owners[pairs] * max(self.n_items, 1) + self.others[rows]
        order = np.argsort(keys)
        keys, values = keys[order], (self.nearness[rows] * weights[pairs])[order]
        starts = begins(keys)
        sums = np.add.reduceat(values, starts) if len(starts) else np.zeros(0)
        totals = np.bincount(owners, weights)
        found = keys[starts]
        return Votes(keys=found, n_items=max(self.n_items, 1), values=sums / totals[found // max(self.n_items, 1)])

    @property
    def n_items(self) -> int:
        """How many items it learned of."""
        return len(self.starts) - 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"starts": self.starts, "others": self.others.astype(np.int32), "nearness": self.nearness}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Neighbours:
        """The inverse of ``arrays``."""
        return cls(starts=arrays["starts"], others=arrays["others"].astype(np.int64), nearness=arrays["nearness"])
