"""Planning: once a day, decide for everybody who lets something be done unasked.

Where they are many, processes of this machine share the work: each opens the place for itself and is given some
customers at a time. What one has decided is kept before it is given more, so that a run may be killed at any point.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime, timedelta
from multiprocessing import get_context

from engine import heap, logs
from engine.config import Settings
from engine.domain.customers import Grant, Purpose
from engine.learn import base
from engine.learn.base import Model
from engine.store import artifacts, consents, customers, decisions
from engine.store.database import Database
from jobs.decisions import Deciding

TRIGGER = "plan"
AGAIN = timedelta(hours=23)  # after which a customer's turn comes again
MANY = 5_000  # customers, from which it is worth starting processes
PART = 250  # customers that a process is given at a time


def run(
    db: Database,
    model: Model | None,
    now: datetime,
    settings: Settings,
    *,
    stopped: Callable[[], bool] = lambda: False,
    processes: int | None = None,
) -> Counter[str]:
    """Decide for everybody who granted coaching or automation and was not planned for lately.

    Answers how many customers there were, and how many experiences of each rung they were given. Without a model
    nothing is known to be due, so nobody is decided for.

    Parameters
    ----------
    processes : that share the work; by default as many as there are processors, where the customers are many
    """
    found = Counter[str](customers=0)
    if model is None:
        return found
    ids = _turn(db, now)
    shared = processes or (os.cpu_count() or 1 if len(ids) >= MANY else 1)
    if shared > 1 and db.url == settings.database_url and artifacts.served_id(settings.models) == model.model_id:
        found.update(_together(ids, now, settings, model.model_id, shared, stopped))
    else:
        found.update(_planned(Deciding(db=db, settings=settings, model=model, trigger=TRIGGER), ids, now, stopped))
    return found


def _turn(db: Database, now: datetime) -> list[str]:
    """Whose turn it is."""
    with db.read() as tx:
        willing = set(customers.ids(tx)) - (
            consents.without(tx, Purpose.COACHING, Grant.REFUSED)
            & consents.without(tx, Purpose.AUTOMATION, Grant.REFUSED)
        )
        return sorted(willing - decisions.decided_for(tx, TRIGGER, now - AGAIN))


def _planned(deciding: Deciding, ids: Sequence[str], now: datetime, stopped: Callable[[], bool]) -> Counter[str]:
    """What some customers are given."""
    found = Counter[str]()
    for document in deciding.many(ids, now, stopped=stopped):
        found["customers"] += 1
        found.update(experience["rung"] for experience in document["experiences"])
    return found


def _together(
    ids: Sequence[str], now: datetime, settings: Settings, model_id: str, processes: int, stopped: Callable[[], bool]
) -> Counter[str]:
    """The same by several processes; once stopped, no more customers are given out."""
    found, parts = Counter[str](), _parts(ids)
    begun = (settings, model_id, os.getpid())
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=begun) as pool:
        under_way = {pool.submit(_part, part, now) for part in _some(parts, processes)}
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            found += _sum(done)
            under_way |= {pool.submit(_part, part, now) for part in _some(parts, 0 if stopped() else len(done))}
    return found


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + PART] for start in range(0, len(ids), PART))


def _some(parts: Iterator[Sequence[str]], n: int) -> list[Sequence[str]]:
    return [part for _, part in zip(range(n), parts, strict=False)]


def _sum(done: Iterable[Future[Counter[str]]]) -> Counter[str]:
    return sum((one.result() for one in done), Counter[str]())


class _Here:
    """What a process that plans works with, opened once in its life."""

    deciding: Deciding
    parent: int

    @classmethod
    def orphaned(cls) -> bool:
        """Whether the process that gives out the work is gone; then somebody else may be given it."""
        return os.getppid() != cls.parent


def _begin(settings: Settings, model_id: str, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this one is told, and stops giving out work
    logs.configure(settings.log_level)
    db, model = Database.open(settings.database_url), base.decode(artifacts.read(settings.models, model_id))
    _Here.deciding, _Here.parent = Deciding(db=db, settings=settings, model=model, trigger=TRIGGER), parent
    heap.settle()


def _part(ids: Sequence[str], now: datetime) -> Counter[str]:
    return _planned(_Here.deciding, ids, now, _Here.orphaned)
