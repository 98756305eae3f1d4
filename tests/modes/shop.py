"""A small shop to decide in: a fake model that answers what it is given, and builders of contexts and decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from engine.domain.context import Context
from engine.domain.customers import Goal, GoalKind, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Considered, Decision, Experience, Mode, Reason, Rung, RungChoice
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.history import History, day_of
from engine.domain.shopping import Customer, Item
from engine.domain.signals import Record, Standing
from engine.domain.values import Money
from engine.learn.base import (
    ALL,
    Certificate,
    Evidence,
    Forecast,
    Recommendations,
    Rhythm,
    Sought,
    need_window,
    order_window,
)
from modes.decide import decide
from modes.filters import Filter
from modes.policy import Policy
from modes.scene import Scene
from modes.shelf import Catalogue, Shelf
from tests.builders import a_mandate, an_item, usd

NOW = datetime(2017, 12, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
NEW_YORK = ZoneInfo("America/New_York")
ALL_GRANTED = dict.fromkeys(Purpose, Grant.GRANTED)
EXECUTING = (Rung.VETO, Rung.SILENT)


def ago(days: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=days)


ITEMS = (
    an_item("i1", name="Beans", family="coffee", category=("DRINKS", "COFFEE"), price=usd(500)),
    an_item("i2", name="Dark beans", family="coffee", category=("DRINKS", "COFFEE"), price=usd(520)),
    an_item("i3", name="Mild beans", family="coffee", category=("DRINKS", "COFFEE"), price=usd(450)),
    an_item("m1", name="Milk", family="milk", category=("FOOD", "MILK"), price=usd(120)),
    an_item("t1", name="Tea", family="tea", category=("DRINKS", "TEA"), price=usd(300)),
    an_item("w1", name="Wine", family="wine", category=("DRINKS", "WINE"), price=usd(900)),
)


def catalogue(items: Iterable[Item] = ITEMS) -> Catalogue:
    """A catalogue of these items."""
    known = {item.item_id: item for item in items}
    return lambda ids: {id: known[id] for id in ids if id in known}


def items_but(*changed: Item) -> tuple[Item, ...]:
    """The shop's items, some of them changed."""
    new = {item.item_id: item for item in changed}
    return (*(new.pop(item.item_id, item) for item in ITEMS), *new.values())


class FakeModel:
    """Answers what it is given, and keeps every history it is shown.

    Parameters
    ----------
    thresholds : promise -> probability from which its certificate is open; None is shut, what is not named is shut
    needed_in : family -> in how many days it is needed, for sure
    """

    model_id = "fake"

    def __init__(
        self,
        forecasts: Iterable[Forecast] = (),
        *,
        recommended: Iterable[str] = ("i1", "m1", "t1"),
        popular: Mapping[str, tuple[str, ...]] | None = None,
        thresholds: Mapping[float, float | None] | None = None,
        needed_in: Mapping[str, float] | None = None,
    ) -> None:
        self.forecasts = tuple(forecasts)
        self.recommended = tuple(recommended)
        self.favourites = popular or {"coffee": ("i2", "i1", "i3"), "milk": ("m1",), "tea": ("t1",), "wine": ("w1",)}
        self.thresholds = {0.9: 0.85, 0.952: 0.9} if thresholds is None else dict(thresholds)
        self.needed_in = needed_in or {}
        self.seen: list[History] = []

    def recommend(
        self,
        history: History,
        now_day: float,
        k: int,
        *,
        exclude: Collection[str] = frozenset(),
        only_new: bool = False,
    ) -> Recommendations:
        """Those it was given, the first the best."""
        self.seen.append(history)
        return ranked([id for id in self.recommended if id not in exclude][:k], set(history.items))

    def rhythms(self, history: History, now_day: float, sought: Sought = ALL) -> list[Rhythm]:
        """Those it was given of what was bought; an order is as likely right as the need is real."""
        self.seen.append(history)
        bought = [one for one in self.forecasts if one.family in set(history.families)]
        return [_rhythm(one) for one in bought if sought.keeps(one)]

    def chances(self, history: History, now_day: float, families: Collection[str]) -> dict[str, np.ndarray]:
        """All on the day that it was given for a family; nothing is known of the others."""
        return {name: np.eye(60)[int(days)] for name, days in self.needed_in.items() if name in families}

    def related(self, item_id: str, k: int, *, exclude: Collection[str] = frozenset()) -> Recommendations:
        """Nothing."""
        return Recommendations()

    def popular(
        self,
        k: int,
        *,
        family: str | None = None,
        category: str | None = None,
        exclude: Collection[str] = frozenset(),
    ) -> Recommendations:
        """The favourites of a family."""
        return ranked([id for id in self.favourites.get(family or "", ()) if id not in exclude][:k], set())

    def certificate(self, window_days: int, promise: float) -> Certificate:
        """Open from the threshold given for this promise."""
        return a_certificate(self.thresholds.get(promise), window_days=window_days, promise=promise)


NO_MODEL = FakeModel()  # stands for none at all


def ranked(ids: Iterable[str], bought: Collection[str]) -> Recommendations:
    """Recommendations in this order."""
    items = tuple(ids)
    return Recommendations(
        items=items,
        scores=tuple(1 / (place + 1) for place in range(len(items))),
        repeat=tuple(id in bought for id in items),
        reasons=tuple((Reason(code="popular"),) for _ in items),
    )


def _rhythm(given: Forecast) -> Rhythm:
    gap = given.evidence.median_gap_days
    windows = (float(need_window(gap)), float(order_window(gap)))
    need, order = (replace(given, window_days=window) for window in windows)
    return Rhythm(need=need, order=order)


def a_certificate(threshold: float | None = 0.85, **given: Any) -> Certificate:
    """A proof that acting from a probability on keeps a promise of nine in ten."""
    known = {"certificate_id": "cert", "promise": 0.9, "window_days": 14, "reason": "" if threshold else "too few"}
    return Certificate(**{**known, "threshold": threshold, **given})


def a_forecast(family: str = "coffee", item_id: str = "i1", probability: float = 0.95, **given: Any) -> Forecast:
    """A family bought every 28 days, the last time 27 days ago: its window is 14 days."""
    evidence = Evidence(
        purchases=8,
        first_day=day_of(ago(27 + 7 * 28)),
        last_day=day_of(ago(27)),
        since_days=27.0,
        median_gap_days=given.pop("gap", 28.0),
        pairs_like_it=500,
        alive=0.9,
    )
    known = {
        "window_days": 14.0,
        "low": max(probability - 0.1, 0),
        "high": min(probability + 0.1, 1),
        "expected_day": day_of(NOW) + 1,
    }
    return Forecast(family=family, item_id=item_id, probability=probability, evidence=evidence, **{**known, **given})


def a_history(*lines: tuple[str, str, float] | tuple[str, str, float, int]) -> History:
    """Purchase lines, each an item, its family, how many days ago, and how many of it (1); 5.00 apiece."""
    whole = sorted(((*line, 1)[:4] for line in lines), key=lambda line: -float(line[2]))
    days = [day_of(ago(float(line[2]))) for line in whole]
    quantities = [int(line[3]) for line in whole]
    return History(
        items=np.array([line[0] for line in whole], object),
        families=np.array([line[1] for line in whole], object),
        orders=np.unique(days, return_inverse=True)[1].astype(np.int64),
        days=np.array(days),
        quantities=np.array(quantities, np.int64),
        amounts=np.array([500.0 * quantity for quantity in quantities]),
    )


COFFEE = a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27))


def a_context(**given: Any) -> Context:
    """A customer in UTC who buys beans, grants everything, signed for coffee and lets everything be done."""
    known = {
        "customer": Customer(customer_id="c1"),
        "known": True,
        "zone": ZoneInfo("UTC"),
        "history": COFFEE,
        "preferences": Preferences(ceiling=Rung.SILENT),
        "consents": ALL_GRANTED,
        "mandates": (a_signed(),),
        "record": a_record(),
    }
    return Context(**{**known, **given})


def a_record(rung: Rung = Rung.SILENT, families: Iterable[str] = (), **given: Any) -> Record:
    """A customer who has earned so much for every family of the shop, and for those named."""
    names = {*(item.family for item in ITEMS), *families}
    standings = {name: Standing(rung=rung, hits=(20.0,) * 3, shadows=(20.0,) * 3) for name in names}
    return Record(**{"standings": standings, "reviewed_at": ago(3), **given})


def consents(**given: Grant) -> dict[Purpose, Grant]:
    """Everything granted but for what is named."""
    return {**ALL_GRANTED, **{Purpose(name): state for name, state in given.items()}}


def a_signed(mandate_id: str = "m1", **given: Any) -> Mandate:
    """A mandate for coffee at up to 6.00, signed long ago."""
    return a_mandate(mandate_id, **{"signed_at": LONG_AGO, **given})


def a_goal(kind: GoalKind = GoalKind.NOT_RUN_OUT, goal_id: str = "g1", **given: Any) -> Goal:
    """A goal of the customer's own, set 20 days ago for 28 days at a time."""
    known: dict[GoalKind, dict[str, Any]] = {
        GoalKind.NOT_RUN_OUT: {"family": "coffee"},
        GoalKind.BUY_MORE: {"family": "tea", "target": 4.0},
        GoalKind.SPEND_LESS: {"category": "WINE", "target": 1_000.0, "currency": "USD"},
    }
    base = {"goal_id": goal_id, "customer_id": "c1", "kind": kind, "created_at": ago(20)}
    return Goal(**{**base, **known[kind], **given})


def an_execution(execution_id: str = "x1", **given: Any) -> Execution:
    """Beans for 5.00 that were placed 100 days ago under m1."""
    family, item = given.pop("family", "coffee"), given.pop("item_id", "i1")
    price, quantity = given.pop("price", usd(500)), given.pop("quantity", 1)
    cycle = given.pop("cycle", "then")
    line = ExecutionLine(item_id=item, need=family, cycle=cycle, quantity=quantity, unit_price=price)
    at = given.pop("at", ago(100))
    placed = given.get("state", State.PLACED) in (State.PLACED, State.CONFIRMED, State.KEPT, State.RETURNED)
    known = {
        "customer_id": "c1",
        "state": State.PLACED,
        "rung": Rung.VETO,
        "lines": (line,),
        "total": price.times(quantity),
        "mandate_id": "m1",
        "due_at": at,
        "created_at": at - timedelta(days=1),
        "placed_at": at if placed else None,
    }
    return Execution(execution_id=execution_id, **{**known, **given})


def a_scene(context: Context | None = None, model: FakeModel | None = None, **given: Any) -> Scene:
    """What one decision is made from; the context is taken as already reduced."""
    condition = given.pop("filter", None)
    shelf = Shelf(
        catalogue(given.pop("items", ITEMS)),
        given.pop("exclude", ()),
        None if condition is None else Filter.parse(condition),
        given.pop("browse", tuple),
    )
    known = {"now": NOW, "policy": Policy(), "shelf": shelf, "present": False, "limit": 10}
    return Scene(
        context=a_context() if context is None else context,
        model=FakeModel([a_forecast()]) if model is None else model,  # type: ignore[arg-type]
        **{**known, **given},
    )


def decided(context: Context | None = None, model: FakeModel | None = None, **given: Any) -> Decision:
    """A decision for somebody who is not here, unless a touchpoint or a request says otherwise."""
    known = {"now": NOW, "policy": Policy(), "decision_id": "d1", "catalogue": catalogue(given.pop("items", ITEMS))}
    chosen = {**known, **given}
    served = FakeModel([a_forecast()]) if model is None else model
    return decide(
        a_context() if context is None else context,
        None if served is NO_MODEL else served,  # type: ignore[arg-type]
        chosen.pop("now"),
        **chosen,
    )


def only(decision: Decision) -> Experience:
    """The one experience of a decision about one need."""
    (experience,) = decision.experiences
    return experience


def of(decision: Decision, family: str | None) -> Experience:
    """The experience that a family's need is given."""
    (experience,) = [one for one in decision.experiences if one.need.family == family]
    return experience


def considered(experience: Experience, mode: Mode) -> Considered:
    """How a mode stood."""
    return next(one for one in experience.considered if one.mode is mode)


def rung(experience: Experience, rung: Rung) -> RungChoice:
    """How a rung stood."""
    return next(one for mode in experience.considered for one in mode.rungs if one.rung is rung)


def allowed(experience: Experience) -> set[Rung]:
    """The rungs that nothing keeps out."""
    return {one.rung for mode in experience.considered for one in mode.rungs if one.removed_by is None}


def permitted(experience: Experience) -> set[Rung]:
    """The rungs that nothing keeps out, or only that they are worth too little; that is looked at last of all."""
    rungs = [one for mode in experience.considered for one in mode.rungs]
    return {one.rung for one in rungs if one.removed_by is None or one.removed_by.rule == "value.low"}


def rules(experience: Experience) -> dict[Rung, str]:
    """By which rule each rung that was removed was removed first."""
    rungs = [one for mode in experience.considered for one in mode.rungs]
    return {one.rung: one.removed_by.rule for one in rungs if one.removed_by is not None}


def money(minor: int | None) -> Money | None:
    """So many cents, or no such limit."""
    return None if minor is None else usd(minor)
