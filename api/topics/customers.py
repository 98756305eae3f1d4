"""A customer's profile, portable copy, and erasure."""

from __future__ import annotations

from http import HTTPStatus

from flask import g

from api.auth.caller import BACKEND
from api.routes import Topic, caller
from api.service import service
from api.wire.customers import CustomerOut, Export
from engine.domain.history import day_of
from engine.errors import NotFound
from engine.store import customers, erasure
from modes.capability import reduced

topic = Topic(name="customers", description="Profile, portable copy, erasure")
PATH = "/v1/customers/<ident:customer_id>"


@topic.route("GET", PATH, scopes=BACKEND, answer=CustomerOut)
def get_customer(customer_id: str) -> CustomerOut:
    """A customer's profile, with the kind of customer that their orders show, where these may be looked at."""
    here, now, model = service(), service().now(), service().model()
    with here.reading(customer_id) as tx:
        context = reduced(here.context(tx, customer_id, now))
    persona = None if model is None else model.persona(context.history, day_of(now))
    return CustomerOut.of(context.customer, persona)


@topic.route("DELETE", PATH, scopes=BACKEND, status=HTTPStatus.NO_CONTENT)
def erase_customer(customer_id: str) -> None:
    """Erase a customer everywhere, at once; their tokens end with them.

    Decisions made for somebody who never became a customer go too, though the answer is then 404.
    """
    with service().db.begin() as tx:
        known = customers.get(tx, customer_id) is not None
        erasure.erase(tx, customer_id, caller().actor, service().now())
    g.pop("customer_id", None)
    if not known:
        raise NotFound("customer", customer_id)


@topic.route("GET", PATH + "/export", scopes=BACKEND, answer=Export)
def export_customer(customer_id: str) -> Export:
    """Everything that is kept of a customer, in one portable copy."""
    with service().reading(customer_id) as tx:
        return Export(dict(erasure.export(tx, customer_id)))
