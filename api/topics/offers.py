"""Plain recommendations, related items, and forecasts of what is due."""

from __future__ import annotations

from datetime import timedelta

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
from engine.store import items
from modes.capability import reduced
from modes.curate import listed
from modes.filters import Filter
from modes.shelf import Shelf

LONGEST_WINDOW = timedelta(days=60)
topic = Topic(name="offers", description="Plain recommendations, related items, what is due")


@topic.route(
    "GET", "/v1/customers/<ident:customer_id>/offers", scopes=APP_AND_BACKEND, query=OffersQuery, answer=Offers
)
def get_offers(customer_id: str, query: OffersQuery) -> Offers:
    """Items for one customer, best first; for somebody who is not known, what most customers buy."""
    here, now, model = service(), service().now(), service().model()
    condition = None if query.filter is None else Filter.parse(query.filter)
    if model is None:
        return Offers(customer_id=customer_id, model_id=None, offers=[])
    with here.db.read() as tx:
        found = listed(
            reduced(here.context(tx, customer_id, now)),
            model,
            Shelf(lambda ids: items.get_many(tx, ids), query.exclude, condition),
            day_of(now),
            query.limit,
            category=query.category,
            variety=query.diversity,
            min_relevance=query.min_relevance,
        )
    return Offers(customer_id=customer_id, model_id=model.model_id, offers=[OfferWire.of(offer) for offer in found])


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
    """Items bought by those who buy this one, closest first."""
    model = service().model()
    with service().db.read() as tx:
        if item_id not in items.get_many(tx, [item_id]):
            raise NotFound("item", item_id)
        found = [] if model is None else list(model.related(item_id, query.limit))
        known = items.get_many(tx, [one.item_id for one in found])
    return Related(
        item_id=item_id,
        model_id=None if model is None else model.model_id,
        items=[RelatedOut(item_id=one.item_id, score=one.score) for one in found if one.item_id in known],
    )
