"""Plain recommendations, related items, and forecasts of what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic
from api.service import service
from api.wire.money import span
from api.wire.offers import (
    Due,
    DueQuery,
    ForecastOut,
    Offers,
    OffersQuery,
    OfferWire,
    Related,
    RelatedOut,
    RelatedQuery,
)
from engine.domain.history import day_of
from engine.errors import InputError, NotFound
from engine.store import items, placements
from engine.store.database import Tx
from modes.capability import reduced
from modes.filters import Filter
from modes.listing import made
from modes.related import related
from modes.scene import Scene
from modes.shelf import Shelf

LONGEST_WINDOW = timedelta(days=60)
topic = Topic(name="offers", description="Plain recommendations, related items, what is due")


@topic.route(
    "GET", "/v1/customers/<ident:customer_id>/offers", scopes=APP_AND_BACKEND, query=OffersQuery, answer=Offers
)
def get_offers(customer_id: str, query: OffersQuery) -> Offers:
    """Items for one customer, best first; for somebody who is not known, what most customers buy.

    Filter, exclusions and availability hold for every item, whatever else puts it forward. Asking changes nothing: what
    is shown is told by events of the kind `impression`, or by a decision made at a touchpoint.
    """
    here, now, model = service(), service().now(), service().model()
    condition = None if query.filter is None else Filter.parse(query.filter)
    with here.choosing(query.filter), here.db.read() as tx:
        scene = Scene(
            context=reduced(here.context(tx, customer_id, now)),
            model=model,
            now=now,
            policy=here.policy,
            shelf=_shelf(tx, query.exclude, condition),
            present=True,
            limit=query.limit,
            touchpoint=query.touchpoint,
            placements=placements.all(tx),
            rotates=query.rotate,
        )
        found = made(query.wish(), scene)
    return Offers(
        customer_id=customer_id,
        model_id=None if model is None else model.model_id,
        offers=[OfferWire.of(offer) for offer in found],
    )


@topic.route("GET", "/v1/customers/<ident:customer_id>/due", scopes=APP_AND_BACKEND, query=DueQuery, answer=Due)
def get_due(customer_id: str, query: DueQuery) -> Due:
    """How likely the customer buys each family again within the window, for every family bought on two days or more.

    Empty for a customer who does not let their orders be used.
    """
    here, now, model = service(), service().now(), service().model()
    within = span(query.within, "within")
    if within is None or within > LONGEST_WINDOW:
        raise InputError.of("within", "at most 60d", query.within)
    with here.reading(customer_id) as tx:
        context = reduced(here.context(tx, customer_id, now))
    if model is None:
        return Due(customer_id=customer_id, model_id=None, due=[])
    found = model.forecast(context.history, day_of(now), within / timedelta(days=1))
    return Due(
        customer_id=customer_id,
        model_id=model.model_id,
        due=[ForecastOut.of(forecast, customer_id) for forecast in found],
    )


@topic.route("GET", "/v1/items/<ident:item_id>/related", scopes=APP_AND_BACKEND, query=RelatedQuery, answer=Related)
def get_related(item_id: str, query: RelatedQuery) -> Related:
    """Items bought by those who buy this one, or of its family; the nearest first."""
    model = service().model()
    condition = None if query.filter is None else Filter.parse(query.filter)
    with service().choosing(query.filter), service().db.read() as tx:
        item = items.get_many(tx, [item_id]).get(item_id)
        if item is None:
            raise NotFound("item", item_id)
        shelf = _shelf(tx, query.exclude, condition)
        found = [] if model is None else related(item, model, shelf, query.limit, query.relation, query.locale)
    return Related(
        item_id=item_id,
        model_id=None if model is None else model.model_id,
        items=[RelatedOut.of_related(offer, relation) for offer, relation in found],
    )


def _shelf(tx: Tx, exclude: Sequence[str], condition: Filter | None) -> Shelf:
    return Shelf(partial(items.get_many, tx), exclude, condition, partial(items.everything, tx))
