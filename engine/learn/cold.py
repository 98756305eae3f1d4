"""Lists for those of whom little is known, and of items of which little is known, judged on time that is kept apart.

Each third of the customers in turn is taken for new: nothing of what they bought is looked at but what a case says.
Everything is fitted on the others before a day, and judged on what the new ones bought after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learn.accuracy import Accuracy, accuracy
from engine.learn.als import Factorize
from engine.learn.baskets import NextBasket, Ranked
from engine.learn.cases import Cases, of_lines
from engine.learn.catalogue import Catalogue
from engine.learn.learning import learned
from engine.learn.lines import Lines
from engine.learn.newcomers import TRAITS, Newcomers, Shelf, launched
from engine.learn.personas import spending
from engine.learn.personas.served import Kinds
from engine.learn.sources import Sources

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Lists = Sequence[Ints]
Say = Callable[[str, int, int], None]
FOLDS = 3  # of the customers, each of which is taken for new once
DEPTH = 20
SESSION = 3  # items of a basket that are seen
WEEKS = 28.0  # days of what is popular lately
OURS = "rapport"
NOTHING, PERSONA, ONE_ORDER, ANONYMOUS, NEW_ITEM = (
    "new customer, nothing known",
    "new customer, persona known",
    "new customer after one order",
    "anonymous session, three items",
    "new item",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ColdRow:
    """One method in one case; ``gain`` is its recall@10 over that of the case's naive method, on the same customers."""

    case: str
    method: str
    accuracy: Accuracy
    gain: float
    gain_se: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Known:
    """All purchases, and what is known of them and of the items.

    Attributes
    ----------
    amounts : float array of shape (n_lines,), minor units, nan where unknown
    prices : float array of shape (n_items,), minor units, nan where unknown
    """

    lines: Lines
    catalogue: Catalogue
    amounts: Floats
    prices: Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trial:
    """One case: the baskets that came, and what each method listed for each, the naive one first."""

    case: str
    lists: Mapping[str, Sequence[Ints]]
    baskets: Sequence[Ints]

    def __add__(self, other: Trial) -> Trial:
        """With the same case of other customers; methods that one of them lacks are left out."""
        lists = {name: [*one, *other.lists[name]] for name, one in self.lists.items() if name in other.lists}
        return Trial(case=self.case, lists=lists, baskets=[*self.baskets, *other.baskets])

    def rows(self) -> Iterator[ColdRow]:
        """Every method on the same baskets; none where there are no baskets."""
        sizes = [len(basket) for basket in self.baskets]
        naive: Floats | None = None
        for method, lists in self.lists.items():
            hits = [np.isin(one, basket) for one, basket in zip(lists, self.baskets, strict=True)]
            reached = accuracy(hits, sizes)
            if reached is None:
                return
            recall = np.array([np.count_nonzero(hit[:10]) / size for hit, size in zip(hits, sizes, strict=True)])
            naive = recall if naive is None else naive
            gains = recall - naive
            yield ColdRow(
                case=self.case,
                method=method,
                accuracy=reached,
                gain=float(gains.mean()),
                gain_se=float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else 0.0,
            )


def cold(
    known: Known,
    day: float,
    *,
    seed: int,
    folds: Sequence[int] = range(FOLDS),
    factorize: Factorize | None = None,
    say: Say = lambda stage, done, total: None,
) -> list[ColdRow]:
    """Every case beside its naive methods, the first of which the gains are over; cases nobody is in are left out.

    Parameters
    ----------
    folds : which of the thirds are taken for new, one after the other
    """
    trials: dict[str, Trial] = {}
    for fold in folds:
        for trial in _strange(known, day, _hidden(known.lines, fold, seed), seed, factorize, say):
            trials[trial.case] = trials[trial.case] + trial if trial.case in trials else trial
    say("new items", 0, 1)
    return [row for trial in (*trials.values(), _new_items(known, day, seed)) for row in trial.rows()]


def _strange(
    known: Known, day: float, hidden: NDArray[np.bool_], seed: int, factorize: Factorize | None, say: Say
) -> Iterator[Trial]:
    """The cases of those customers who are taken for new."""
    lines, catalogue = known.lines, known.catalogue
    kept = (lines.days < day) & ~hidden[lines.customers]
    past = lines.take(kept)
    if not len(past):
        return
    above = catalogue.family_of, len(catalogue.families)
    found = learned(past, *above, seed=seed, factorize=factorize, say=say)
    say("judging", 0, 1)
    sources = Sources.fit(past, *above, day, seed=seed, tasting=found.tasting, factorize=factorize)
    kinds = Kinds.fit(past, catalogue, day, amounts=known.amounts[kept], seed=seed)
    stranger = _Strangers(
        known=known,
        day=day,
        past=past,
        new=lines.take((lines.days >= day) & hidden[lines.customers]),
        next=NextBasket(learned=found, sources=sources),
        seed=seed,
    )
    yield stranger.nothing()
    if isinstance(kinds, Kinds):
        yield stranger.persona(kinds)
    yield stranger.one_order()
    yield stranger.session()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Strangers:
    """Customers taken for new, and what is fitted without them."""

    known: Known
    day: float
    past: Lines
    new: Lines
    next: NextBasket
    seed: int

    def nothing(self) -> Trial:
        """Their first orders after the day, of which nothing is known before."""
        baskets, _, _ = _orders(self.new, 0)
        return Trial(
            case=NOTHING,
            lists={
                "popular": [self._popular()] * len(baskets),
                "popular, last 4 weeks": [self._popular(WEEKS)] * len(baskets),
                OURS: [self._lately()] * len(baskets),
            },
            baskets=baskets,
        )

    def persona(self, kinds: Kinds) -> Trial:
        """The same, told the persona that their hidden orders before the day show."""
        baskets, owners, _ = _orders(self.new, 0)
        lines, amounts = self.known.lines, self.known.amounts
        before = lines.days < self.day
        had = np.isin(owners, lines.customers[before])
        owners = owners[had]
        baskets = [basket for basket, there in zip(baskets, had.tolist(), strict=True) if there]
        cases = self._cases(lines.take(before), owners, np.full(len(owners), self.day))
        spent = spending(lines.customers[before], amounts[before], lines.n_customers)[owners]
        places = kinds.members(cases.state, cases.days, spent).argmax(axis=1).tolist()
        market = self.next.sources.market
        ranked = [kinds.ranking(id, market) for id in kinds.personas.ids]
        lists = [self._lately() if one is None else one[0][:DEPTH] for one in ranked]
        return Trial(
            case=PERSONA,
            lists={"nothing known": [self._lately()] * len(owners), OURS: [lists[n] for n in places]},
            baskets=baskets,
        )

    def one_order(self) -> Trial:
        """Their second orders after the day, foreseen from the first."""
        baskets, owners, days = _orders(self.new, 1)
        first = self.new.take((self.new.numbers() == 0) & np.isin(self.new.customers, owners))
        bought, _, _ = _orders(first, 0)
        popular = self._popular()
        return Trial(
            case=ONE_ORDER,
            lists={
                "popular": [popular] * len(baskets),
                "the order, then popular": [_then(self._dearest(one), popular) for one in bought],
                OURS: _lists(self.next.ranked(self._cases(first, owners, days), DEPTH), len(owners)),
            },
            baskets=baskets,
        )

    def session(self) -> Trial:
        """The rest of a basket of which three items are seen, chosen by chance."""
        rng = np.random.default_rng(self.seed)
        first, _, days = _orders(self.new, 0)
        large = [n for n, basket in enumerate(first) if len(basket) > SESSION]
        drawn = [rng.permutation(first[n]) for n in large]
        seen = [np.sort(one[:SESSION]) for one in drawn]
        owners = np.arange(len(large))
        shown = Lines(
            customers=np.repeat(owners, SESSION),
            items=np.concatenate([np.zeros(0, np.int64), *seen]),
            orders=np.repeat(owners, SESSION),
            days=np.repeat(days[large], SESSION),
            n_customers=len(large),
            n_items=self.new.n_items,
        )
        cases = self._cases(shown, owners, days[large])
        popular = self._popular(depth=DEPTH + SESSION)
        return Trial(
            case=ANONYMOUS,
            lists={
                "popular": [popular[~np.isin(popular, one)] for one in seen],
                OURS: _lists(self.next.ranked(cases, DEPTH, only_new=True), len(large)),
            },
            baskets=[one[SESSION:] for one in drawn],
        )

    def _cases(self, lines: Lines, owners: Ints, days: Floats) -> Cases:
        catalogue = self.known.catalogue
        return of_lines(lines, owners, days, catalogue.family_of, len(catalogue.families))

    def _popular(self, days: float = np.inf, depth: int = DEPTH) -> Ints:
        """What the others bought most, in the last so many days."""
        late = self.past.items[self.past.days >= self.day - days]
        return np.argsort(-np.bincount(late, minlength=self.past.n_items), kind="stable")[:depth]

    def _lately(self) -> Ints:
        """What a model recommends to whoever bought nothing."""
        return self.next.sources.market.ranking[:DEPTH]

    def _dearest(self, items: Ints) -> Ints:
        """The most popular first."""
        return items[np.argsort(self.next.sources.market.places[items], kind="stable")]


def _new_items(known: Known, day: float, seed: int) -> Trial:
    """The items first sold after the day, ranked among themselves for those who took any of them."""
    lines, prices = known.lines, np.log(known.prices)
    launch = launched(lines, day, np.inf)
    past = lines.before(day)
    learned = Newcomers.fit(past, known.catalogue, prices, day, seed=seed)
    rng = np.random.default_rng(seed)
    lists: dict[str, list[Ints]] = {"random": [], "price closeness": [], **({} if learned is None else {OURS: []})}
    for _, traits in Shelf(lines=past, catalogue=known.catalogue, prices=prices, day=day).parts(
        launch.owners, launch.items
    ):
        scored = {"random": rng.random(traits.shape[:2]), "price closeness": traits[..., TRAITS.index("price")]}
        if learned is not None:
            scored[OURS] = learned.scores(traits)
        for method, scores in scored.items():
            lists[method] += list(launch.items[np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]])
    baskets = [launch.items[row] for row in launch.came(launch.owners)]
    return Trial(case=NEW_ITEM, lists=lists, baskets=baskets)


def _hidden(lines: Lines, fold: int, seed: int) -> NDArray[np.bool_]:
    """Whether each customer is taken for new."""
    found: NDArray[np.bool_] = np.random.default_rng(seed).permutation(lines.n_customers) % FOLDS == fold
    return found


def _orders(lines: Lines, number: int) -> tuple[list[Ints], Ints, Floats]:
    """The items of everybody's order of that number, whose they are, ascending, and their days."""
    some = lines.take(lines.numbers() == number)
    owners, first = np.unique(some.customers, return_index=True)
    baskets = np.split(some.items, first[1:]) if len(owners) else []
    return [np.unique(basket) for basket in baskets], owners, some.days[first]


def _then(first: Ints, others: Ints) -> Ints:
    return np.concatenate((first, others[~np.isin(others, first)]))[:DEPTH]


def _lists(ranked: Ranked, n: int) -> Lists:
    edges = np.searchsorted(ranked.owners, np.arange(n + 1))
    return [ranked.items[start:end] for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
