"""Recommendations and forecasts for many customers at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from engine.config import Settings
from engine.domain.history import History, day_of
from engine.errors import InputError, NotFound
from engine.learn.base import Model
from engine.learn.replenishment import LONGEST
from engine.store import customers, items, orders
from engine.store.database import Database
from jobs import shopping
from modes.document import forecast

BATCH = 200  # customers read at a time
Row = dict[str, object]
Progress = Callable[[int, int], None]


def recommend(
    db: Database,
    settings: Settings,
    model: Model,
    ids: Sequence[str] | None,
    *,
    k: int,
    as_of: datetime,
    persona: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Iterator[Row]:
    """The ``k`` likeliest items of the next basket of each customer; all customers where none are named.

    Somebody who is not known, or who refused that their orders be used, is given what most customers buy, or those of
    a ``persona``.

    Raises
    ------
    InputError
        for a persona that the model does not know
    """
    known = () if model.kinds is None else model.kinds.personas.ids
    if persona is not None and persona not in known:
        raise InputError.of("--persona", f"one of {list(known)}", str(persona))
    with db.read() as tx:
        gone = items.unavailable(tx)
    for part in _batched(_histories(db, settings, ids, as_of, progress)):
        histories = [history for _, history in part]
        lists = model.recommend_each(histories, day_of(as_of), k, exclude=gone, persona=persona, why=False)
        for (id, _), found in zip(part, lists, strict=True):
            rows = [{"item_id": one.item_id, "score": one.score, "repeat": one.repeat} for one in found]
            yield {"customer_id": id, "items": rows}


def due(
    db: Database,
    settings: Settings,
    model: Model,
    ids: Sequence[str] | None,
    *,
    within: timedelta,
    as_of: datetime,
    progress: Progress = lambda done, total: None,
) -> Iterator[Row]:
    """Forecasts for each customer and every family bought on at least two days.

    Raises
    ------
    NotFound
        for a named customer who is not known
    """
    days = within / timedelta(days=1)
    if not 0 < days <= LONGEST:
        raise InputError.of("--within", f"a window above 0 and of at most {LONGEST:g} days", f"{days:g} days")
    _require(db, ids)
    for id, history in _histories(db, settings, ids, as_of, progress):
        for one in model.forecast(history, day_of(as_of), days):
            yield forecast(one, id)


def _batched(all: Iterator[tuple[str, History]]) -> Iterator[list[tuple[str, History]]]:
    while part := list(islice(all, BATCH)):
        yield part


def _require(db: Database, ids: Sequence[str] | None) -> None:
    if ids is not None:
        with db.read() as tx:
            known = customers.get_many(tx, ids)
        for id in ids:
            if id not in known:
                raise NotFound("customer", id)


def _histories(
    db: Database, settings: Settings, ids: Collection[str] | None, as_of: datetime, progress: Progress
) -> Iterator[tuple[str, History]]:
    """What may be looked at of each customer, read in batches."""
    with db.read() as tx:
        wanted = customers.ids(tx) if ids is None else list(dict.fromkeys(ids))
        refusing = shopping.refusing(tx, settings)
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        with db.read() as tx:
            known = orders.histories(tx, [id for id in part if id not in refusing], before=as_of)
        for id in part:
            yield id, known.get(id, History.empty())
        progress(start + len(part), len(wanted))
