"""Deciding in several processes: each has its own connection and its own copy of the served model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from os import cpu_count

from engine import heap, logs
from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.history import day_of
from engine.learn.base import Forecast, Model, Sought
from engine.store import orders
from engine.store.database import Database
from jobs.decisions import Deciding
from jobs.evaluate import served
from modes.document import Json
from modes.execute import early
from modes.gate import certificate, removals
from modes.parameters import policy_of
from modes.policy import Policy
from modes.request import Request

TRIGGER = "demo"
PRESENT = "app.home"  # where those are who come by
PART = 25  # customers given to one hand at a time
_hand: list[Deciding] = []  # one, in each process


class Hands:
    """Those who decide."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def decide(
        self, where: Mapping[str | None, Sequence[str]], now: datetime, requests: Mapping[str, Request]
    ) -> list[Json]:
        """The decisions for customers by where they are (None: not here), kept."""
        asked = [
            self._pool.submit(_decide, part, now, touchpoint, {id: requests[id] for id in part if id in requests})
            for touchpoint, ids in where.items()
            for part in _parts(ids)
        ]
        return _together(asked)

    def due(self, families: Mapping[str, frozenset[str]], now: datetime) -> list[str]:
        """Those of the customers for whom one of the families they signed for clears the gate."""
        asked = [self._pool.submit(_due, {id: families[id] for id in part}, now) for part in _parts(sorted(families))]
        return _together(asked)


@contextmanager
def hired(settings: Settings) -> Iterator[Hands]:
    """As many hands as there are processors."""
    context = get_context("spawn")
    with ProcessPoolExecutor(cpu_count() or 1, mp_context=context, initializer=_begin, initargs=(settings,)) as pool:
        yield Hands(pool)


def _begin(settings: Settings) -> None:
    logs.configure("WARNING")
    db = Database.open(settings.database_url)
    _hand.append(Deciding(db=db, settings=settings, model=served(settings), trigger=TRIGGER))
    heap.settle()


def _decide(ids: Sequence[str], now: datetime, touchpoint: str | None, requests: Mapping[str, Request]) -> list[Json]:
    return list(_hand[0].at(touchpoint).many(ids, now, requests))


def _due(families: Mapping[str, frozenset[str]], now: datetime) -> list[str]:
    deciding = _hand[0]
    assert deciding.model is not None
    policy, day = policy_of(deciding.settings), day_of(now)
    with deciding.db.read() as tx:
        histories = orders.histories(tx, list(families), before=now)
    found = []
    for id, history in histories.items():
        for rhythm in deciding.model.rhythms(history, day, Sought(least=policy.min_probability, due=True)):
            if rhythm.order.family in families[id] and _clears(deciding.model, rhythm.order, policy):
                found.append(id)
                break
    return found


def _clears(model: Model, order: Forecast, policy: Policy) -> bool:
    removed = early(order) or removals(certificate(model, Rung.VETO, order, policy), order)
    return not removed


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + PART] for start in range(0, len(ids), PART)]


def _together(asked: Sequence[Future]) -> list:  # type: ignore[type-arg]
    return [one for future in asked for one in future.result()]
