"""How to rank, learned from baskets that came: each customer's latest, foreseen from what lay before them.

The latest basket of each customer decides when to stop growing trees and whether they are better than the plain sum;
the baskets before it are what the trees are grown on. Nothing is told of a candidate that was not known when its basket
came: sales are counted up to that day, and neighbours and tastes are found without all of these baskets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.learn.baskets import Learned, plain
from engine.learn.cases import Cases
from engine.learn.features import features
from engine.learn.lines import Lines
from engine.learn.market import Market, known_by, market_days, markets
from engine.learn.ranker import Lists, Ranker
from engine.learn.sources import Sources
from engine.learn.state import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Say = Callable[[str, int, int], None]

BASKETS = 8  # of each customer, that trees are grown on
MOST = 24_000  # baskets altogether; of more customers a sample is taken
LEAST = 200  # baskets, without which nothing is learned
NOVEL = 0.7  # share of what is bought that is new to the customer, above which tastes propose for the whole list


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Labelled:
    """Cases with the basket that came."""

    cases: Cases
    baskets: Ints  # keys owner * n_items + item, ascending


def labelled(
    lines: Lines, backs: Sequence[int], customers: Ints, family_of: Ints, n_families: int
) -> Iterator[Labelled]:
    """For each of ``backs``, the earliest basket first: everybody's basket so far back, and what lay before it.

    Parameters
    ----------
    backs : falling by one, 1 is each customer's latest order
    customers : those that are looked at, ascending
    """
    place = np.full(lines.n_customers, -1)
    place[customers] = np.arange(len(customers))
    some = lines.take(place[lines.customers] >= 0)
    back, owners, numbers = some.from_the_end(), place[some.customers], some.numbers()

    def state(kept: Bools) -> State:
        codes = some.items[kept]
        return State.of(
            owners[kept],
            codes,
            family_of[codes],
            numbers[kept],
            some.days[kept],
            n_owners=len(customers),
            n_items=lines.n_items,
            n_families=n_families,
        )

    known = state(back > backs[0])
    for one in backs:
        came = back == one
        days = np.zeros(len(customers))
        days[owners[came]] = some.days[came]
        meant = np.flatnonzero((np.bincount(owners[came], minlength=len(customers)) > 0) & (known.visits.orders > 0))
        new = np.full(len(customers), -1)
        new[meant] = np.arange(len(meant))
        held = came & (new[owners] >= 0)
        yield Labelled(
            cases=Cases(state=known.take(meant), days=days[meant], family_of=family_of),
            baskets=np.unique(new[owners[held]] * lines.n_items + some.items[held]),
        )
        known = known + state(came)


def learned(
    lines: Lines, family_of: Ints, n_families: int, *, seed: int, say: Say = lambda stage, done, total: None
) -> Learned:
    """Rankers for both lists from what ``lines`` hold; the plain sums where these are no worse."""
    customers = _sampled(lines, seed)
    backs = list(range(BASKETS + 1, 0, -1))
    say("knowing each day", 0, 1)
    latest = lines.from_the_end() <= BASKETS + 1
    before = lines.take(~latest)
    if np.count_nonzero(latest) == 0 or not len(before) or len(customers) * BASKETS < LEAST:
        return Learned()
    days = market_days(lines.days[latest], lines.n_items)
    found = markets(lines, family_of, n_families, days)
    taste = _new_share(lines) > NOVEL
    base = Sources.fit(before, family_of, n_families, float(before.days.max()), seed=seed)
    lists: dict[bool, list[list[Lists]]] = {False: [], True: []}  # a list of parts for each basket back
    for done, one in enumerate(labelled(lines, backs, customers, family_of, n_families)):
        say("looking at earlier baskets", done, len(backs))
        for only_new, parts in _lists(one, found, base, Learned(taste=taste)).items():
            lists[only_new].append(parts)
    rankers = {}
    for only_new in (False, True):
        *earlier, latest_ones = lists.pop(only_new)
        growing, held = _together([part for parts in earlier for part in parts]), _together(latest_ones)
        stage = "learning to rank what is new" if only_new else "learning to rank"
        telling = partial(say, stage)
        ranker = Ranker.fit(growing, held, seed=seed, sparse=only_new, progress=telling)
        better = ranker is not None and _worth(held, ranker.scores(held.features)) >= _worth(held, plain(held.features))
        rankers[only_new] = ranker if better else None
    return Learned(all=rankers[False], new=rankers[True], taste=taste)


def _new_share(lines: Lines) -> float:
    """The share of all lines by which a customer buys something for the first time."""
    pairs = len(np.unique(lines.customers * lines.n_items + lines.items))
    return pairs / max(len(lines), 1)


def _sampled(lines: Lines, seed: int) -> Ints:
    """Customers with at least two orders, as many as the baskets allow."""
    back = lines.from_the_end()
    found = np.unique(lines.customers[back >= 2])
    most = max(MOST // (BASKETS + 1), 1)
    if len(found) <= most:
        return found
    return np.sort(np.random.default_rng(seed).choice(found, most, replace=False))


def _lists(one: Labelled, found: Sequence[Market], base: Sources, learned: Learned) -> dict[bool, list[Lists]]:
    """The candidates of every case for both lists, seen with what was known by its day."""
    known = known_by(found, one.cases.days)
    parts: dict[bool, list[Lists]] = {False: [], True: []}
    for place in np.unique(known).tolist():
        numbers = np.flatnonzero(known == place)
        some = one.cases.take(numbers)
        sources = replace(base, market=found[place])
        for only_new, lists in parts.items():
            proposed = sources.found(some, learned.pools(only_new), only_new=only_new)
            owners = numbers[proposed.owners]
            lists.append(
                Lists(
                    features=features(some, proposed, sources.market),
                    owners=owners,
                    bought=_among(owners * some.n_items + proposed.items, one.baskets),
                ).worthwhile()
            )
    return parts


def _among(keys: Ints, baskets: Ints) -> Bools:
    """Whether each key is one of those, which ascend."""
    found: Bools = baskets[np.minimum(np.searchsorted(baskets, keys), len(baskets) - 1)] == keys
    return found


def _together(lists: Sequence[Lists]) -> Lists:
    """One after another, numbered anew."""
    owners = [np.cumsum(np.diff(one.owners, prepend=-1) != 0) - 1 for one in lists]
    firsts = np.cumsum([0, *(int(one[-1]) + 1 if len(one) else 0 for one in owners)])
    return Lists(
        features=np.concatenate([one.features for one in lists]),
        owners=np.concatenate([first + one for first, one in zip(firsts, owners, strict=False)]),
        bought=np.concatenate([one.bought for one in lists]),
    )


def _worth(lists: Lists, scores: Floats) -> float:
    """Mean share of what could be found that stands among the first ten."""
    order = np.lexsort((-scores, lists.owners))
    owners = lists.owners[order] - lists.owners[0] if len(lists) else lists.owners
    begins = np.flatnonzero(np.diff(owners, prepend=-1))
    place = np.arange(len(owners)) - np.repeat(begins, np.diff(np.append(begins, len(owners))))
    bought = lists.bought[order]
    all, ten = np.bincount(owners, bought), np.bincount(owners, bought & (place < 10))
    return float((ten[all > 0] / all[all > 0]).mean()) if np.any(all > 0) else 0.0
