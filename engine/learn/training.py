"""A training: settings found on earlier baskets, accuracy measured on later ones, then a fit on everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engine.domain.estimates import NotEstimable
from engine.domain.history import day_of
from engine.learn import base, foresight
from engine.learn.accuracy import Accuracy
from engine.learn.als import Factorize
from engine.learn.baskets import Learned, NextBasket
from engine.learn.cases import of_lines
from engine.learn.catalogue import Catalogue
from engine.learn.certificate import Evidence, by_stake, gathered
from engine.learn.evaluation import Exam
from engine.learn.learning import learned
from engine.learn.lines import Lines, Split, last_orders
from engine.learn.nearest import Nearest
from engine.learn.personas import Personas
from engine.learn.personas.served import Kinds
from engine.learn.purchases import Purchases
from engine.learn.ranker import Enough, never
from engine.learn.replenishment import Replenishment
from engine.learn.rhythm import WINDOWS
from engine.learn.shadows import Shadows, shadows
from engine.learn.snapshots import Snapshots
from engine.learn.sources import Sources

Floats = NDArray[np.float64]
Say = Callable[[str, int, int], None]  # a stage, how far it is, how far it goes
BESIDE = 4_000_000  # lines, up to which forecasts are fitted beside the ranking; of more, after it: it holds less
JUDGED = 10_000  # customers, on whose latest orders a ranking is judged
TRIED = 500  # customers, on whose tastes an index is tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a training came to."""

    model: base.Model
    ours: Accuracy | None  # None: nobody has orders enough to be judged on
    served: Accuracy | None  # of the ranking that is served, judged alike; None: nothing is served yet
    shadows: Shadows  # what might have been ordered unasked lately


def train(
    lines: Lines,
    catalogue: Catalogue,
    *,
    model_id: str,
    created_at: datetime,
    as_of: datetime,
    served: Learned | None = None,
    amounts: Floats | None = None,
    before: Personas | None = None,
    factorize: Factorize | None = None,
    enough: Enough = never,
    stakes: tuple[float, ...] = (),
    seed: int = 0,
    say: Say = lambda stage, done, total: None,
) -> Trained:
    """Fit everything on what was bought before ``as_of``.

    Parameters
    ----------
    lines : items coded as ``catalogue`` codes them; at least one line before ``as_of``
    served : how the served model ranks, to be compared with
    amounts : float array of shape (n_lines,), minor units of each line, nan where unknown; None: of all
    before : the served model's personas, whose ids and names go on
    factorize : what fits tastes; None: ``implicit``, here
    enough : whether no more is to be spent on finding settings
    stakes : prices of orders, minor units, at which another certificate is asked for
    """
    day = day_of(as_of)
    amounts = None if amounts is None else amounts[lines.days < day]
    if amounts is None or not np.isfinite(amounts).any():
        stakes = ()  # no price is known: there is one class
    lines = lines.before(day)
    split = last_orders(lines)
    with ThreadPoolExecutor(1) as beside:

        def forecast() -> Future[_Forecast]:
            return beside.submit(_Forecast.fit, lines, catalogue, day, seed, amounts if stakes else None, stakes)

        early = forecast() if len(lines) <= BESIDE else None
        found = learned(
            split.past,
            catalogue.family_of,
            len(catalogue.families),
            seed=seed,
            factorize=factorize,
            enough=enough,
            say=say,
        )
        ours, theirs = _judged(split, catalogue, found, served, seed, factorize, say)
        del split

        def kind() -> Future[Kinds | NotEstimable]:
            return beside.submit(Kinds.fit, lines, catalogue, day, amounts=amounts, previous=before, seed=seed)

        told = kind() if len(lines) <= BESIDE else None
        say("fitting the next basket", 0, 1)
        sources = Sources.fit(
            lines,
            catalogue.family_of,
            len(catalogue.families),
            day,
            seed=seed,
            tasting=found.tasting,
            factorize=factorize,
        )
        if found.taste:
            say("making an index of tastes", 0, 1)
            sources = _indexed(sources, lines, catalogue, day, seed)
        say("telling customers apart", 0, 1)
        kinds = (told or kind()).result()
        say("fitting the forecasts", 0, 1)
        forecasts = (early or forecast()).result()
    model = base.Model(
        model_id=model_id,
        created_at=created_at,
        as_of=as_of,
        metrics=_metrics(lines, ours, forecasts.metrics, kinds, sources.als.index),
        catalogue=catalogue,
        baskets=NextBasket(learned=found, sources=sources),
        replenishment=forecasts.replenishment,
        evidence=forecasts.evidence,
        stakes=stakes,
        by_stake=forecasts.by_stake,
        kinds=kinds if isinstance(kinds, Kinds) else None,
    )
    return Trained(model=model, ours=ours, served=theirs, shadows=forecasts.shadows)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Forecast:
    """All that is fitted on the snapshots of families; fitted beside the ranking, of which it needs nothing."""

    replenishment: Replenishment
    evidence: Mapping[int, Evidence]
    by_stake: Mapping[int, tuple[Evidence, ...]]
    metrics: Mapping[str, object] | None
    shadows: Shadows

    @classmethod
    def fit(
        cls,
        lines: Lines,
        catalogue: Catalogue,
        day: float,
        seed: int,
        amounts: Floats | None,
        stakes: tuple[float, ...],
    ) -> _Forecast:
        snapshots = snapshots_of(lines, catalogue, day, seed, amounts=amounts)
        return cls(
            replenishment=Replenishment.fit(snapshots, catalogue.families),
            evidence={window: gathered(snapshots, day, window) for window in WINDOWS},
            by_stake={window: by_stake(snapshots, day, window, stakes) for window in (WINDOWS if stakes else ())},
            metrics=_replenishment(snapshots),
            shadows=shadows(snapshots, day),
        )


def snapshots_of(
    lines: Lines,
    catalogue: Catalogue,
    day: float,
    seed: int,
    *,
    by_item: bool = False,
    amounts: Floats | None = None,
) -> Snapshots:
    """The snapshots of families up to a day, or of items, each taken for a family of its own.

    Parameters
    ----------
    amounts : float array of shape (n_lines,), minor units of each line, nan where unknown; None: of all
    """
    bought = lines.before(day)
    codes = bought.items if by_item else catalogue.family_of[bought.items]
    paid = None if amounts is None else amounts[lines.days < day]
    purchases = Purchases.of(bought.customers, codes, bought.days, paid)
    n = len(catalogue) if by_item else len(catalogue.families)
    return Snapshots(purchases=purchases, n_families=n, until=day, seed=seed)


def _indexed(sources: Sources, lines: Lines, catalogue: Catalogue, day: float, seed: int) -> Sources:
    """With an index of tastes where there are many items, tried on the tastes of some customers."""
    customers = np.unique(_sampled(lines, TRIED, seed).customers)
    cases = of_lines(lines, customers, np.full(len(customers), day), catalogue.family_of, len(catalogue.families))
    return replace(sources, als=sources.als.indexed(cases, seed=seed))


def _sampled(lines: Lines, most: int, seed: int) -> Lines:
    """The lines of so many customers at most, drawn by the seed."""
    customers = np.unique(lines.customers)
    if len(customers) <= most:
        return lines
    return lines.take(np.isin(lines.customers, np.random.default_rng(seed).choice(customers, most, replace=False)))


def _judged(
    split: Split,
    catalogue: Catalogue,
    found: Learned,
    served: Learned | None,
    seed: int,
    factorize: Factorize | None,
    say: Say,
) -> tuple[Accuracy | None, Accuracy | None]:
    """How good what was learned is, and what is served, on the latest order of each customer; neither saw it."""
    if not len(split.future):
        return None, None
    split = replace(split, future=_sampled(split.future, JUDGED, seed))
    say("judging on the latest baskets", 0, 1)
    reached: list[Accuracy | None] = []
    for one in (found, served):
        if one is None:
            reached.append(None)
            continue
        if not reached or one.tasting != found.tasting:
            exam = Exam.of(
                split, catalogue.family_of, len(catalogue.families), seed=seed, tasting=one.tasting, factorize=factorize
            )
        reached.append(exam.judged(exam.ours(one)))
    return reached[0], reached[1]


def _metrics(
    lines: Lines,
    found: Accuracy | None,
    replenishment: Mapping[str, object] | None,
    kinds: Kinds | NotEstimable,
    index: Nearest | None,
) -> Mapping[str, object]:
    return {
        "lines": len(lines),
        "customers": len(np.unique(lines.customers)),
        "items": len(np.unique(lines.items)),
        "next_basket": None if found is None else asdict(found),
        "replenishment": replenishment,
        **({} if index is None else {"index": {"probes": index.probes, "recall": index.recall}}),
        "personas": kinds.described() if isinstance(kinds, Kinds) else {"reason": kinds.reason, "needed": kinds.needed},
    }


def _replenishment(snapshots: Snapshots) -> Mapping[str, object] | None:
    """Of the latest windows that are over, forecast from what was known before them; in front those of a week."""
    rows = [
        {
            "cutoff_day": one.cutoff,
            "window_days": one.window,
            "known_day": one.known,
            **asdict(one.honesty),
            "reliability": [asdict(each) for each in one.bins],
        }
        for one in foresight.reliable(snapshots, WINDOWS)
    ]
    return {**rows[0], "windows": rows} if rows else None
