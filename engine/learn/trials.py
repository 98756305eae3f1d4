"""Which way of fitting tastes foresees best what customers take for the first time; asked where tastes are of use."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from engine.learn.als import Als, Factorize, Tasting
from engine.learn.cases import Cases, of_lines
from engine.learn.lines import Lines
from engine.learn.ranker import Enough, never

Ints = NDArray[np.int64]
MOST = 1_000  # customers that are asked
PART = 250  # of them at once, at the most
SCORES = 1 << 26  # that are looked at together, at the most
BEST = 10
FITS = 4  # of the way that is found; the mean of several finds more than each of them
FIRST = (
    Tasting(),
    *(
        Tasting(factors=factors, regularization=regularization, confidence=confidence, fading=False)
        for factors, regularization, confidence in product((16, 64), (0.05, 5.0), (1.0, 10.0))
    ),
)


def best(
    lines: Lines, customers: Ints, *, seed: int, factorize: Factorize | None = None, enough: Enough = never
) -> Tasting:
    """The one that finds most of the latest orders of some customers, fitted on what lay before everybody's.

    After one has been tried, ``enough`` ends it.

    Parameters
    ----------
    customers : codes, ascending, of whom a seeded sample is asked where there are many
    """
    if len(customers) > MOST:
        customers = np.sort(np.random.default_rng(seed).choice(customers, MOST, replace=False))
    latest = lines.from_the_end() == 1
    past = lines.take(~latest)
    day = float(past.days.max())
    own = np.arange(lines.n_items)  # families say nothing here
    cases = of_lines(past, customers, np.full(len(customers), day), own, lines.n_items)
    place = np.full(lines.n_customers, -1)
    place[customers] = np.arange(len(customers))
    came = lines.take(latest & (place[lines.customers] >= 0))
    wanted = np.unique(place[came.customers] * lines.n_items + came.items)
    wanted = wanted[~cases.state.items.find(wanted)[1]]

    def hits(tasting: Tasting) -> int:
        fitted = Als.fit(past, day, seed=seed, tasting=tasting, factorize=factorize)
        part = max(min(PART, SCORES // max(lines.n_items, 1)), 1)
        return sum(_hits(fitted, owners, some, wanted) for owners, some in cases.parts(part))

    found = {FIRST[0]: hits(FIRST[0])}
    for tasting in FIRST[1:]:
        if not enough():
            found[tasting] = hits(tasting)
    for tasting in _near(max(found, key=found.__getitem__)):
        if not enough():
            found[tasting] = hits(tasting)
    return replace(max(found, key=found.__getitem__), fits=FITS)


def _hits(fitted: Als, owners: Ints, cases: Cases, wanted: Ints) -> int:
    """How many of the keys stand among the ten that suit these owners best and are new to them."""
    tastes = fitted.tastes(cases)
    scores = tastes.values @ tastes.factors.T
    scores[cases.state.items.owners, cases.state.items.codes] = -np.inf
    ten = np.argpartition(-scores, min(BEST, scores.shape[1]) - 1, axis=1)[:, :BEST]
    return int(np.count_nonzero(np.isin((owners[:, None] * scores.shape[1] + ten).ravel(), wanted)))


def _near(one: Tasting) -> tuple[Tasting, ...]:
    """Half and twice of each of its numbers."""
    return (
        replace(one, factors=one.factors // 2),
        replace(one, factors=one.factors * 2),
        *(replace(one, regularization=one.regularization * times) for times in (0.3, 3.0)),
        *(replace(one, confidence=one.confidence * times) for times in (0.5, 2.0)),
    )
