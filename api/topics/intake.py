"""What shops send in: items, customers, orders, events, surveys; one object or a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from api import requests
from api.auth.caller import BACKEND
from api.routes import Topic
from api.service import service
from api.wire.intake import MOST_ROWS, CustomerIn, EventIn, ItemIn, OrderIn, RowRejected, SurveyIn, Taken
from engine.domain.intake import PARSERS, Reading
from engine.errors import InputError, Problem, shown
from engine.store import items, orders
from engine.store.database import Tx
from engine.store.rows import Put
from engine.store.taking import take

topic = Topic(name="intake", description="Orders, events, items, customers, surveys: one object, or up to 1,000")


@topic.route("POST", "/v1/orders", scopes=BACKEND, rows=OrderIn, answer=Taken)
def post_orders() -> Taken:
    """Take in order lines. Customers and items that are not known are made."""
    return _taken("orders")


@topic.route("POST", "/v1/events", scopes=BACKEND, rows=EventIn, answer=Taken)
def post_events() -> Taken:
    """Take in events. Customers and items that are not known are made."""
    return _taken("events")


@topic.route("POST", "/v1/items", scopes=BACKEND, rows=ItemIn, answer=Taken)
def post_items() -> Taken:
    """Take in items of the catalogue; one that is there is replaced."""
    return _taken("items")


@topic.route("POST", "/v1/customers", scopes=BACKEND, rows=CustomerIn, answer=Taken)
def post_customers() -> Taken:
    """Take in customers; one that is there is replaced."""
    return _taken("customers")


@topic.route("POST", "/v1/surveys", scopes=BACKEND, rows=SurveyIn, answer=Taken)
def post_surveys() -> Taken:
    """Take in answers to surveys."""
    return _taken("surveys")


def _taken(kind: str) -> Taken:
    came = requests.json()
    if isinstance(came, dict):
        return _one(kind, came)
    if not isinstance(came, list) or not 1 <= len(came) <= MOST_ROWS:
        raise InputError.of("", f"one object, or a list of 1 to {MOST_ROWS} objects", _kind_of(came))
    with service().db.begin() as tx:
        return _store(tx, kind, came)


def _one(kind: str, row: dict[str, object]) -> Taken:
    """A single object: all of it, or an error and nothing stored."""
    with service().db.begin() as tx:
        parsed = PARSERS[kind](row, _reading(tx, [row]))
        (word,) = _put(tx, kind, [parsed])
        if isinstance(word, Problem):
            raise InputError([word])
    return Taken(accepted=int(word is Put.ACCEPTED), duplicate=int(word is Put.DUPLICATE), rejected=[])


def _store(tx: Tx, kind: str, rows: Sequence[object]) -> Taken:
    """A list: the good rows are stored, the others listed."""
    reading, good, places, rejected = _reading(tx, rows), [], [], []
    for index, row in enumerate(rows):
        try:
            good.append(_parsed(kind, row, reading))
            places.append(index)
        except InputError as error:
            rejected.append(RowRejected(index=index, detail=str(error)))
    words = _put(tx, kind, good)
    told = zip(places, words, strict=True)
    rejected += [RowRejected(index=index, detail=str(word)) for index, word in told if isinstance(word, Problem)]
    return Taken(
        accepted=sum(word is Put.ACCEPTED for word in words),
        duplicate=sum(word is Put.DUPLICATE for word in words),
        rejected=sorted(rejected, key=lambda entry: entry.index),
    )


def _parsed(kind: str, row: object, reading: Reading) -> object:
    if not isinstance(row, dict):
        raise InputError.of("", "an object", row)
    return PARSERS[kind](row, reading)


def _put(tx: Tx, kind: str, objects: Sequence[object]) -> Sequence[Put | Problem]:
    return take(tx, kind, objects, import_id=orders.new_import(), now=service().now()).said


def _reading(tx: Tx, rows: Sequence[object]) -> Reading:
    settings = service().settings
    named = {str(row.get("item_id")) for row in rows if isinstance(row, dict)}
    reading = Reading(zone=settings.timezone, currency=settings.currency, latest=settings.clock.happened())
    return replace(reading, currency_of=items.currencies(tx, named).get)


def _kind_of(came: object) -> object:
    return f"a list of {len(came)}" if isinstance(came, list) else shown(came)
