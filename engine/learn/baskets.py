"""The next basket: what a customer buys again, and what they may buy for the first time, in one ranking.

Several sources propose candidates; boosted trees rank them by what is known of the pair, its family, the item and the
owner. The trees are learned from baskets of the past, see ``learning``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from engine.learn import features
from engine.learn.als import Tasting
from engine.learn.candidates import first_of_each
from engine.learn.cases import Cases
from engine.learn.features import NAMES, Candidates
from engine.learn.ranker import Ranker
from engine.learn.sources import Pools, Sources

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
PART = 1_000  # owners ranked at a time
STEP = 1e-6  # by which the scores of what no source reached fall


ALL = Pools(own=60, popular=30, votes=20)
NEW = Pools(popular=80, votes=20, siblings=40, tasted=True)
TASTE = 50  # candidates by taste, where it is of use


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Learned:
    """What earlier baskets taught: how to rank, and whether tastes are worth their while."""

    all: Ranker | None = None  # None: by the plain sum
    new: Ranker | None = None
    taste: bool = False  # whether tastes propose items; what is new is always weighed by them
    tasting: Tasting = field(default_factory=Tasting)  # how tastes are fitted
    heard: float = 0.0  # what a taste counts beside the score of the trees, in a list of what is new
    again: bool = True  # whether anything is bought again; where not, the whole list is one of what is new

    def pools(self, only_new: bool) -> Pools:
        """The candidates that are looked at."""
        pools = NEW if only_new else ALL
        return replace(pools, taste=TASTE, tasted=True) if self.taste else pools

    def scores(self, known: Float32s, only_new: bool) -> Floats:
        """Of candidates by their features, higher is better; comparable within one list only."""
        ranker = self.new if only_new else self.all
        found = plain(known) if ranker is None else ranker.scores(known)
        return found + self.heard * _column(known, "taste") if self.heard and only_new else found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ranked:
    """Lists of one owner after another, best first; arrays of shape (n,)."""

    owners: Ints
    items: Ints
    scores: Floats  # comparable within one list
    own: NDArray[np.bool_]
    filler: NDArray[np.bool_]  # no source reached it and the owner never bought it: it only fills the list

    def take(self, rows: Ints) -> Ranked:
        """Some of the rows."""
        return Ranked(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NextBasket:
    """The sources, and how what they propose is ranked."""

    learned: Learned
    sources: Sources

    def ranked(self, cases: Cases, k: int, *, only_new: bool = False) -> Ranked:
        """The ``k`` best items of each owner; fewer only where there are no more that are not barred.

        What no source reaches comes last: the rest of the owner's own, then the catalogue, what is sold most first,
        with scores below all others.
        """
        if not cases.n_items:
            return joined([])
        return joined([self._part(owners, some, k, only_new) for owners, some in cases.parts(PART)])

    def _part(self, numbers: Ints, cases: Cases, k: int, only_new: bool) -> Ranked:
        new = only_new or not self.learned.again
        found = self.sources.found(cases, self.learned.pools(new).at_least(k), only_new=new)
        scores = self.scores(cases, found, new)
        best = first_of_each(found.owners, scores, k)
        ranked = Ranked(
            owners=found.owners[best],
            items=found.items[best],
            scores=scores[best],
            own=found.own[best],
            filler=np.zeros(len(best), bool),
        )
        short = np.flatnonzero(np.bincount(ranked.owners, minlength=len(cases)) < k)
        if len(short):
            ranked = joined([ranked, *(self._rest(cases, owner, ranked, k, only_new) for owner in short.tolist())])
            ranked = ranked.take(np.argsort(ranked.owners, kind="stable"))
        return replace(ranked, owners=numbers[ranked.owners])

    def scores(self, cases: Cases, found: Candidates, only_new: bool) -> Floats:
        """Of each candidate, higher is better."""
        known = features.features(cases, found, self.sources.market)
        return self.learned.scores(known, only_new)

    def _rest(self, cases: Cases, owner: int, have: Ranked, k: int, only_new: bool) -> Ranked:
        """What comes after the candidates of one owner."""
        mine = have.owners == owner
        rows = cases.state.items.rows_of(np.array([owner]))[0]
        own = cases.state.items.codes[rows]
        dearest = own[np.argsort(-cases.fondness[rows], kind="stable")]
        ranking = self.sources.market.ranking
        rest = np.concatenate((dearest, ranking) if self.learned.again else (np.setdiff1d(ranking, own, True), dearest))
        rest = rest[cases.open(rest) & ~np.isin(rest, have.items[mine])]
        if only_new:
            rest = rest[~np.isin(rest, own)]
        first = np.sort(np.unique(rest, return_index=True)[1])[: k - np.count_nonzero(mine)]
        low = float(have.scores[mine][-1]) if mine.any() else 0.0
        return Ranked(
            owners=np.full(len(first), owner),
            items=rest[first],
            scores=np.asarray(low - STEP * np.arange(1, len(first) + 1), np.float64),
            own=np.isin(rest[first], own),
            filler=~np.isin(rest[first], own),
        )


def joined(parts: Sequence[Ranked]) -> Ranked:
    """One after another."""
    return Ranked(
        owners=np.concatenate([part.owners for part in parts]) if parts else np.zeros(0, np.int64),
        items=np.concatenate([part.items for part in parts]) if parts else np.zeros(0, np.int64),
        scores=np.concatenate([part.scores for part in parts]) if parts else np.zeros(0),
        own=np.concatenate([part.own for part in parts]) if parts else np.zeros(0, bool),
        filler=np.concatenate([part.filler for part in parts]) if parts else np.zeros(0, bool),
    )


def plain(known: Float32s) -> Floats:
    """Where nothing could be learned: own purchases that fade, votes, taste, and how much the item is sold lately."""
    own = (
        0.5 * _column(known, "by_5_orders") + 0.5 * _column(known, "by_12_orders") + 0.3 * _column(known, "by_14_days")
    )
    return own + _column(known, "votes") + _column(known, "taste") + 0.1 * _column(known, "log_sold_7")


def _column(known: Float32s, name: str) -> Floats:
    found: Floats = np.nan_to_num(known[:, NAMES.index(name)].astype(np.float64))
    return found
