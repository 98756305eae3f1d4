"""Ranked options to choose from, with reasons and variety."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.domain.decisions import Offer, Reason
from engine.domain.shopping import Item
from engine.learn.base import Forecast
from modes import evidence, habits, listing
from modes.candidates import Wish
from modes.habits import Habit
from modes.scene import Scene

OWN, OTHER = 3, 5  # options of a family: the customer's own, then what others take
VARIETY = 0.3


def of_family(family: str, forecast: Forecast | None, scene: Scene) -> tuple[Offer, ...]:
    """What there is of one family: the customer's own items first, then what most customers take."""
    own = scene.habits(family)[:OWN]
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
    return listing.made(Wish(limit=limit, variety=VARIETY, leave=frozenset(leave)), scene, forecasts)


def _option(rank: int, item: Item, own: Habit | None, forecast: Forecast | None, scene: Scene) -> Offer:
    reasons = (
        list(_own_reasons(own, forecast, scene)) if own else [Reason(code="popular_in", params={"family": item.family})]
    )
    likely = forecast.probability if forecast is not None and forecast.item_id == item.item_id else None
    return Offer(
        item_id=item.item_id,
        score=1 / (rank + 1),
        probability=likely,
        price=item.price,
        reasons=evidence.worded(reasons, scene.shelf.name, scene.words),
    )


def _own_reasons(own: Habit, forecast: Forecast | None, scene: Scene) -> Iterable[Reason]:
    if forecast is not None and forecast.item_id == own.item_id:
        yield Reason(
            code="buys_every", params={"days": round(forecast.evidence.median_gap_days), "family": forecast.family}
        )
    yield evidence.last_bought(own, scene.day)
