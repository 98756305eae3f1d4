"""The model that is served: one frozen bundle, asked for one customer at a time, kept as arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.domain.artifacts import Artifact
from engine.domain.history import History
from engine.errors import ArtifactError, InputError
from engine.learn import certificate as certificates
from engine.learn import reasons, whole
from engine.learn.als import Als, Tasting
from engine.learn.baskets import Learned, NextBasket, Ranked
from engine.learn.cases import Cases, of_histories
from engine.learn.catalogue import Catalogue
from engine.learn.features import NAMES
from engine.learn.market import Market
from engine.learn.neighbours import Neighbours
from engine.learn.personas.served import Kinds
from engine.learn.ranker import Ranker
from engine.learn.replenishment import LONGEST, Outlook, Replenishment
from engine.learn.results import Certificate, Evidence, Forecast, Persona, Recommendation, Recommendations, Rhythm
from engine.learn.rhythm import WINDOWS, is_due, need_window, order_window
from engine.learn.sought import ALL, Sought
from engine.learn.sources import Sources

__all__ = [
    "ALL",
    "Certificate",
    "Evidence",
    "Forecast",
    "Model",
    "Persona",
    "Recommendation",
    "Recommendations",
    "Rhythm",
    "Sought",
    "decode",
    "encode",
    "is_due",
    "need_window",
    "order_window",
]

Arrays = dict[str, NDArray[Any]]
Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Everything learned up to an instant. It knows no customer: each is folded in from the live history."""

    model_id: str
    created_at: datetime
    as_of: datetime  # it saw nothing from then on
    metrics: Mapping[str, object]
    catalogue: Catalogue
    baskets: NextBasket
    replenishment: Replenishment
    evidence: Mapping[int, certificates.Evidence]  # by window in days
    stakes: tuple[float, ...] = ()  # prices of orders, minor units, that part classes with proofs of their own
    by_stake: Mapping[int, tuple[certificates.Evidence, ...]] = field(default_factory=dict)  # by window, then class
    kinds: Kinds | None = None  # of customers; None: too few customers to tell any apart
    _certificates: dict[tuple[int, float, int | None], Certificate] = field(
        default_factory=dict, repr=False
    )  # made once

    def recommend(
        self,
        history: History,
        now_day: float,
        k: int,
        *,
        exclude: Collection[str] = frozenset(),
        only_new: bool = False,
        persona: int | None = None,
    ) -> Recommendations:
        """The ``k`` items most likely in the next basket; fewer only where the catalogue has no more.

        Parameters
        ----------
        now_day : days since 1970-01-01 UTC; lines from then on are not looked at
        exclude : ids never to be returned; give a set, not a list
        only_new : leave out what the customer bought before
        persona : what is known of somebody who bought nothing yet, see ``persona``; one that is not known says nothing
        """
        return self.recommend_each([history], now_day, k, exclude=exclude, only_new=only_new, persona=persona)[0]

    def persona(self, history: History, now_day: float) -> Persona | None:
        """Which kind of customer a history before ``now_day`` shows; None where it is empty or kinds are not known."""
        known = history.before(now_day)
        if self.kinds is None or not len(known):
            return None
        cases, _ = of_histories([known], self.catalogue, now_day)
        return self.kinds.of(cases.state, now_day, known.amounts)

    def recommend_each(
        self,
        histories: Sequence[History],
        now_day: float,
        k: int,
        *,
        exclude: Collection[str] = frozenset(),
        only_new: bool = False,
        persona: int | None = None,
        why: bool = True,
    ) -> list[Recommendations]:
        """The same for many customers at once; ``why``: whether with reasons."""
        cases, strangers = of_histories(histories, self.catalogue, now_day)
        cases = replace(cases, barred=self._barred(exclude, strangers))
        orders = cases.state.visits.orders
        bought = np.flatnonzero(orders)
        ranked = self.baskets.ranked(cases if len(bought) == len(cases) else cases.take(bought), k, only_new=only_new)
        unknown = None if len(bought) == len(cases) else self._unknown(cases, k, persona)
        edges = np.searchsorted(bought[ranked.owners], np.arange(len(histories) + 1)).tolist()
        return [
            self._told(
                _one(cases, owner) if why else None,
                unknown if not orders[owner] and unknown is not None else ranked.take(np.arange(start, end)),
                strangers,
            )
            for owner, (start, end) in enumerate(pairwise(edges))
        ]

    def _unknown(self, cases: Cases, k: int, persona: int | None) -> Ranked:
        """The list of whoever bought nothing: what their persona buys most lately, or all customers do."""
        market = self.baskets.sources.market
        told = None if persona is None or self.kinds is None else self.kinds.ranking(persona, market)
        ranking, scores = (market.ranking, market.popularity) if told is None else told
        first = ranking[cases.open(ranking)][:k]
        return Ranked(
            owners=np.zeros(len(first), np.int64),
            items=first,
            scores=scores[first].astype(np.float64),
            own=np.zeros(len(first), bool),
            filler=scores[first] <= 0,
        )

    def _told(self, cases: Cases | None, ranked: Ranked, strangers: Sequence[str]) -> Recommendations:
        """One owner's list by ids, with reasons where there are cases to find them in."""
        codes = ranked.items.tolist()
        sources = self.baskets.sources
        return Recommendations(
            items=tuple(self._id(code, strangers) for code in codes),
            scores=tuple(ranked.scores.tolist()),
            repeat=tuple(ranked.own.tolist()),
            reasons=((),) * len(codes) if cases is None else reasons.of_each(codes, cases, sources, self.catalogue),
            reached=int(np.count_nonzero(~ranked.filler)),
        )

    def forecast(self, history: History, now_day: float, window_days: float) -> list[Forecast]:
        """For every family bought on at least two days: is it bought again in [now, now + window)? Likeliest first.

        ``window_days`` is above 0 and at most 60.
        """
        if not 0 < window_days <= LONGEST:
            raise InputError.of("within", f"a window above 0 and of at most {LONGEST:g} days", f"{window_days:g} days")
        found = self.replenishment.forecasts(history, now_day, (lambda gaps: window_days,))[0]
        return sorted(found, key=lambda one: (-one.probability, one.family))

    def rhythms(self, history: History, now_day: float, sought: Sought = ALL) -> list[Rhythm]:
        """The same families over the windows their own gaps give, likeliest to be needed first, without next dates."""
        return rhythms_of(self.replenishment.outlook([history], now_day, need_window), 0, sought)

    def chances(self, history: History, now_day: float, families: Collection[str]) -> Mapping[str, NDArray[np.float64]]:
        """How likely each of some families is needed next on each of the 60 days ahead, see ``replenishment``."""
        return self.replenishment.chances(history, now_day, families)

    def related(self, item_id: str, k: int, *, exclude: Collection[str] = frozenset()) -> Recommendations:
        """Items bought by those who buy this one, the nearest first; empty for an item that nobody bought."""
        code = next(iter(self.catalogue.known([item_id])), None)
        if code is None:
            return Recommendations()
        others, nearness = self.baskets.sources.neighbours.of(code)
        found = [
            (self.catalogue.items[other], near)
            for other, near in zip(others.tolist(), nearness.tolist(), strict=True)
            if self.catalogue.items[other] not in exclude
        ][:k]
        return _listed(found, reasons.goes_with(item_id))

    def popular(
        self,
        k: int,
        *,
        family: str | None = None,
        category: str | None = None,
        exclude: Collection[str] = frozenset(),
    ) -> Recommendations:
        """What most customers buy, in a family, or in a category or below it (levels parted by `` > ``)."""
        market = self.baskets.sources.market
        ranking, scores = market.ranking, market.popularity
        if family is not None or category is not None:
            codes = self.catalogue.within(family, category)
            ranking = codes[np.lexsort((codes, -scores[codes]))]
        found: list[tuple[str, float]] = []
        for code in ranking.tolist():
            if len(found) == k:
                break
            if self.catalogue.items[code] not in exclude:
                found.append((self.catalogue.items[code], float(scores[code])))
        return _listed(found, reasons.POPULAR)

    def certificate(self, window_days: int, promise: float, *, stake: float | None = None) -> Certificate:
        """The proof that orders made unasked keep ``promise``; shut where there is none.

        Parameters
        ----------
        window_days : of the orders: 7, 14 or 28
        stake : price of an order, minor units, whose class is asked for; None, or a model without classes: of all
        """
        one = None if stake is None or not self.stakes else int(certificates.stake_class(stake, self.stakes))
        key = (window_days, promise, one)
        if key not in self._certificates:
            self._certificates[key] = self._certified(window_days, promise, one)
        return self._certificates[key]

    def _certified(self, window_days: int, promise: float, one: int | None) -> Certificate:
        id = f"{self.model_id}.{window_days}d.{promise:g}"
        if one is None:
            return certificates.certify(self.evidence[window_days], promise, certificate_id=id)
        proof = certificates.certify(self.by_stake[window_days][one], promise, certificate_id=f"{id}.s{one}")
        low, high = (None, *self.stakes)[one], (*self.stakes, None)[one]
        return replace(proof, at_least=low, below=high)

    def _id(self, code: int, strangers: Sequence[str]) -> str:
        known = len(self.catalogue)
        return self.catalogue.items[code] if code < known else strangers[code - known]

    def _barred(self, exclude: Collection[str], strangers: Sequence[str]) -> NDArray[np.bool_] | None:
        """Which codes must not be proposed; strangers come after the catalogue."""
        if not exclude:
            return None
        known = len(self.catalogue)
        barred = np.zeros(known + len(strangers), bool)
        barred[self.catalogue.known(exclude)] = True
        barred[known:] = [id in exclude for id in strangers]
        return barred


def rhythms_of(outlook: Outlook, customer: int, sought: Sought) -> list[Rhythm]:
    """Those of one of the customers of an outlook, by place, see ``Model.rhythms``."""
    needs, ordered = outlook.forecasts(customer, (need_window, order_window), sought, dates=False)
    return sorted(
        (Rhythm(need=need, order=order) for need, order in zip(needs, ordered, strict=True)),
        key=lambda one: (-one.need.probability, one.need.family),
    )


def encode(model: Model) -> Artifact:
    """The model as arrays and JSON; it holds nothing of any one customer."""
    baskets = model.baskets
    parts = {
        "catalogue": model.catalogue.arrays(),
        "market": baskets.sources.market.arrays(),
        "als": baskets.sources.als.arrays(),
        "neighbours": baskets.sources.neighbours.arrays(),
        **{name: ranker.arrays() for name, ranker in _rankers(baskets.learned) if ranker is not None},
        "replenishment": model.replenishment.arrays(),
        **{f"evidence{window}": found.arrays() for window, found in model.evidence.items()},
        **{
            f"evidence{window}s{n}": found.arrays()
            for window, several in model.by_stake.items()
            for n, found in enumerate(several)
        },
        **({} if model.kinds is None else {"kinds": model.kinds.arrays()}),
    }
    return Artifact(
        model_id=model.model_id,
        created_at=model.created_at,
        as_of=model.as_of,
        settings={
            "taste": baskets.learned.taste,
            "tasting": asdict(baskets.learned.tasting),
            "heard": baskets.learned.heard,
            "again": baskets.learned.again,
            "features": list(NAMES),
            "rankers": [name for name, ranker in _rankers(baskets.learned) if ranker is not None],
            "windows": sorted(model.evidence),
            **({"stakes": list(model.stakes)} if model.stakes else {}),
        },
        metrics=model.metrics,
        arrays={f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()},
    )


def decode(artifact: Artifact) -> Model:
    """The model an artifact holds.

    Raises
    ------
    ArtifactError
        where the arrays do not fit together
    """
    try:
        model = _decoded(artifact)
        found = _faults(model, artifact)
    except (AttributeError, KeyError, IndexError, ValueError, TypeError) as error:
        raise ArtifactError(f"model {artifact.model_id} does not fit together: {error!r}") from error
    if found:
        raise ArtifactError(f"model {artifact.model_id} does not fit together: {'; '.join(found)}")
    return model


def _decoded(artifact: Artifact) -> Model:
    def part(name: str) -> Arrays:
        start = f"{name}."
        return {key.removeprefix(start): array for key, array in artifact.arrays.items() if key.startswith(start)}

    stakes = tuple(float(bound) for bound in artifact.settings.get("stakes", ()))

    def ranker(name: str) -> Ranker | None:
        return Ranker.of_arrays(part(name)) if name in artifact.settings["rankers"] else None

    return Model(
        model_id=artifact.model_id,
        created_at=artifact.created_at,
        as_of=artifact.as_of,
        metrics=artifact.metrics,
        catalogue=Catalogue.of_arrays(part("catalogue")),
        baskets=NextBasket(
            learned=Learned(
                all=ranker("ranker"),
                new=ranker("ranker_new"),
                taste=bool(artifact.settings["taste"]),
                tasting=Tasting(**artifact.settings["tasting"]),
                heard=float(artifact.settings["heard"]),
                again=bool(artifact.settings["again"]),
            ),
            sources=Sources(
                market=Market.of_arrays(part("market")),
                als=Als.of_arrays(part("als")),
                neighbours=Neighbours.of_arrays(part("neighbours")),
            ),
        ),
        replenishment=Replenishment.of_arrays(part("replenishment")),
        evidence={
            window: certificates.Evidence.of_arrays(window, part(f"evidence{window}"))
            for window in artifact.settings["windows"]
        },
        stakes=stakes,
        by_stake={
            window: tuple(
                certificates.Evidence.of_arrays(window, part(f"evidence{window}s{n}")) for n in range(len(stakes) + 1)
            )
            for window in (artifact.settings["windows"] if stakes else ())
        },
        kinds=Kinds.of_arrays(part("kinds")) if part("kinds") else None,
    )


def _rankers(found: Learned) -> tuple[tuple[str, Ranker | None], ...]:
    return ("ranker", found.all), ("ranker_new", found.new)


def _faults(model: Model, artifact: Artifact) -> list[str]:
    """What does not fit together, and what is missing or not asked for."""
    missing = sorted(set(WINDOWS) - set(model.evidence))
    unread = sorted(set(artifact.arrays) - set(encode(model).arrays))
    read = artifact.settings["features"]
    return [
        *([f"ranked by {len(read)} features that are not these {len(NAMES)}"] if tuple(read) != NAMES else []),
        *whole.faults(model.catalogue, model.baskets, model.replenishment, model.kinds),
        *(f"no evidence for windows of {window} days" for window in missing),
        *(f"{name} belongs to no part" for name in unread),
    ]


def _one(cases: Cases, owner: int) -> Cases:
    return cases if len(cases) == 1 else cases.take(np.array([owner]))


def _listed(found: Collection[tuple[str, float]], why: tuple[reasons.Reason, ...]) -> Recommendations:
    return Recommendations(
        items=tuple(id for id, _ in found),
        scores=tuple(float(score) for _, score in found),
        repeat=(False,) * len(found),
        reasons=(why,) * len(found),
    )
