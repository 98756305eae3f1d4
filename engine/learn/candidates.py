"""Items that may come next: each source proposes some for every owner, and all are ranked together.

A source is anything with ``candidates(cases, n) -> Proposed``: the owner's own purchases (here), what is sold most
(``market``), neighbours of what was bought (``neighbours``), a taste (``als``) and what else there is of the owner's
families (``siblings``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.learn.cases import Cases
from engine.learn.runs import begins, changes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LONG = 300  # rows of one owner, from which on most are left out before they are sorted


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Proposed:
    """Pairs of owner and item; arrays of shape (n,)."""

    owners: Ints
    items: Ints


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Own:
    """What was bought before, first what was bought often and lately."""

    def candidates(self, cases: Cases, n: int) -> Proposed:
        """The ``n`` dearest of each owner."""
        items = cases.state.items
        owners, codes = items.owners, items.codes
        rows = np.flatnonzero(cases.open(codes))
        rows = rows[first_of_each(owners[rows], cases.fondness[rows], n)]
        return Proposed(owners=owners[rows], items=codes[rows])


def first_of_each(owners: Ints, scores: Floats, n: int) -> Ints:
    """The places of the ``n`` highest scores of each owner, the highest first, of equals the first; owners ascend.

    Examples
    --------
    >>> first_of_each(np.array([0, 0, 0, 4]), np.array([0.1, 0.3, 0.2, 0.0]), 2).tolist()
    [1, 2, 3]
    """
    if len(owners) and owners[0] == owners[-1]:  # as in a decision: there is nothing to part
        some = _highest(scores, n) if len(scores) > LONG else np.arange(len(scores))
        return np.asarray(some[np.argsort(-scores[some], kind="stable")[:n]], np.int64)
    edges = np.append(begins(owners), len(owners))
    if len(owners) > LONG * len(edges):
        kept = np.concatenate([start + _highest(scores[start:end], n) for start, end in pairwise(edges.tolist())])
        highest: Ints = kept[np.lexsort((-scores[kept], owners[kept]))]
        return highest
    order = np.lexsort((-scores, owners))
    place = np.arange(len(owners)) - np.repeat(edges[:-1], np.diff(edges))
    first: Ints = np.asarray(order[place < n], np.int64)
    return first


def _highest(scores: Floats, n: int) -> Ints:
    """The places of the ``n`` highest scores, of equals the first, ascending."""
    if len(scores) <= n:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - n)[len(scores) - n]
    kept = scores > least
    kept[np.flatnonzero(scores == least)[: n - np.count_nonzero(kept)]] = True
    return np.flatnonzero(kept)


def joined(proposed: Iterable[Proposed], n_items: int) -> Ints:
    """The keys owner * n_items + item of all that is proposed, each once, ascending."""
    keys = [one.owners * n_items + one.items for one in proposed]
    found: Ints = np.sort(np.concatenate(keys)) if keys else np.zeros(0, np.int64)
    once: Ints = found[changes(found)]
    return once
