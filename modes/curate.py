"""Ranked options to choose from, with reasons and variety."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from engine.domain.context import Context
from engine.domain.decisions import Offer, Reason
from engine.domain.shopping import Item
from engine.learn.base import Forecast, Model, Recommendation
from modes import agency, habits
from modes.habits import Habit
from modes.scene import Scene
from modes.shelf import Shelf

OWN, OTHER = 3, 5  # options of a family: the customer's own, then what others take
VARIETY = 0.3
POOL, WIDE = 3, 20  # recommendations looked at for one that is shown; more where a condition leaves out much
MOST = 1_000


def of_family(family: str, forecast: Forecast | None, scene: Scene) -> tuple[Offer, ...]:
    """What there is of one family: the customer's own items first, then what most customers take."""
    own = habits.of_family(scene.context.history, family)[:OWN]
    popular = () if scene.model is None else scene.model.popular(OTHER, family=family).items
    items = scene.shelf.offered([*(habit.item_id for habit in own), *popular])
    known = {habit.item_id: habit for habit in own}
    return tuple(_option(n, item, known.get(item.item_id), forecast, scene) for n, item in enumerate(items))


def of_items(ids: Iterable[str], scene: Scene) -> tuple[Offer, ...]:
    """Those of the items that may be offered, the customer's own first, else in their order."""
    items = scene.shelf.offered(ids)
    own = {habit.item_id: habit for habit in habits.of_items(scene.context.history, {i.item_id for i in items})}
    items.sort(key=lambda item: -own[item.item_id].days if item.item_id in own else 0)
    return tuple(_option(n, item, own.get(item.item_id), None, scene) for n, item in enumerate(items))


def recommended(
    scene: Scene, limit: int, forecasts: Mapping[str, Forecast], leave: Collection[str] = ()
) -> tuple[Offer, ...]:
    """The next basket's likely items, best first, with variety over families."""
    model = scene.model
    if model is None or limit <= 0:
        return _own_only(scene, limit, leave)
    pool = min(limit * (WIDE if scene.shelf.narrow else POOL), MOST)
    found = model.recommend(scene.context.history, scene.day, pool, exclude=scene.shelf.excluded | set(leave))
    kept = _kept(found, scene.shelf)
    picked = varied(kept, scene.shelf, limit, VARIETY)
    return tuple(_offer(one, scene, forecasts) for one in picked)


def listed(
    context: Context,
    model: Model,
    scene_shelf: Shelf,
    now_day: float,
    limit: int,
    *,
    category: str | None = None,
    variety: float = 0.0,
    min_relevance: float = 0.0,
) -> tuple[Offer, ...]:
    """Plain recommendations, without a decision. ``context`` is reduced to what may be looked at.

    Parameters
    ----------
    category : its items only, or those below it
    variety : 0 the best first, 1 as many families as there are
    min_relevance : the least score, as a share of the best one's
    """
    narrow = category is not None or scene_shelf.narrow
    found = model.recommend(
        context.history, now_day, min(limit * (WIDE if narrow else POOL), MOST), exclude=scene_shelf.excluded
    )
    kept = _kept(found, scene_shelf)
    if category is not None:
        kept = [one for one in kept if category in agency.names(_category(one.item_id, scene_shelf))]
        kept += _filling(model, scene_shelf, category, limit, {one.item_id for one in kept})
    best = max((one.score for one in kept), default=0.0)
    kept = [one for one in kept if one.score >= min_relevance * best]
    return tuple(_plain(one, scene_shelf.item(one.item_id)) for one in varied(kept, scene_shelf, limit, variety))


def varied(found: Sequence[Recommendation], shelf: Shelf, limit: int, variety: float) -> list[Recommendation]:
    """Up to ``limit`` of them, taken one by one: relevance against how many of the family stand there already.

    At ``variety`` 0 the order stays; at 1 each family comes once before any comes twice (maximal marginal relevance).
    """
    if variety <= 0:
        return list(found[:limit])
    size = len(found)
    left, taken, picked = list(enumerate(found)), Counter[str](), list[Recommendation]()
    while left and len(picked) < limit:
        best = max(left, key=lambda one: (1 - variety) * (1 - one[0] / size) - variety * taken[_family(one[1], shelf)])
        left.remove(best)
        picked.append(best[1])
        taken[_family(best[1], shelf)] += 1
    return picked


def _own_only(scene: Scene, limit: int, leave: Collection[str]) -> tuple[Offer, ...]:
    """Without a model there is what the customer bought."""
    history = scene.context.history
    own = [h for h in habits.of_items(history, set(history.items)) if h.item_id not in leave]
    known = {habit.item_id: habit for habit in own}
    items = scene.shelf.offered(known)[: max(limit, 0)]
    return tuple(_option(n, item, known[item.item_id], None, scene) for n, item in enumerate(items))


def _kept(found: Iterable[Recommendation], shelf: Shelf) -> list[Recommendation]:
    everything = list(found)
    shelf.load(one.item_id for one in everything)
    offered = {item.item_id for item in shelf.offered(one.item_id for one in everything)}
    return [one for one in everything if one.item_id in offered]


def _filling(model: Model, shelf: Shelf, category: str, limit: int, have: set[str]) -> list[Recommendation]:
    """What most customers buy in the category, behind what is the customer's own."""
    return [one for one in _kept(model.popular(limit, category=category), shelf) if one.item_id not in have]


def _option(rank: int, item: Item, own: Habit | None, forecast: Forecast | None, scene: Scene) -> Offer:
    reasons = (
        list(_own_reasons(own, forecast, scene)) if own else [Reason(code="popular_in", params={"family": item.family})]
    )
    likely = forecast.probability if forecast is not None and forecast.item_id == item.item_id else None
    return Offer(
        item_id=item.item_id, score=1 / (rank + 1), probability=likely, price=item.price, reasons=tuple(reasons)
    )


def _own_reasons(own: Habit, forecast: Forecast | None, scene: Scene) -> Iterable[Reason]:
    if forecast is not None and forecast.item_id == own.item_id:
        yield Reason(
            code="buys_every", params={"days": round(forecast.evidence.median_gap_days), "family": forecast.family}
        )
    yield Reason(code="last_bought", params={"days": round(scene.day - own.last_day), "times": own.days})


def _offer(one: Recommendation, scene: Scene, forecasts: Mapping[str, Forecast]) -> Offer:
    item = scene.shelf.item(one.item_id)
    forecast = forecasts.get(item.family) if item is not None else None
    likely = forecast.probability if forecast is not None and forecast.item_id == one.item_id else None
    return Offer(
        item_id=one.item_id,
        score=one.score,
        probability=likely,
        price=None if item is None else item.price,
        reasons=one.reasons,
    )


def _plain(one: Recommendation, item: Item | None) -> Offer:
    return Offer(item_id=one.item_id, score=one.score, price=None if item is None else item.price, reasons=one.reasons)


def _family(one: Recommendation, shelf: Shelf) -> str:
    item = shelf.item(one.item_id)
    return one.item_id if item is None else item.family


def _category(item_id: str, shelf: Shelf) -> tuple[str, ...]:
    item = shelf.item(item_id)
    return () if item is None else item.category
