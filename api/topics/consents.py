"""What a customer's data may be used for."""

from __future__ import annotations

from api import withdrawing
from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic, caller
from api.service import service
from api.wire.customers import ConsentHistory, ConsentsIn, ConsentsOut
from engine.store import audit, consents

topic = Topic(name="consents", description="Purposes, and where the customer stands on each")
PATH = "/v1/customers/<ident:customer_id>/consents"


@topic.route("GET", PATH, scopes=APP_AND_BACKEND, answer=ConsentsOut)
def get_consents(customer_id: str) -> ConsentsOut:
    """Where each of the five purposes stands."""
    with service().reading(customer_id) as tx:
        return ConsentsOut.of(consents.current(tx, customer_id))


@topic.route("PUT", PATH, scopes=APP_AND_BACKEND, body=ConsentsIn, answer=ConsentsOut)
def put_consents(customer_id: str, body: ConsentsIn) -> ConsentsOut:
    """Say where some purposes stand; the others stay, and what stood before is kept as history.

    Where orders may not be made for the customer any more, those that are pending are cancelled with it.
    """
    now = service().now()
    with service().writing(customer_id) as tx:
        said = body.domain(now)
        consents.put(tx, customer_id, said)
        withdrawing.after_consents(tx, customer_id, now)
        states = {c.purpose.value: c.state.value for c in said}
        audit.add(tx, caller().actor, "consents.put", customer_id, states, now)
        return ConsentsOut.of(consents.current(tx, customer_id))


@topic.route("GET", PATH + "/history", scopes=APP_AND_BACKEND, answer=ConsentHistory)
def get_consent_history(customer_id: str) -> ConsentHistory:
    """Everything the customer said about their data, newest first."""
    with service().reading(customer_id) as tx:
        return ConsentHistory.of(consents.history(tx, customer_id))
