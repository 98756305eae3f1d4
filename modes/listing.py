"""One list of recommendations, from its candidates to what is put before the customer.

The model's ranking gives every item a place, and the place its relevance: 1 for the first, 1/2 for the second. Interest
adds to it, boosts and rest multiply it, so that none of them depends on the scale of a model's scores. What may not be
offered is out before all of that, and nothing brings it back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from engine.domain.decisions import Offer, Reason
from engine.domain.placements import Placement, PlacementKind
from engine.domain.shopping import Item
from engine.learn.base import Forecast, Recommendation, Sought
from modes import evidence, interest, placing, rotation
from modes.candidates import MOST, Source, Wish, behind, joined, relevance
from modes.interest import Interest
from modes.scene import Scene
from modes.variety import varied

__all__ = ["Standing", "Wish", "made"]

POOL = 3  # candidates weighed for one that is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One item of a list with everything that moves it."""

    found: Recommendation
    item: Item
    place: int  # in the ranking, from 1
    interest: float = 0.0
    boost: float = 1.0
    rest: float = 1.0
    reasons: tuple[Reason, ...] = ()

    @property
    def merit(self) -> float:
        """What it is ordered by. What speaks against an item is not lessened by a boost."""
        plain = 1.0 / self.place + self.interest
        return plain * self.boost * self.rest if plain > 0 else plain


def made(wish: Wish, scene: Scene, forecasts: Mapping[str, Forecast] | None = None) -> tuple[Offer, ...]:
    """The offers of a list, best first; fewer than wanted where no more may be offered.

    The scores are those of the model, in falling order: where something moved an item, it has the score of its place.

    Parameters
    ----------
    forecasts : by family; their probabilities go with the offers
    """
    if wish.limit <= 0:
        return ()
    picked = _picked(wish, scene)
    scene.shelf.load(str(why.params["item_id"]) for one in picked for why in one.reasons if "item_id" in why.params)
    scores = sorted((one.found.score for one in picked), reverse=True)
    return tuple(_offer(one, score, scene, forecasts or {}) for one, score in zip(picked, scores, strict=True))


def _picked(wish: Wish, scene: Scene) -> list[Standing]:
    source, boosts = Source.of(wish, scene), placing.live(scene, PlacementKind.BOOST)
    interests = interest.interests(scene)
    pool = min(wish.limit * max(POOL, *(ceil(one.factor or 1.0) for one in boosts), 0), MOST)
    ranked = _relevant(_candidates(source, interests, pool), interests, wish.min_relevance)
    if wish.min_relevance <= 0:
        ranked += source.more(ranked, wish.limit - len(ranked))
    standing = _weighed(ranked, interests, boosts, scene)
    pinned = _pinned(standing, source)
    held = {one.item.item_id for one in pinned.values()}
    free = [one for one in standing if one.item.item_id not in held][:pool]
    return _merged(varied(free, lambda one: one.item.family, wish.limit, wish.variety), pinned, wish.limit)


def _candidates(source: Source, interests: Mapping[str, Interest], pool: int) -> list[Recommendation]:
    """The ranking, then what lately's events speak for, then what only fills the list."""
    ranked = source.ranked(pool)
    reached = [one for one in ranked if not one.filler]
    wanted = sorted((-one.amount, id) for id, one in interests.items() if one.amount > 0)
    return joined(joined(reached, source.named((id for _, id in wanted), behind(reached))), ranked)


def _relevant(found: list[Recommendation], interests: Mapping[str, Interest], least: float) -> list[Recommendation]:
    """Those that are relevant enough; interest is relevance of its own."""
    if least <= 0:
        return found
    amounts = {id: one.amount for id, one in interests.items()}
    shares = zip(found, relevance(found), strict=True)
    return [one for one, share in shares if max(share, amounts.get(one.item_id, 0.0)) >= least]


def _weighed(
    found: Sequence[Recommendation], interests: Mapping[str, Interest], boosts: Sequence[Placement], scene: Scene
) -> list[Standing]:
    """Everything that moves each item, the highest merit first, of equals the one ranked before."""
    rests = _rests(found, scene)
    standing = []
    for place, one in enumerate(found, start=1):
        item = scene.shelf.item(one.item_id)
        assert item is not None  # what is not there was left out
        lately, (factor, wishes) = interests.get(one.item_id), placing.boost(item, boosts)
        why = () if lately is None or lately.reason is None else (lately.reason,)
        standing.append(
            Standing(
                found=one,
                item=item,
                place=place,
                interest=0.0 if lately is None else lately.amount,
                boost=factor,
                rest=rests.get(one.item_id, 1.0),
                reasons=(*why, *one.reasons, *map(_placed, wishes)),
            )
        )
    return sorted(standing, key=lambda one: (-one.merit, one.place))


def _rests(found: Sequence[Recommendation], scene: Scene) -> Mapping[str, float]:
    """What was shown lately and left rests, but for what is due."""
    rests = rotation.rests(scene.context, scene.now, scene.policy.rotation) if scene.rotates else {}
    if not any(one.item_id in rests for one in found):
        return {}
    due = _due(scene)
    families = {id: item.family for id in rests if (item := scene.shelf.item(id)) is not None}
    return {id: factor for id, factor in rests.items() if families.get(id) not in due}


def _due(scene: Scene) -> Collection[str]:
    """The families that the customer likely needs now."""
    if scene.model is None or not len(scene.context.history):
        return ()
    found = scene.model.rhythms(scene.context.history, scene.day, Sought(least=scene.policy.min_probability, due=True))
    return {one.need.family for one in found}


def _pinned(standing: Sequence[Standing], source: Source) -> dict[int, Standing]:
    """Place -> what operators pinned there, as far as it may be offered."""
    pins = placing.live(source.scene, PlacementKind.PIN)
    if not pins:
        return {}
    known = {one.item.item_id: one for one in standing}
    low = behind([one.found for one in standing])
    pinned: dict[int, Standing] = {}
    chosen = placing.pins(
        pins,
        source.wish.limit,
        search=lambda condition: source.first(condition, (one.item for one in standing)),
        may=lambda id: bool(source.named([id], low)),
    )
    for place, id, placement in chosen:
        one = known.get(id) or _unranked(id, len(standing) + 1, low, source)
        pinned[place] = Standing(
            found=one.found, item=one.item, place=one.place, reasons=(_placed(placement), *one.reasons)
        )
    return pinned


def _unranked(id: str, place: int, score: float, source: Source) -> Standing:
    (found,) = source.named([id], score)
    item = source.scene.shelf.item(id)
    assert item is not None  # it may be offered
    return Standing(found=found, item=item, place=place)


def _merged(chosen: Sequence[Standing], pinned: Mapping[int, Standing], limit: int) -> list[Standing]:
    """The list with what is pinned at its places, or at the end of a list that is shorter."""
    left, held, found = list(chosen), dict(sorted(pinned.items())), list[Standing]()
    while len(found) < limit and (left or held):
        place = len(found) + 1
        if place not in held and left:
            found.append(left.pop(0))
        else:
            found.append(held.pop(place if place in held else min(held)))
    return found


def _placed(placement: Placement) -> Reason:
    return Reason(code="placed", params={"placement": placement.placement_id, "kind": placement.kind.value})


def _offer(one: Standing, score: float, scene: Scene, forecasts: Mapping[str, Forecast]) -> Offer:
    forecast = forecasts.get(one.item.family)
    likely = forecast.probability if forecast is not None and forecast.item_id == one.item.item_id else None
    return Offer(
        item_id=one.item.item_id,
        score=score,
        probability=likely,
        price=one.item.price,
        reasons=evidence.worded(one.reasons, scene.shelf.name, scene.words),
    )
