"""The next basket: what a customer buys again, and what they may buy for the first time, in one ranking.

Candidates come from the customer's own purchases, the neighbours of these, the customer's taste and what is popular;
a weighted sum of what each source says ranks them. The weights are found on earlier baskets, see ``tuning``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.learn import als
from engine.learn.als import Als
from engine.learn.lines import Lines
from engine.learn.neighbours import Neighbours
from engine.learn.past import Past
from engine.learn.popularity import Popularity
from engine.learn.repeat import Repeat

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NOBODY = np.zeros(0, np.int64)
POOL = 100  # candidates of each source other than the customer's own purchases


@dataclass(frozen=True, kw_only=True, slots=True)
class Blend:
    """How much each source counts."""

    half_life_days: float = 120.0  # of the customer's own purchases
    half_life_orders: float = 20.0
    repeat_power: float = 0.5  # how far own purchases count by how readily the item is bought again
    popular: float = 1.0
    taste: float = 1.0
    votes: float = 0.0  # of neighbours
    new_taste: float = 1.0  # the same where only what is new is asked for; popularity counts 1 there
    new_votes: float = 0.0

    def asks(self, only_new: bool) -> tuple[bool, bool]:
        """Whether taste and neighbours have any weight in a list."""
        return (self.new_taste > 0, self.new_votes > 0) if only_new else (self.taste > 0, self.votes > 0)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Blend:
        """From what ``asdict`` gave; what is not said keeps its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: float(value) for name, value in settings.items() if name in known})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Candidates:
    """Items that may come next, with what each source says of them; arrays of shape (n,).

    Attributes
    ----------
    items : codes, ascending; the customer's own first learned, then strangers
    own : whether the customer bought it
    rate : how readily it is bought again, 1 as usual
    popular, taste, votes : the sources' scores
    """

    items: Ints
    own: NDArray[np.bool_]
    rate: Floats
    popular: Floats
    taste: Floats
    votes: Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NextBasket:
    """The parts and how they are blended."""

    blend: Blend
    popularity: Popularity
    repeat: Repeat
    als: Als
    neighbours: Neighbours

    @classmethod
    def fit(cls, lines: Lines, day: float, *, blend: Blend, seed: int) -> NextBasket:
        """All parts, from what was bought before ``day``."""
        return cls(
            blend=blend,
            popularity=Popularity.fit(lines, day),
            repeat=Repeat.fit(lines),
            als=Als.fit(lines, day, seed=seed),
            neighbours=Neighbours.fit(lines),
        )

    @property
    def n_items(self) -> int:
        """How many items it learned of."""
        return len(self.popularity.scores)

    def candidates(self, past: Past, pool: int = POOL, *, taste: bool = True, votes: bool = True) -> Candidates:
        """What may come next: all that the customer bought, and ``pool`` of every other source.

        ``taste`` and ``votes``: whether these sources are asked; their scores are 0 where they are not.
        """
        weights = past.by_days(als.HALF_LIFE)
        tastes = self.als.scores(self.als.taste(past.items, weights)) if taste else np.zeros(0, np.float32)
        others, nearness = self.neighbours.votes(past.items, weights) if votes else (NOBODY, np.zeros(0))
        near = others[_top(nearness, pool)]
        items = np.unique(
            np.concatenate((past.items, self.popularity.ranking[:pool], near, _top(tastes, pool))).astype(np.int64)
        )
        known = items < len(tastes)
        return Candidates(
            items=items,
            own=np.isin(items, past.items, assume_unique=True),
            rate=self.repeat.of(items),
            popular=self.popularity.of(items),
            taste=np.where(known, tastes[np.where(known, items, 0)], 0.0) if len(tastes) else np.zeros(len(items)),
            votes=_looked_up(items, others, nearness),
        )

    def rank(
        self, past: Past, k: int, *, exclude: Collection[int] = frozenset(), only_new: bool = False
    ) -> tuple[Ints, Floats, Candidates]:
        """The ``k`` best codes with their scores; fewer only where the catalogue has no more.

        What the sources do not reach comes last, the more popular first, with scores below all others.
        """
        taste, votes = self.blend.asks(only_new)
        found = self.candidates(past, max(POOL, k), taste=taste, votes=votes)
        scores = _new(found, self.blend) if only_new else self._scores(found, past)
        kept = ~np.isin(found.items, list(exclude)) if exclude else np.ones(len(scores), bool)
        if only_new:
            kept &= ~found.own
        items, scores = found.items[kept], scores[kept]
        order = np.lexsort((items, -scores))[:k]
        items, scores = items[order], scores[order]
        if len(items) < k:
            items, scores = self._filled(items, scores, k, found.items, exclude)
        return items, scores, found

    def _scores(self, found: Candidates, past: Past) -> Floats:
        own = np.zeros(len(found.items))
        own[found.own] = mixed(past.by_days(self.blend.half_life_days), past.by_orders(self.blend.half_life_orders))
        return total(found, own, self.blend)

    def _filled(self, items: Ints, scores: Floats, k: int, seen: Ints, exclude: Collection[int]) -> tuple[Ints, Floats]:
        """With the rest of the catalogue behind."""
        gone = np.concatenate((seen, np.fromiter(exclude, np.int64, len(exclude))))
        more = self.popularity.ranking[~np.isin(self.popularity.ranking, gone)][: k - len(items)]
        low = float(scores[-1]) if len(scores) else 0.0
        return np.concatenate((items, more)), np.concatenate((scores, low - np.arange(1, len(more) + 1) * 1e-6))


def mixed(by_days: Floats, by_orders: Floats) -> Floats:
    """The two ways of counting the customer's own purchases, in equal parts."""
    return 0.5 * by_days + 0.5 * by_orders


def total(found: Candidates, own: Floats, blend: Blend) -> Floats:
    """The weighted sum; ``own`` is 0 where an item was not bought."""
    outer = blend.popular * found.popular + blend.taste * found.taste + blend.votes * found.votes
    return own * found.rate**blend.repeat_power + outer


def _new(found: Candidates, blend: Blend) -> Floats:
    return found.popular + blend.new_taste * found.taste + blend.new_votes * found.votes


def settings(blend: Blend) -> dict[str, float]:
    """The blend as JSON."""
    return asdict(blend)


def _top(scores: NDArray[Any], n: int) -> Ints:
    """The places of the ``n`` highest, in no order."""
    if len(scores) <= n:
        return np.arange(len(scores))
    return np.argpartition(-scores, n - 1)[:n].astype(np.int64)


def _looked_up(items: Ints, keys: Ints, values: Floats) -> Floats:
    """The value of each item among ascending keys; 0 where there is none."""
    if not len(keys):
        return np.zeros(len(items))
    places = np.minimum(np.searchsorted(keys, items), len(keys) - 1)
    return np.where(keys[places] == items, values[places], 0.0)
