"""Items bought by the same customers, by cosine; fitted by ``implicit``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.learn.lines import Lines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NEIGHBOURS = 30
FEWEST = 2  # buyers in common, for two items to be neighbours


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
        model = CosineRecommender(K=neighbours + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it converts its own matrix, and warns of that
            model.fit(bought, show_progress=False)
        found = model.similarity.tocoo()
        together = found.data * np.sqrt(buyers[found.row].astype(float) * buyers[found.col])
        kept = (found.row != found.col) & (together > FEWEST - 0.5)
        rows, others, nearness = found.row[kept], found.col[kept], found.data[kept]
        order = np.lexsort((others, -nearness, rows))
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

    def votes(self, items: Ints, weights: Floats) -> tuple[Ints, Floats]:
        """What the neighbours of several items speak for: codes, and the weighted mean nearness to them.

        Parameters
        ----------
        items : codes; strangers to the model have no neighbours
        weights : of each
        """
        known = items < len(self.starts) - 1
        starts, ends = self.starts[items[known]], self.starts[items[known] + 1]
        lengths = ends - starts
        rows = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths) + np.arange(lengths.sum())
        others, places = np.unique(self.others[rows], return_inverse=True)
        sums = np.bincount(places, self.nearness[rows] * np.repeat(weights[known], lengths), minlength=len(others))
        return others, sums / max(float(weights.sum()), 1e-9)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {"starts": self.starts, "others": self.others.astype(np.int32), "nearness": self.nearness}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Neighbours:
        """The inverse of ``arrays``."""
        return cls(starts=arrays["starts"], others=arrays["others"].astype(np.int64), nearness=arrays["nearness"])
