"""The table of accuracy: our engine beside its baselines, where nothing was fitted or tuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn import als
from engine.learn.accuracy import Accuracy, accuracy
from engine.learn.baskets import Blend, NextBasket
from engine.learn.lines import Split
from engine.learn.past import Past
from engine.learn.tuning import Case, cases

Ints = NDArray[np.int64]
DEPTH = 20  # of the lists that are judged
Progress = Callable[[int, int], None]
Ranker = Callable[[Past, bool], Ints]  # a past, and whether only new items are wanted -> codes, best first


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    method: str
    level: str  # item or family
    list: str  # all, or new: what the customer had not bought before
    accuracy: Accuracy


def compared(
    split: Split, blend: Blend, *, level: str, seed: int, progress: Progress = lambda done, total: None
) -> list[Row]:
    """Every method fitted on the past of a split and judged on its baskets."""
    if not len(split.past):
        return []
    model = NextBasket.fit(split.past, float(split.past.days.max()), blend=blend, seed=seed)
    return beside(model, split, level=level, progress=progress)


def beside(model: NextBasket, split: Split, *, level: str, progress: Progress = lambda done, total: None) -> list[Row]:
    """A model fitted on the past of a split, and its baselines, judged on the split's baskets."""
    meant = cases(split)
    rankers = _rankers(model, split)
    rows = []
    for place, (method, ranker) in enumerate(rankers.items()):
        for only_new in (False, True):
            found = judged(ranker, meant, only_new)
            if found is not None:
                rows.append(Row(method=method, level=level, list="new" if only_new else "all", accuracy=found))
        progress(place + 1, len(rankers))
    return rows


def judged(ranker: Ranker, meant: Sequence[Case], only_new: bool = False) -> Accuracy | None:
    """One method on the baskets that came; None where there are none."""
    hits, sizes = [], []
    for case in meant:
        basket = case.basket[~np.isin(case.basket, case.past.items)] if only_new else case.basket
        if len(basket):
            hits.append(np.isin(ranker(case.past, only_new)[:DEPTH], basket))
            sizes.append(len(basket))
    return accuracy(hits, sizes)


def ours(model: NextBasket) -> Ranker:
    """The engine's own ranking."""
    return lambda past, only_new: model.rank(past, DEPTH, only_new=only_new)[0]


def _rankers(model: NextBasket, split: Split) -> dict[str, Ranker]:
    counts = np.bincount(split.past.items, minlength=split.past.n_items).astype(float)
    share = counts / (counts.max(initial=0.0) + 1)
    return {
        "rapport": ours(model),
        "popular": lambda past, only_new: _top(counts, past, only_new),
        "popular, last weeks": lambda past, only_new: _top(model.popularity.scores, past, only_new),
        "personal": lambda past, only_new: _top(_bought(past, model.n_items), past, only_new),
        "personal, then popular": lambda past, only_new: _top(_bought(past, model.n_items) + share, past, only_new),
        "implicit als": lambda past, only_new: _top(_taste(model, past), past, only_new),
        "implicit item-item": lambda past, only_new: _top(_votes(model, past), past, only_new),
    }


def _bought(past: Past, n_items: int) -> NDArray[np.float64]:
    scores = np.zeros(n_items)
    scores[past.items] = past.decayed(np.ones(len(past.places)))
    return scores


def _taste(model: NextBasket, past: Past) -> NDArray[np.float64]:
    return model.als.scores(model.als.taste(past.items, past.by_days(als.HALF_LIFE))).astype(float)


def _votes(model: NextBasket, past: Past) -> NDArray[np.float64]:
    scores = np.zeros(model.n_items)
    others, votes = model.neighbours.votes(past.items, past.by_days(als.HALF_LIFE))
    scores[others] = votes
    return scores


def _top(scores: NDArray[np.float64], past: Past, only_new: bool) -> Ints:
    """The highest, of equals the lowest code; what scores nothing is not listed."""
    scores = scores.copy()
    if only_new:
        scores[past.items] = 0.0
    most = min(DEPTH, len(scores))
    found = np.argpartition(-scores, most - 1)[:most] if most else np.zeros(0, np.int64)
    found = found[scores[found] > 0]
    return found[np.lexsort((found, -scores[found]))].astype(np.int64)
