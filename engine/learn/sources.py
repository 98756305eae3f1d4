"""What candidates come from and are measured by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.learn import candidates
from engine.learn.als import Als, Factorize, Tasting
from engine.learn.candidates import Own, Proposed, first_of_each
from engine.learn.cases import Cases
from engine.learn.features import Candidates
from engine.learn.lines import Lines
from engine.learn.market import Market, markets
from engine.learn.neighbours import Neighbours, Votes

Ints = NDArray[np.int64]
VOTERS = 30  # of an owner's own items, whose neighbours are looked at


@dataclass(frozen=True, kw_only=True, slots=True)
class Pools:
    """How many candidates each source proposes for an owner."""

    own: int = 0
    popular: int = 0
    votes: int = 0
    siblings: int = 0
    taste: int = 0
    tasted: bool = False  # whether tastes say something of every candidate

    def at_least(self, k: int) -> Pools:
        """Wide enough for lists of ``k``."""
        return replace(self, own=_wide(self.own, k), popular=_wide(self.popular, k), taste=_wide(self.taste, k))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sources:
    """What candidates come from and are measured by, as of a day; learned from everybody's purchases before it."""

    market: Market
    neighbours: Neighbours
    als: Als
    own: Own = field(default_factory=Own)

    @classmethod
    def fit(
        cls,
        lines: Lines,
        family_of: Ints,
        n_families: int,
        day: float,
        *,
        seed: int,
        tasting: Tasting = Tasting(),
        factorize: Factorize | None = None,
    ) -> Sources:
        """From what was bought before ``day``."""
        market = markets(lines, family_of, n_families, np.array([day]))[0]
        return cls(
            market=market,
            neighbours=Neighbours.fit(lines),
            als=Als.fit(lines, day, seed=seed, tasting=tasting, factorize=factorize),
        )

    def found(self, cases: Cases, pools: Pools, *, only_new: bool, votes: Votes | None = None) -> Candidates:
        """The candidates of all sources, with what neighbours (``votes``, where at hand) and tastes say of each."""
        votes = votes or self.votes(cases)
        tastes = self.als.tastes(cases) if pools.tasted else None
        proposed: list[Proposed] = [
            self.market.candidates(cases, pools.popular),
            votes.candidates(cases, pools.votes),
        ]
        if pools.own:
            proposed.append(self.own.candidates(cases, pools.own))
        if pools.siblings:
            proposed.append(self.market.siblings.candidates(cases, pools.siblings))
        if tastes is not None and pools.taste:
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

    def votes(self, cases: Cases) -> Votes:
        """Of the neighbours of each owner's dearest items."""
        items = cases.state.items
        fond = cases.fondness
        rows = first_of_each(items.owners, fond, VOTERS)
        return self.neighbours.votes(items.owners[rows], items.codes[rows], fond[rows])


def _wide(n: int, k: int) -> int:
    return max(n, k) if n else 0
