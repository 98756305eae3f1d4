"""The blend of the next basket's sources, found on baskets that came before those it is judged on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.learn.baskets import Blend, Candidates, NextBasket, mixed, total
from engine.learn.lines import Split
from engine.learn.past import Past

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

GRID: dict[str, tuple[float, ...]] = {
    "popular": (0.5, 1.0, 1.5, 2.0, 3.0),
    "repeat_power": (0.0, 0.5, 1.0),
    "taste": (0.0, 1.0, 2.0, 4.0),
    "votes": (0.0, 1.0, 3.0, 6.0),
    "half_life_days": (60.0, 120.0, 240.0),
    "half_life_orders": (10.0, 20.0, 40.0),
}
NEW_GRID: dict[str, tuple[float, ...]] = {"new_taste": (0.0, 1.0, 2.0, 4.0), "new_votes": (0.0, 1.0, 3.0, 6.0)}
ROUNDS = 2
POOL = 60


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Case:
    """One customer's past, and what the basket to be foreseen held."""

    past: Past
    day: float
    basket: Ints  # codes


def cases(split: Split) -> list[Case]:
    """One for each customer whose basket is to be foreseen."""
    past, future = split.past, split.future
    before = dict(past.each())
    found = []
    for customer, where in future.each():
        own = before.get(customer)
        if own is not None:
            day = float(future.days[where.start])
            seen = Past.of(past.items[own], past.orders[own], past.days[own], day)
            found.append(Case(past=seen, day=day, basket=np.unique(future.items[where])))
    return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """The candidates of many cases, one after another; arrays of shape (n,)."""

    owners: Ints  # number of the case
    found: Candidates
    days: dict[float, Floats]  # half-life -> decayed own purchases
    orders: dict[float, Floats]
    bought: NDArray[np.bool_]
    sizes: Floats  # of shape (n_cases,), items in each basket
    new_sizes: Floats  # of them new to the customer


def tune(model: NextBasket, split: Split, progress: Progress = lambda done, total: None) -> Blend:
    """The blend of the best recall@10 on the baskets of a split whose past ``model`` was fitted on.

    One weight after another is tried over its grid, twice; then those of the list of new items by themselves.
    """
    table = _table(model, cases(split), progress)
    if not len(table.sizes):
        return model.blend
    blend = _climbed(model.blend, GRID, lambda blend: _recall(_all_scores(table, blend), table, table.sizes))
    return _climbed(blend, NEW_GRID, lambda blend: _recall(_new_scores(table, blend), table, table.new_sizes))


def _climbed(blend: Blend, grid: dict[str, tuple[float, ...]], worth: Callable[[Blend], float]) -> Blend:
    best, tried = worth(blend), {blend}
    for _ in range(ROUNDS):
        for name, values in grid.items():
            for value in values:
                other = replace(blend, **{name: value})
                if other not in tried:
                    tried.add(other)
                    reached = worth(other)
                    if reached > best + 1e-6:
                        best, blend = reached, other
    return blend


def _table(model: NextBasket, all: Sequence[Case], progress: Progress) -> Table:
    parts = []
    for number, case in enumerate(all):
        parts.append(model.candidates(case.past, POOL))
        progress(number + 1, len(all))
    lengths = [len(part.items) for part in parts]
    owners = np.repeat(np.arange(len(parts)), lengths)
    bought = [np.isin(part.items, case.basket) for part, case in zip(parts, all, strict=True)]
    return Table(
        owners=owners,
        found=_joined(parts),
        days={h: _own(parts, [case.past.by_days(h) for case in all]) for h in GRID["half_life_days"]},
        orders={h: _own(parts, [case.past.by_orders(h) for case in all]) for h in GRID["half_life_orders"]},
        bought=np.concatenate(bought) if bought else np.zeros(0, bool),
        sizes=np.array([len(case.basket) for case in all], float),
        new_sizes=np.array([np.count_nonzero(~np.isin(case.basket, case.past.items)) for case in all], float),
    )


def _joined(parts: Sequence[Candidates]) -> Candidates:
    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0)

    return Candidates(
        items=column("items").astype(np.int64),
        own=column("own").astype(bool),
        rate=column("rate"),
        popular=column("popular"),
        taste=column("taste"),
        votes=column("votes"),
    )


def _own(parts: Sequence[Candidates], values: Sequence[Floats]) -> Floats:
    """The customers' own counts in the places of their candidates."""
    found = []
    for part, value in zip(parts, values, strict=True):
        column = np.zeros(len(part.items))
        column[part.own] = value
        found.append(column)
    return np.concatenate(found) if found else np.zeros(0)


def _all_scores(table: Table, blend: Blend) -> Floats:
    own = mixed(table.days[blend.half_life_days], table.orders[blend.half_life_orders])
    return total(table.found, own, blend)


def _new_scores(table: Table, blend: Blend) -> Floats:
    found = table.found
    scores = found.popular + blend.new_taste * found.taste + blend.new_votes * found.votes
    return np.where(found.own, -np.inf, scores)


def _recall(scores: Floats, table: Table, sizes: Floats) -> float:
    """Mean recall@10 over the cases with something to be found."""
    order = np.lexsort((-scores, table.owners))
    owners = table.owners[order]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    rank = np.arange(len(owners)) - np.repeat(starts, np.diff(np.append(starts, len(owners))))
    counted = (rank < 10) & table.bought[order] & np.isfinite(scores[order])
    hits = np.bincount(owners[counted], minlength=len(sizes))
    meant = sizes > 0
    return float((hits[meant] / sizes[meant]).mean()) if meant.any() else 0.0
