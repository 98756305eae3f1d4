"""What a list may be made of: the model's ranking as far as it may be offered, and what stands behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.domain.decisions import Reason
from engine.domain.shopping import Item
from engine.learn.base import Model, Recommendation
from modes import agency, evidence, habits
from modes.filters import Filter
from modes.scene import Scene

WIDE = 20  # recommendations looked at for one that is shown, where a condition leaves out much
MOST = 1_000
LEAST = 100  # looked at where relevance is measured, so that it hardly depends on how many are wanted
FIRST = 500  # of the most popular, searched before the whole catalogue is
STEP = 1e-6  # between the scores of what stands behind the ranking


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a list is to be."""

    limit: int
    category: str | None = None  # its items only, or those below it
    variety: float = 0.0  # 0 the best first, 1 as many families as there are
    min_relevance: float = 0.0  # as a share of the best one's; above 0 there is no filler, but fewer items
    repeat: bool | None = None  # True: only what was bought before; False: only what was not
    leave: frozenset[str] = frozenset()  # shown elsewhere in the same answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the candidates of one list come from."""

    wish: Wish
    scene: Scene
    own: frozenset[str] = field(default_factory=frozenset)  # what the customer bought

    @classmethod
    def of(cls, wish: Wish, scene: Scene) -> Source:
        """For a customer's list."""
        return cls(wish=wish, scene=scene, own=frozenset(scene.context.history.items.tolist()))

    def ranked(self, pool: int) -> list[Recommendation]:
        """The model's ranking, the best first; without a model, what the customer bought."""
        model, scene, wish = self.scene.model, self.scene, self.wish
        if model is None:
            return self._habits()
        exclude = scene.shelf.excluded | wish.leave
        wanted, only_new = self._wanted(pool), wish.repeat is False
        found = model.recommend(scene.context.history, scene.day, wanted, exclude=exclude, only_new=only_new)
        kept = [replace(one, filler=True) if _unfounded(one) else one for one in self.offered(found)]
        return joined(kept, self._habits(behind(kept))) if wish.repeat else kept

    def more(self, have: Sequence[Recommendation], wanted: int) -> list[Recommendation]:
        """Behind those: what most customers buy of all that may be offered, and then what nobody buys."""
        model = self.scene.model
        if model is None or wanted <= 0:
            return []
        known, low = {one.item_id for one in have}, behind(have)
        found = self.offered(one for one in _favourites(model, self.wish.category) if one.item_id not in known)
        if len(found) < wanted:
            found += self._rest(model, known | {one.item_id for one in found})
        return [replace(one, score=low - n * STEP, filler=True) for n, one in enumerate(found[:wanted])]

    def named(self, ids: Iterable[str], score: float) -> list[Recommendation]:
        """Those of the items that may be offered."""
        return self.offered(self._found(id, score) for id in ids)

    def first(self, condition: Filter, among: Iterable[Item]) -> str | None:
        """The item that a condition means: the first of those it keeps, else the most popular one."""
        found = next((item.item_id for item in among if condition.keeps(item)), None)
        if found is not None or self.scene.model is None:
            return found
        favourites = self.offered(_favourites(self.scene.model, self.wish.category))
        return next((one.item_id for one in favourites if self._item(one.item_id, condition) is not None), None)

    def offered(self, found: Iterable[Recommendation]) -> list[Recommendation]:
        """Those that may be in the list at all."""
        everything = list(found)
        self.scene.shelf.load(one.item_id for one in everything)
        return [one for one in everything if self._item(one.item_id) is not None]

    def _item(self, id: str, condition: Filter | None = None) -> Item | None:
        item = self.scene.shelf.item(id)
        if item is None or not self._fits(item) or (condition is not None and not condition.keeps(item)):
            return None
        return item

    def _fits(self, item: Item) -> bool:
        wish = self.wish
        if item.item_id in wish.leave or (wish.repeat is not None and wish.repeat is not (item.item_id in self.own)):
            return False
        within = wish.category is None or wish.category in agency.names(item.category)
        return within and self.scene.shelf.may_offer(item)

    def _wanted(self, pool: int) -> int:
        """How many the model is asked for."""
        wish = self.wish
        if self.scene.shelf.narrow or wish.category is not None:
            pool = wish.limit * WIDE
        if wish.repeat:
            pool = max(pool, len(self.own) + LEAST)
        return min(max(pool, LEAST) if wish.min_relevance > 0 else pool, MOST)

    def _habits(self, score: float = 1.0) -> list[Recommendation]:
        """The customer's own items, the most usual first."""
        own = habits.of_items(self.scene.context.history, self.own)
        return self.offered(
            self._found(one.item_id, score / (place + 1), evidence.last_bought(one, self.scene.day))
            for place, one in enumerate(own)
        )

    def _rest(self, model: Model, known: Collection[str]) -> list[Recommendation]:
        """What else there is in the catalogue, the more popular first; most catalogues are much larger than a list."""
        left = [
            item.item_id for item in self.scene.shelf.everything() if item.item_id not in known and self._fits(item)
        ]
        if len(left) > 1:
            ranking = {id: place for place, id in enumerate(model.popular(len(model.catalogue)).items)}
            left.sort(key=lambda id: (ranking.get(id, len(ranking)), id))
        return [self._found(id, 0.0, Reason(code="in_catalogue")) for id in left]

    def _found(self, id: str, score: float, *reasons: Reason) -> Recommendation:
        return Recommendation(item_id=id, score=score, repeat=id in self.own, reasons=reasons)


def joined(first: Sequence[Recommendation], then: Iterable[Recommendation]) -> list[Recommendation]:
    """Both, each item once."""
    known = {one.item_id for one in first}
    return [*first, *(one for one in then if one.item_id not in known)]


def behind(found: Sequence[Recommendation]) -> float:
    """A score just below all of those."""
    return min((one.score for one in found), default=0.0) - STEP


def relevance(found: Sequence[Recommendation]) -> list[float]:
    """How relevant each is, the best one 1; what only fills the list is 0, whatever its score.

    Scores may lie below 0; then the lowest of them counts as nothing.

    Examples
    --------
    >>> scored = [Recommendation(item_id=id, score=s, repeat=False, reasons=()) for id, s in (("a", 4.0), ("b", 1.0))]
    >>> relevance(scored), relevance([*scored, replace(scored[0], item_id="c", score=-2.0)])
    ([1.0, 0.25], [1.0, 0.5, 0.0])
    """
    reached = [one.score for one in found if not one.filler]
    low = min(0.0, *reached) if reached else 0.0
    span = max(reached, default=0.0) - low
    return [0.0 if one.filler or span <= 0 else (one.score - low) / span for one in found]


def _favourites(model: Model, category: str | None) -> list[Recommendation]:
    """What most customers buy, with the place each has as its reason."""
    among = {} if category is None else {"category": category}
    return [
        replace(one, reasons=(Reason(code="popular", params={"place": place, **among}),))
        for place, one in enumerate(model.popular(FIRST, category=category), start=1)
        if one.score > 0
    ]


def _unfounded(one: Recommendation) -> bool:
    return any(reason.code == "in_catalogue" for reason in one.reasons)
