"""What a customer signed for execution."""

from __future__ import annotations

import uuid
from datetime import datetime
from http import HTTPStatus

from api import withdrawing
from api.auth.caller import APP_AND_BACKEND
from api.known import require_items
from api.routes import Topic, caller
from api.service import service
from api.wire.mandates import MandateIn, MandateOut, Mandates
from engine.domain.customers import Mandate
from engine.errors import Conflict, InputError, NotFound
from engine.store import audit, executions, mandates
from engine.store.database import Tx

topic = Topic(name="mandates", description="What may be ordered without asking, and within which bounds")
PATH = "/v1/customers/<ident:customer_id>/mandates"
ONE = PATH + "/<ident:mandate_id>"


@topic.route("GET", PATH, scopes=APP_AND_BACKEND, answer=Mandates)
def list_mandates(customer_id: str) -> Mandates:
    """A customer's mandates, ended ones included."""
    now = service().now()
    with service().reading(customer_id) as tx:
        return Mandates(mandates=[MandateOut.of(m, now) for m in mandates.of_customer(tx, customer_id)])


@topic.route("POST", PATH, scopes=APP_AND_BACKEND, body=MandateIn, answer=MandateOut, status=HTTPStatus.CREATED)
def sign_mandate(customer_id: str, body: MandateIn) -> MandateOut:
    """Sign a mandate: one that is to end later, or not at all."""
    now = service().now()
    if body.expires_at is not None and body.expires_at <= now:
        raise InputError.of("expires_at", f"a time after {now.isoformat()}, or null", body.expires_at.isoformat())
    with service().writing(customer_id) as tx:
        mandate = _checked(tx, uuid.uuid4().hex, customer_id, body, now)
        mandates.add(tx, mandate)
        audit.add(tx, caller().actor, "mandate.sign", mandate.mandate_id, {"customer_id": customer_id}, now)
    return MandateOut.of(mandate, now)


@topic.route("GET", ONE, scopes=APP_AND_BACKEND, answer=MandateOut)
def get_mandate(customer_id: str, mandate_id: str) -> MandateOut:
    """One mandate."""
    with service().reading(customer_id) as tx:
        return MandateOut.of(_own(tx, customer_id, mandate_id), service().now())


@topic.route("PUT", ONE, scopes=APP_AND_BACKEND, body=MandateIn, answer=MandateOut)
def replace_mandate(customer_id: str, mandate_id: str, body: MandateIn) -> MandateOut:
    """Replace a mandate's terms; with an expiry that is past it has ended.

    A revoked one cannot be brought back: that takes a new signature.
    """
    now = service().now()
    with service().writing(customer_id) as tx:
        if _own(tx, customer_id, mandate_id).revoked_at is not None:
            raise Conflict(f"mandate {mandate_id!r} is revoked: sign a new one")
        mandate = _checked(tx, mandate_id, customer_id, body, now)
        mandates.replace(tx, mandate)
        executions.lock_customers(tx, [customer_id])  # what is being claimed under the old terms is through by then
        if not mandate.live(now):
            withdrawing.cancel(tx, customer_id, "mandate.expired", now, mandate_id)
        audit.add(tx, caller().actor, "mandate.replace", mandate_id, {"customer_id": customer_id}, now)
    return MandateOut.of(mandate, now)


@topic.route("DELETE", ONE, scopes=APP_AND_BACKEND, status=HTTPStatus.NO_CONTENT)
def revoke_mandate(customer_id: str, mandate_id: str) -> None:
    """Revoke a mandate: from now on nothing is ordered under it, and what is pending is cancelled."""
    now = service().now()
    with service().writing(customer_id) as tx:
        _own(tx, customer_id, mandate_id)
        mandates.revoke(tx, mandate_id, now)
        withdrawing.cancel(tx, customer_id, "mandate.revoked", now, mandate_id)
        audit.add(tx, caller().actor, "mandate.revoke", mandate_id, {"customer_id": customer_id}, now)


def _own(tx: Tx, customer_id: str, mandate_id: str) -> Mandate:
    mandate = mandates.get(tx, mandate_id)
    if mandate is None or mandate.customer_id != customer_id:
        raise NotFound("mandate", mandate_id)
    return mandate


def _checked(tx: Tx, mandate_id: str, customer_id: str, body: MandateIn, now: datetime) -> Mandate:
    """The mandate, once every item it names is known."""
    require_items(tx, {"items": body.items, "substitutes": body.substitutes})
    return body.domain(mandate_id, customer_id, now, service().settings.currency)
