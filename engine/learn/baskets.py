"""The next basket: what a customer buys again, and what they may buy for the first time, in one ranking.

Several sources propose candidates; boosted trees rank them by what is known of the pair, its family, the item and the
owner. The trees are learned from baskets of the past, see ``learning``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.learn import candidates, features
from engine.learn.als import Als
from engine.learn.candidates import Own, Proposed, first_of_each, fondness
from engine.learn.cases import Cases
from engine.learn.features import NAMES, Candidates
from engine.learn.lines import Lines
from engine.learn.market import Market, markets
from engine.learn.neighbours import Neighbours, Votes
from engine.learn.ranker import Ranker

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
VOTERS = 30  # of an owner's own items, whose neighbours are looked at
PART = 1_000  # owners ranked at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Pools:
    """How many candidates each source proposes for an owner."""

    own: int = 0
    popular: int = 0
    votes: int = 0
    siblings: int = 0
    taste: int = 0

    def at_least(self, k: int) -> Pools:
        """Wide enough for lists of ``k``."""
        return Pools(
            own=max(self.own, k) if self.own else 0,
            popular=max(self.popular, k),
            votes=self.votes,
            siblings=self.siblings,
            taste=max(self.taste, k) if self.taste else 0,
        )


ALL = Pools(own=45, popular=20, votes=15)
NEW = Pools(popular=80, votes=20, siblings=40, taste=30)
TASTE = 50  # candidates by taste, where it is of use


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Learned:
    """What earlier baskets taught: how to rank, and whether tastes are worth their while."""

    all: Ranker | None = None  # None: by the plain sum
    new: Ranker | None = None
    taste: bool = False  # whether tastes propose for the whole list too; for the new they always do

    def pools(self, only_new: bool) -> Pools:
        """The candidates that are looked at."""
        pools = NEW if only_new else ALL
        return Pools(
            own=pools.own,
            popular=pools.popular,
            votes=pools.votes,
            siblings=pools.siblings,
            taste=TASTE if self.taste else pools.taste,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ranked:
    """Lists of one owner after another, best first; arrays of shape (n,)."""

    owners: Ints
    items: Ints
    scores: Floats  # comparable within one list
    own: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sources:
    """What candidates come from and are measured by, as of a day; learned from everybody's purchases before it."""

    market: Market
    neighbours: Neighbours
    als: Als
    own: Own = field(default_factory=Own)

    @classmethod
    def fit(cls, lines: Lines, family_of: Ints, n_families: int, day: float, *, seed: int) -> Sources:
        """From what was bought before ``day``."""
        market = markets(lines, family_of, n_families, np.array([day]))[0]
        return cls(
            market=market,
            neighbours=Neighbours.fit(lines),
            als=Als.fit(lines, day, seed=seed),
        )

    def found(self, cases: Cases, pools: Pools, *, only_new: bool) -> Candidates:
        """The candidates of all sources, with what neighbours and tastes say of each."""
        votes = self._votes(cases)
        tastes = None if not pools.taste else self.als.tastes(cases)
        proposed: list[Proposed] = [
            self.market.candidates(cases, pools.popular),
            votes.candidates(cases, pools.votes),
        ]
        if pools.own:
            proposed.append(self.own.candidates(cases, pools.own))
        if pools.siblings:
            proposed.append(self.market.siblings.candidates(cases, pools.siblings))
        if tastes is not None:
            proposed.append(tastes.candidates(cases, pools.taste))
        keys = candidates.joined(proposed, cases.n_items)
        own = cases.state.items.find(keys)[1]
        if only_new:
            keys, own = keys[~own], own[~own]
        owners, items = keys // cases.n_items, keys % cases.n_items
        return Candidates(
            owners=owners,
            items=items,
            own=own,
            votes=votes.of(owners, items),
            taste=np.full(len(items), np.nan) if tastes is None else tastes.of(owners, items),
        )

    def _votes(self, cases: Cases) -> Votes:
        """Of the neighbours of each owner's dearest items."""
        items = cases.state.items
        fond = fondness(cases.state, cases.days)
        rows = first_of_each(items.owners, fond, VOTERS)
        return self.neighbours.votes(items.owners[rows], items.codes[rows], fond[rows])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NextBasket:
    """The sources, and how what they propose is ranked."""

    learned: Learned
    sources: Sources

    def ranked(self, cases: Cases, k: int, *, only_new: bool = False) -> Ranked:
        """The ``k`` best items of each owner; fewer only where there are no more that are not barred.

        What no source reaches comes last: the rest of the owner's own, then what is sold most, then the rest of the
        catalogue, with scores below all others.
        """
        parts = [self._part(owners, some, k, only_new) for owners, some in cases.parts(PART)]
        return Ranked(
            owners=np.concatenate([part.owners for part in parts]) if parts else np.zeros(0, np.int64),
            items=np.concatenate([part.items for part in parts]) if parts else np.zeros(0, np.int64),
            scores=np.concatenate([part.scores for part in parts]) if parts else np.zeros(0),
            own=np.concatenate([part.own for part in parts]) if parts else np.zeros(0, bool),
        )

    def _part(self, numbers: Ints, cases: Cases, k: int, only_new: bool) -> Ranked:
        pools = self.learned.pools(only_new).at_least(k)
        found = self.sources.found(cases, pools, only_new=only_new)
        scores = self.scores(cases, found, only_new)
        best = first_of_each(found.owners, scores, k)
        owners, items, scores, own = found.owners[best], found.items[best], scores[best], found.own[best]
        short = np.flatnonzero(np.bincount(owners, minlength=len(cases)) < k)
        if len(short):
            more = [self._rest(cases, owner, items[owners == owner], k, only_new) for owner in short.tolist()]
            owners = np.concatenate((owners, np.repeat(short, [len(one) for one in more])))
            low = np.concatenate([_below(scores[owners[: len(scores)] == o], len(m)) for o, m in zip(short, more, strict=True)])
            items, scores = np.concatenate((items, *more)), np.concatenate((scores, low))
            order = np.argsort(owners, kind="stable")
            owners, items, scores = owners[order], items[order], scores[order]
            own = cases.state.items.find(owners * cases.n_items + items)[1]
        return Ranked(owners=numbers[owners], items=items, scores=scores, own=own)

    def scores(self, cases: Cases, found: Candidates, only_new: bool) -> Floats:
        """Of each candidate, higher is better."""
        known = features.features(cases, found, self.sources.market)
        ranker = self.learned.new if only_new else self.learned.all
        return plain(known) if ranker is None else ranker.scores(known)

    def _rest(self, cases: Cases, owner: int, have: Ints, k: int, only_new: bool) -> Ints:
        """What comes after the candidates of one owner."""
        bought = cases.state.items.rows_of(np.array([owner]))[0]
        own = cases.state.items.codes[bought]
        fond = own[np.argsort(-fondness(cases.state, cases.days, bought), kind="stable")]
        rest = np.concatenate((fond[:0] if only_new else fond, self.sources.market.ranking, np.arange(cases.n_items)))
        gone = np.concatenate((have, own)) if only_new else have
        rest = rest[cases.open(rest) & ~np.isin(rest, gone)]
        _, first = np.unique(rest, return_index=True)
        return rest[np.sort(first)][: k - len(have)]


def _below(scores: Floats, n: int) -> Floats:
    low = float(scores[-1]) if len(scores) else 0.0
    found: Floats = low - np.arange(1, n + 1) * 1e-6
    return found


def plain(known: Float32s) -> Floats:
    """Where nothing could be learned: own purchases that fade, votes, taste, and how much the item is sold lately."""
    def column(name: str) -> Floats:
        return np.nan_to_num(known[:, NAMES.index(name)].astype(np.float64))

    own = 0.5 * column("by_5_orders") + 0.5 * column("by_12_orders") + 0.3 * column("by_14_days")
    return own + column("votes") + column("taste") + 0.1 * column("log_sold_7")
