"""Why an item is recommended: the evidence by name, with its facts."""

from __future__ import annotations

from math import floor

import numpy as np

from engine.domain.decisions import Reason
from engine.learn import als
from engine.learn.baskets import NextBasket
from engine.learn.catalogue import Catalogue
from engine.learn.past import Past

__all__ = ["POPULAR", "Reason", "goes_with", "of"]

RHYTHM = 3  # purchase days, from which there is one
NEAR = 0.05  # cosine, from which an item goes with another
POPULAR = (Reason(code="popular"),)


def of(code: int, own: bool, past: Past, model: NextBasket, catalogue: Catalogue) -> tuple[Reason, ...]:
    """For an item of the customer's own, its rhythm; for a new one, the source that speaks for it."""
    if own:
        return _own(code, past)
    nearest = _nearest(code, past, model)
    if nearest is not None:
        return goes_with(catalogue.items[nearest])
    if model.popularity.scores[code] > 0:
        return (Reason(code="popular", params={"place": int(model.popularity.places[code]) + 1}),)
    return (Reason(code="in_catalogue"),)


def goes_with(item_id: str) -> tuple[Reason, ...]:
    """Bought by those who buy that item."""
    return (Reason(code="goes_with", params={"item_id": item_id}),)


def _own(code: int, past: Past) -> tuple[Reason, ...]:
    ages = np.sort(past.ages[past.places == np.searchsorted(past.items, code)])
    days = np.unique(np.floor(ages))
    bought = Reason(code="bought_before", params={"times": len(days), "days_ago": floor(ages[0])})
    if len(days) < RHYTHM:
        return (bought,)
    return (Reason(code="buys_every", params={"days": round(float(np.median(np.diff(days))))}), bought)


def _nearest(code: int, past: Past, model: NextBasket) -> int | None:
    """The customer's own item that the new one goes with most, if any does."""
    others, nearness = model.neighbours.of(code)
    close = np.isin(others, past.items) & (nearness >= NEAR)
    if not close.any():
        return None
    weights = past.by_days(als.HALF_LIFE)[np.searchsorted(past.items, others[close])]
    return int(others[close][np.argmax(nearness[close] * weights)])
