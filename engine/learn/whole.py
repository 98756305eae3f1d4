"""Whether the parts of a model fit together: all of them speak of the same items, and no array is too short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.learn.baskets import NextBasket
from engine.learn.calendar import SIZE
from engine.learn.catalogue import Catalogue
from engine.learn.replenishment import CLASSES, Replenishment
from engine.learn.traits import NAMES, OF_FAMILIES

Ints = NDArray[np.int64]
Shape = tuple[int, ...]


def faults(catalogue: Catalogue, baskets: NextBasket, replenishment: Replenishment) -> list[str]:
    """Everything that does not fit, each in a few words; empty for a model that is whole."""
    n = len(catalogue)
    shapes = (*_of_items(catalogue, baskets, n), *_of_families(replenishment))
    codes = (
        ("families", catalogue.family_of, len(catalogue.families)),
        ("categories", catalogue.category_of, len(catalogue.categories)),
        ("ranking", baskets.popularity.ranking, n),
        ("neighbours", baskets.neighbours.others, n),
    )
    return [
        *(f"{name}: shape {came}, expected {expected}" for name, came, expected in shapes if came != expected),
        *(f"{name}: codes beyond {most}" for name, found, most in codes if not _within(found, most)),
        *(["forecast: knots that do not rise"] if not _rising(replenishment) else []),
        *(["neighbours: places that fall"] if np.any(np.diff(baskets.neighbours.starts) < 0) else []),
    ]


def _of_items(catalogue: Catalogue, baskets: NextBasket, n: int) -> Iterator[tuple[str, Shape, Shape]]:
    """Names of arrays, with the shapes they have and should have for ``n`` items."""
    factors = baskets.als.factors.shape[-1]
    starts, others = baskets.neighbours.starts, baskets.neighbours.others
    yield "families of items", catalogue.family_of.shape, (n,)
    yield "categories of items", catalogue.category_of.shape, (n,)
    yield "popularity", baskets.popularity.scores.shape, (n,)
    yield "ranking", baskets.popularity.ranking.shape, (n,)
    yield "repeat", baskets.repeat.rates.shape, (n,)
    yield "als", baskets.als.factors.shape, (n, factors)
    yield "gram", baskets.als.gram.shape, (factors, factors)
    yield "neighbours of items", starts.shape, (n + 1,)
    yield "neighbours", others.shape, (int(starts[-1]),)
    yield "nearness", baskets.neighbours.nearness.shape, (int(starts[-1]),)


def _of_families(replenishment: Replenishment) -> Iterator[tuple[str, Shape, Shape]]:
    families = (len(replenishment.families),)
    yield "rates", replenishment.rates.values.shape, (*families, len(OF_FAMILIES))
    yield "spread", replenishment.spread.shape, (len(CLASSES) + 1,)
    yield "pairs alike", replenishment.like.shape, (10,)
    if replenishment.hazards is not None:
        yield "calendar", replenishment.hazards.calendar.weights.shape, (SIZE,)
        yield "traits of the forecast", (replenishment.hazards.features,), (len(NAMES),)


def _rising(replenishment: Replenishment) -> bool:
    """Whether the intervals of the forecast follow one another."""
    return replenishment.hazards is None or (
        len(replenishment.hazards.knots) > 0 and bool(np.all(np.diff(replenishment.hazards.ends) > 0))
    )


def _within(codes: Ints, n: int) -> bool:
    return not len(codes) or (int(codes.min()) >= 0 and int(codes.max()) < n)
