"""Whether the parts of a model fit together: all of them speak of the same items, and no array is too short."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.learn import traits
from engine.learn.baskets import Learned, NextBasket
from engine.learn.calendar import SIZE
from engine.learn.catalogue import Catalogue
from engine.learn.demand import TRAITS
from engine.learn.features import NAMES
from engine.learn.personas.served import Kinds
from engine.learn.replenishment import Replenishment
from engine.learn.siblings import MOST
from engine.learn.sources import Sources
from engine.learn.spread import CLASSES

Ints = NDArray[np.int64]
Shape = tuple[int, ...]


def faults(
    catalogue: Catalogue, baskets: NextBasket, replenishment: Replenishment, kinds: Kinds | None = None
) -> list[str]:
    """Everything that does not fit, each in a few words; empty for a model that is whole."""
    n, sources = len(catalogue), baskets.sources
    shapes = (
        *_of_items(catalogue, sources, n),
        *_of_rankers(baskets.learned),
        *_of_families(replenishment),
        *(() if kinds is None else _of_kinds(kinds, n)),
    )
    codes = (
        ("families", catalogue.family_of, len(catalogue.families)),
        ("categories", catalogue.category_of, len(catalogue.categories)),
        ("ranking", sources.market.ranking, n),
        ("siblings", sources.market.siblings.items.astype(np.int64) + 1, n + 1),  # -1 where there are fewer
        ("neighbours", sources.neighbours.others, n),
    )
    return [
        *(f"{name}: shape {came}, expected {expected}" for name, came, expected in shapes if came != expected),
        *(f"{name}: codes beyond {most}" for name, found, most in codes if not _within(found, most)),
        *(["forecast: knots that do not rise"] if not _rising(replenishment) else []),
        *(["neighbours: places that fall"] if np.any(np.diff(sources.neighbours.starts) < 0) else []),
    ]


def _of_items(catalogue: Catalogue, sources: Sources, n: int) -> Iterator[tuple[str, Shape, Shape]]:
    """Names of arrays, with the shapes they have and should have for ``n`` items."""
    factors, market, families = sources.als.factors.shape[-1], sources.market, len(catalogue.families)
    starts, others = sources.neighbours.starts, sources.neighbours.others
    yield "families of items", catalogue.family_of.shape, (n,)
    yield "categories of items", catalogue.category_of.shape, (n,)
    yield "traits of items", market.items.shape, (n + 1, len(TRAITS))
    yield "traits of families", market.families.shape, (families + 1, len(TRAITS))
    yield "ranking", market.ranking.shape, (n,)
    yield "siblings", market.siblings.items.shape, (families, MOST)
    yield "shares of siblings", market.siblings.shares.shape, (families, MOST)
    yield "als", sources.als.factors.shape, (n, factors)
    yield "weighing of tastes", sources.als.weighing.shape, (2,)
    fits = max(len(sources.als.gram), 1)
    yield "gram", sources.als.gram.shape, (fits, factors // fits, factors // fits)
    near = sources.als.index
    if near is not None and near.index is not None:
        yield "index of tastes", (near.index.ntotal, near.index.d), (n, factors)
    yield "neighbours of items", starts.shape, (n + 1,)
    yield "neighbours", others.shape, (int(starts[-1]),)
    yield "nearness", sources.neighbours.nearness.shape, (int(starts[-1]),)


def _of_rankers(learned: Learned) -> Iterator[tuple[str, Shape, Shape]]:
    for name, ranker in (("ranking", learned.all), ("ranking of what is new", learned.new)):
        if ranker is not None:
            yield f"features of the {name}", (ranker.n_features,), (len(NAMES),)


def _of_families(replenishment: Replenishment) -> Iterator[tuple[str, Shape, Shape]]:
    families = (len(replenishment.families),)
    yield "rates", replenishment.rates.values.shape, (*families, len(traits.OF_FAMILIES))
    yield "spread", replenishment.spread.shape, (len(CLASSES) + 1,)
    yield "pairs alike", replenishment.like.shape, (10,)
    if replenishment.hazards is not None:
        yield "calendar", replenishment.hazards.calendar.weights.shape, (SIZE,)
        yield "traits of the forecast", (replenishment.hazards.features,), (len(traits.NAMES),)


def _of_kinds(kinds: Kinds, n: int) -> Iterator[tuple[str, Shape, Shape]]:
    found, k, d = kinds.personas, len(kinds.personas.ids), len(kinds.personas.features)
    yield "names of personas", (len(found.names),), (k,)
    yield "sizes of personas", found.sizes.shape, (k,)
    yield "weights of personas", found.mixture.weights.shape, (k,)
    yield "means of personas", found.mixture.means.shape, (k, d)
    yield "covariances of personas", found.mixture.covariances.shape, (k, d, d)
    yield "center of personas", found.center.shape, (d,)
    yield "scale of personas", found.scale.shape, (d,)
    yield "leanings of personas", kinds.leanings.lifts.shape, (k, n)


def _rising(replenishment: Replenishment) -> bool:
    """Whether the intervals of the forecast follow one another."""
    return replenishment.hazards is None or (
        len(replenishment.hazards.knots) > 0 and bool(np.all(np.diff(replenishment.hazards.ends) > 0))
    )


def _within(codes: Ints, n: int) -> bool:
    return not len(codes) or (int(codes.min()) >= 0 and int(codes.max()) < n)
