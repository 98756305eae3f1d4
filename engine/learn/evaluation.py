"""The table of accuracy: our engine beside its baselines, on baskets that nothing was fitted or tuned on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.learn import cases as made
from engine.learn.accuracy import Accuracy, accuracy
from engine.learn.als import Factorize, Tasting
from engine.learn.baskets import Learned, NextBasket, Ranked, joined
from engine.learn.cases import Cases
from engine.learn.learning import Labelled, learned
from engine.learn.lines import Lines, Split
from engine.learn.market import Market, known_by, market_days, markets
from engine.learn.sources import Sources

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DEPTH = 20  # of the lists that are judged
Progress = Callable[[int, int], None]
Say = Callable[[str, int, int], None]
Method = Callable[[bool], Ranked]  # whether only new items are wanted -> a list for every case


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    method: str
    level: str  # item or family
    list: str  # all, or new: what the customer had not bought before
    accuracy: Accuracy


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Exam:
    """Baskets to be foreseen, and what may be looked at: everybody's past, and nobody's basket.

    Sales are counted up to the day of a basket. Neighbours and tastes are those of all pasts, which in a split by last
    baskets may reach beyond the day for other customers; a split by time cuts everybody's past at one day.

    Attributes
    ----------
    asked : the cases, with their baskets
    markets : how things sold as of the days of the baskets
    sources : fitted on all that may be looked at
    """

    past: Lines
    asked: Labelled
    markets: list[Market]
    sources: Sources

    @classmethod
    def of(
        cls,
        split: Split,
        family_of: Ints,
        n_families: int,
        *,
        seed: int,
        tasting: Tasting = Tasting(),
        factorize: Factorize | None = None,
    ) -> Exam:
        """From a split; whoever has no past is left out."""
        past, future = split.past, split.future
        known = np.zeros(past.n_customers, bool)
        known[past.customers] = True
        came = future.take(known[future.customers])
        owners, first = np.unique(came.customers, return_index=True)
        place = np.full(past.n_customers, -1)
        place[owners] = np.arange(len(owners))
        days = came.days[first]
        return cls(
            past=past,
            asked=Labelled(
                cases=made.of_lines(past, owners, days, family_of, n_families),
                baskets=np.unique(place[came.customers] * past.n_items + came.items),
            ),
            markets=markets(past, family_of, n_families, market_days(days, past.n_items, n_families)),
            sources=Sources.fit(
                past,
                family_of,
                n_families,
                float(past.days.max()),
                seed=seed,
                tasting=tasting,
                factorize=factorize,
            ),
        )

    def ours(self, found: Learned) -> Method:
        """The engine's lists, by what is learned already."""
        return lambda only_new: self._ours(found, only_new)

    def _ours(self, found: Learned, only_new: bool) -> Ranked:
        cases = self.asked.cases
        known = known_by(self.markets, cases.days)
        parts = []
        for place in np.unique(known).tolist():
            numbers = np.flatnonzero(known == place)
            model = NextBasket(learned=found, sources=replace(self.sources, market=self.markets[place]))
            ranked = model.ranked(cases.take(numbers), DEPTH, only_new=only_new)
            parts.append(replace(ranked, owners=numbers[ranked.owners]))
        return joined(parts)

    def judged(self, method: Method, *, only_new: bool = False) -> Accuracy | None:
        """One method on the baskets that came; None where there are none."""
        cases, sizes = self.asked.cases, self.asked.sizes(only_new)
        ranked = method(only_new)
        hit = np.isin(ranked.owners * cases.n_items + ranked.items, self.asked.wanted(only_new))
        order = np.argsort(ranked.owners, kind="stable")
        edges = np.searchsorted(ranked.owners[order], np.arange(len(cases) + 1))
        meant = np.flatnonzero(sizes > 0).tolist()
        return accuracy([hit[order[edges[n] : edges[n + 1]]] for n in meant], [int(sizes[n]) for n in meant])


def compared(
    split: Split,
    family_of: Ints,
    n_families: int,
    *,
    level: str,
    seed: int,
    factorize: Factorize | None = None,
    say: Say = lambda stage, done, total: None,
) -> list[Row]:
    """Every method fitted on the past of a split and judged on its baskets; ours learns to rank there too."""
    if not len(split.past) or not len(split.future):
        return []
    found = learned(split.past, family_of, n_families, seed=seed, factorize=factorize, say=say)
    exam = Exam.of(split, family_of, n_families, seed=seed, tasting=found.tasting, factorize=factorize)
    return beside(exam, found, level=level, progress=lambda done, total: say("judging", done, total))


def beside(exam: Exam, found: Learned, *, level: str, progress: Progress = lambda done, total: None) -> list[Row]:
    """What was learned and the baselines, judged on the same baskets."""
    methods = {"rapport": exam.ours(found), **baselines(exam)}
    rows = []
    for place, (method, ranker) in enumerate(methods.items()):
        for only_new in (False, True):
            reached = exam.judged(ranker, only_new=only_new)
            if reached is not None:
                rows.append(Row(method=method, level=level, list="new" if only_new else "all", accuracy=reached))
        progress(place + 1, len(methods))
    return rows


def baselines(exam: Exam) -> dict[str, Method]:
    """What is known from elsewhere, fitted on the same past."""
    past, cases = exam.past, exam.asked.cases
    bought = np.bincount(past.items, minlength=past.n_items).astype(float)
    pairs = np.unique(past.customers * past.n_items + past.items)
    buyers = np.bincount(pairs % past.n_items, minlength=past.n_items).astype(float)
    last = np.bincount(past.items[past.days >= past.days.max() - 28], minlength=past.n_items).astype(float)
    share = bought / (bought.max(initial=0.0) + 1)
    items, codes = cases.state.items, cases.state.items.codes
    votes, tastes = exam.sources.votes(cases), exam.sources.als.tastes(cases)

    def own(owner: int) -> Floats:
        rows = items.rows_of(np.array([owner]))[0]
        scores = np.zeros(past.n_items)
        scores[codes[rows]] = items.counts[rows]
        return scores

    def spoken_for(owner: int) -> Floats:
        start, end = np.searchsorted(votes.keys, [owner * votes.n_items, (owner + 1) * votes.n_items])
        scores = np.zeros(past.n_items)
        scores[votes.keys[start:end] % votes.n_items] = votes.values[start:end]
        return scores

    scored: dict[str, Callable[[int], Floats]] = {
        "popular": lambda owner: bought,
        "most buyers": lambda owner: buyers,
        "popular, last 4 weeks": lambda owner: last,
        "personal": own,
        "personal, then popular": lambda owner: own(owner) + share,
        "implicit als": lambda owner: (tastes.factors @ tastes.values[owner]).astype(float),
        "implicit item-item": spoken_for,
    }
    return {name: _by(scores, cases) for name, scores in scored.items()}


def _by(scores: Callable[[int], Floats], cases: Cases) -> Method:
    return lambda only_new: joined(list(_tops(scores, cases, only_new)))


def _tops(scores: Callable[[int], Floats], cases: Cases, only_new: bool) -> Iterator[Ranked]:
    """The highest of each owner, of equals the lowest code; what scores nothing is not listed."""
    items, codes = cases.state.items, cases.state.items.codes
    for owner in range(len(cases)):
        found = scores(owner).copy()
        if only_new:
            found[codes[items.rows_of(np.array([owner]))[0]]] = 0.0
        most = min(DEPTH, len(found))
        best = np.argpartition(-found, most - 1)[:most] if most else np.zeros(0, np.int64)
        best = best[found[best] > 0]
        best = best[np.lexsort((best, -found[best]))].astype(np.int64)
        yield Ranked(
            owners=np.full(len(best), owner),
            items=best,
            scores=found[best],
            own=items.find(owner * items.n_codes + best)[1],
            filler=np.zeros(len(best), bool),
        )
