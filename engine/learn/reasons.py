"""Why an item is recommended: the evidence by name, with its facts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.domain.decisions import Reason
from engine.learn.cases import Cases
from engine.learn.catalogue import Catalogue
from engine.learn.sources import Sources

__all__ = ["POPULAR", "Reason", "goes_with", "of_each"]

RHYTHM = 3  # purchases, from which there is one
NEAR = 0.05  # cosine, from which an item goes with another
POPULAR = (Reason(code="popular"),)


def of_each(
    codes: Sequence[int], cases: Cases, sources: Sources, catalogue: Catalogue
) -> tuple[tuple[Reason, ...], ...]:
    """For items and the one owner of ``cases``: of its own the rhythm; of a new one the source that names it."""
    items = cases.state.items
    if not len(items):
        return tuple(_new(code, cases, sources, catalogue) for code in codes)
    rows, own = items.find(np.array(codes, np.int64))
    ago = np.maximum(np.floor(cases.days[0] - items.last_day[rows]), 0.0)
    columns = (own, items.counts[rows], ago, items.last_day[rows] - items.first_day[rows])
    return tuple(
        _own(int(times), int(days_ago), span) if mine else _new(code, cases, sources, catalogue)
        for code, mine, times, days_ago, span in zip(codes, *(column.tolist() for column in columns), strict=True)
    )


def _new(code: int, cases: Cases, sources: Sources, catalogue: Catalogue) -> tuple[Reason, ...]:
    nearest = _nearest(code, cases, sources)
    if nearest is not None:
        return goes_with(catalogue.items[nearest])
    market = sources.market
    if code < market.n_items and market.popularity[code] > 0:
        return (Reason(code="popular", params={"place": int(market.places[code]) + 1}),)
    return (Reason(code="in_catalogue"),)


def goes_with(item_id: str) -> tuple[Reason, ...]:
    """Bought by those who buy that item."""
    return (Reason(code="goes_with", params={"item_id": item_id}),)


def _own(times: int, days_ago: int, span: float) -> tuple[Reason, ...]:
    """Of an item bought so many times, within ``span`` days from first to last."""
    bought = Reason(code="bought_before", params={"times": times, "days_ago": days_ago})
    days = round(span / (times - 1)) if times >= RHYTHM else 0
    return (Reason(code="buys_every", params={"days": days}), bought) if days > 0 else (bought,)


def _nearest(code: int, cases: Cases, sources: Sources) -> int | None:
    """The owner's own item that the new one goes with most, if any does."""
    if code >= sources.neighbours.n_items:
        return None
    others, nearness = sources.neighbours.of(code)
    rows, own = cases.state.items.find(others)
    close = own & (nearness >= NEAR)
    if not close.any():
        return None
    weights = cases.fondness[rows[close]]
    return int(others[close][np.argmax(nearness[close] * weights)])
