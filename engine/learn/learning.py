"""How to rank, learned from baskets that came: each customer's latest, foreseen from what lay before them.

The latest baskets of some customers decide when to stop growing trees and whether they are better than the plain sum;
all other baskets are what the trees are grown on, with all that was bought of the candidates and a sample of the rest.
The owner's own purchases and all sales are counted up to the day of a basket. Neighbours and tastes are found once,
from what lay before all of these baskets; of another customer, who shops less often, that may be later than the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.learn.als import Factorize
from engine.learn.baskets import Learned
from engine.learn.cases import Cases
from engine.learn.features import features
from engine.learn.lines import Lines
from engine.learn.market import Market, known_by, market_days, markets
from engine.learn.ranker import Enough, Lists, Ranker, never, worthwhile
from engine.learn.runs import begins, changes
from engine.learn.sources import Sources
from engine.learn.state import State
from engine.learn.trials import best

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Say = Callable[[str, int, int], None]

BASKETS = 11  # of each customer, that are looked at
MOST = 26_000  # baskets altogether; of more customers a sample is taken
HELD = 0.2  # share of the customers whose latest baskets are held back from growing
SURE = 200  # customers, to be held back of few
REST = {False: 0.35, True: 0.5}  # share of the candidates that were not bought, that trees are grown on, by list
LEAST = 200  # baskets, without which nothing is learned
HISTORY = 3  # orders that a customer has for each basket that is looked at, by the median customer
NOVEL = 0.7  # share of what is bought that is new to the customer, above which tastes propose items
HEARD = (64.0, 16.0, 4.0, 1.0, 0.0)  # what a taste may count beside the score of the trees
DOUBT = 2.0  # standard errors by which trees must find less than the plain sum, to be left out
NEVER = 0.99  # share above which nothing is taken to be bought again


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Labelled:
    """Cases with the basket that came."""

    cases: Cases
    baskets: Ints  # keys owner * n_items + item, ascending

    def wanted(self, only_new: bool) -> Ints:
        """Those keys, or those alone that the owner had not bought before."""
        return self.baskets[~self.cases.state.items.find(self.baskets)[1]] if only_new else self.baskets

    def sizes(self, only_new: bool) -> Ints:
        """How many that is for each owner, shape (n_owners,)."""
        return np.bincount(self.wanted(only_new) // self.cases.n_items, minlength=len(self.cases))


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
    lines: Lines,
    family_of: Ints,
    n_families: int,
    *,
    seed: int,
    factorize: Factorize | None = None,
    enough: Enough = never,
    say: Say = lambda stage, done, total: None,
) -> Learned:
    """Rankers for both lists from what ``lines`` hold; the plain sums where these find more.

    ``enough`` ends the search for settings: the trying of tastes, and the growing of trees.
    """
    most = _baskets(lines)
    customers = _sampled(lines, most, seed)
    backs = list(range(most, 0, -1))
    say("knowing each day", 0, 1)
    latest = lines.from_the_end() <= most
    before = lines.take(~latest)
    if np.count_nonzero(latest) == 0 or not len(before) or len(customers) * most < LEAST:
        return Learned()
    days = market_days(lines.days[latest], lines.n_items, n_families)
    found = markets(lines, family_of, n_families, days)
    new = _new_share(lines)
    plan = Learned(taste=new > NOVEL, again=new <= NEVER)
    if plan.taste:
        say("trying tastes", 0, 1)
        plan = replace(plan, tasting=best(lines, customers, seed=seed, factorize=factorize, enough=enough))
    base = Sources.fit(
        before,
        family_of,
        n_families,
        float(before.days.max()),
        seed=seed,
        tasting=plan.tasting,
        factorize=factorize,
    )
    growing: dict[bool, list[Lists]] = {False: [], True: []}
    holding: dict[bool, list[Lists]] = {False: [], True: []}
    rng = np.random.default_rng(seed)
    for back, one in zip(backs, labelled(lines, backs, customers, family_of, n_families), strict=True):
        say("looking at earlier baskets", len(backs) - back, len(backs))
        aside = _held(len(one.cases), rng) if back == 1 else np.zeros(len(one.cases), bool)
        for only_new, parts in _lists(one, found, base, plan, aside, rng).items():
            growing[only_new] += [part.of(~aside) for part in parts]
            holding[only_new] += [part.of(aside) for part in parts]
    held: dict[bool, Lists] = {}
    for only_new in (False, True):
        grown, held[only_new] = _together(growing.pop(only_new)), _together(holding.pop(only_new))
        telling = partial(say, "learning to rank what is new" if only_new else "learning to rank")
        ranker = Ranker.fit(grown, held[only_new], seed=seed, sparse=only_new, progress=telling, enough=enough)
        other = replace(plan, new=ranker) if only_new else replace(plan, all=ranker)
        plan = _better(plan, other, held[only_new], only_new)
    return _heard(plan, held[True]) if plan.taste else plan


def _better(one: Learned, other: Learned, held: Lists, only_new: bool) -> Learned:
    """The other, unless it finds clearly less on the lists held back: some hundreds of them, that swing much."""
    gains = _recalls(held, other, only_new) - _recalls(held, one, only_new)
    if not len(gains):
        return other
    return one if gains.sum() < -DOUBT * gains.std() * np.sqrt(len(gains)) else other


def _heard(plan: Learned, held: Lists) -> Learned:
    """With tastes almost alone, or less of them where that finds more by a standard error."""
    first, *others = (replace(plan, heard=heard) for heard in HEARD)
    for other in others if len(held) else ():
        gains = _recalls(held, other, True) - _recalls(held, first, True)
        if gains.mean() > gains.std() / np.sqrt(len(gains)):
            first = other
    return first


def _new_share(lines: Lines) -> float:
    """The share of all lines by which a customer buys something for the first time."""
    pairs = len(np.unique(lines.customers * lines.n_items + lines.items))
    return pairs / max(len(lines), 1)


def _baskets(lines: Lines) -> int:
    """How many baskets of each customer are looked at; what lies before them is left to know the customer by."""
    _, orders = np.unique(lines.customers[changes(lines.orders)], return_counts=True)
    return int(np.clip(np.median(orders) // HISTORY, 1, BASKETS)) if len(orders) else 1


def _sampled(lines: Lines, baskets: int, seed: int) -> Ints:
    """Customers with at least two orders, as many as so many baskets of each allow."""
    back = lines.from_the_end()
    found = np.unique(lines.customers[back >= 2])
    most = max(MOST // baskets, 1)
    if len(found) <= most:
        return found
    return np.sort(np.random.default_rng(seed).choice(found, most, replace=False))


def _held(n: int, rng: np.random.Generator) -> Bools:
    """Which of ``n`` customers are held back: a fifth, and more of few."""
    aside = np.zeros(n, bool)
    aside[rng.permutation(n)[: max(round(HELD * n), min(SURE, n // 2))]] = True
    return aside


def _lists(
    one: Labelled, found: Sequence[Market], base: Sources, learned: Learned, whole: Bools, rng: np.random.Generator
) -> dict[bool, list[Lists]]:
    """The candidates of every case for both lists, seen with what was known by its day.

    All of them of the cases that ``whole`` names; of the others a sample of those that were not bought.
    """
    known = known_by(found, one.cases.days)
    sizes = {only_new: one.sizes(only_new) for only_new in (False, True)}
    parts: dict[bool, list[Lists]] = {False: [], True: []}
    for place in np.unique(known).tolist():
        numbers = np.flatnonzero(known == place)
        some = one.cases.take(numbers)
        sources = replace(base, market=found[place])
        votes = sources.votes(some)
        for only_new, lists in parts.items():
            proposed = sources.found(some, learned.pools(only_new), only_new=only_new, votes=votes)
            bought = _among(numbers[proposed.owners] * some.n_items + proposed.items, one.baskets)
            chosen = bought | whole[numbers][proposed.owners] | (rng.uniform(size=len(bought)) < REST[only_new])
            proposed, bought = proposed.take(chosen), bought[chosen]
            kept = worthwhile(proposed.owners, bought)
            proposed = proposed.take(kept)
            lists.append(
                Lists(
                    features=features(some, proposed, sources.market),
                    owners=numbers[proposed.owners],
                    bought=bought[kept],
                    sizes=sizes[only_new][numbers[proposed.owners]],
                )
            )
    return parts


def _among(keys: Ints, baskets: Ints) -> Bools:
    """Whether each key is one of those, which ascend."""
    found: Bools = baskets[np.minimum(np.searchsorted(baskets, keys), len(baskets) - 1)] == keys
    return found


def _together(lists: Sequence[Lists]) -> Lists:
    """One after another, numbered anew."""
    owners = [np.cumsum(changes(one.owners)) - 1 for one in lists]
    firsts = np.cumsum([0, *(int(one[-1]) + 1 if len(one) else 0 for one in owners)])
    return Lists(
        features=np.concatenate([one.features for one in lists]),
        owners=np.concatenate([first + one for first, one in zip(firsts, owners, strict=False)]),
        bought=np.concatenate([one.bought for one in lists]),
        sizes=np.concatenate([one.sizes for one in lists]),
    )


def _recalls(lists: Lists, plan: Learned, only_new: bool) -> Floats:
    """The share of what was to be found that stands among the first ten of each list."""
    if not len(lists):
        return np.zeros(0)
    order = np.lexsort((-plan.scores(lists.features, only_new), lists.owners))
    owners = lists.owners[order]
    starts = begins(owners)
    place = np.arange(len(owners)) - np.repeat(starts, np.diff(np.append(starts, len(owners))))
    found = np.add.reduceat(lists.bought[order] & (place < 10), starts, dtype=np.int64)
    recalls: Floats = found / np.maximum(lists.sizes[order][starts], 1)
    return recalls
