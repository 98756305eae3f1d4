"""Decisions: which experience each need of a customer is given, and what became of it."""

from __future__ import annotations

from http import HTTPStatus

from flask import g

from api import deciding
from api.auth.caller import APP_AND_BACKEND
from api.observing import DECISIONS
from api.routes import Topic, caller
from api.service import service
from api.wire.base import Page
from api.wire.decisions import DecisionIn, DecisionOut, Decisions, OutcomesIn, OutcomesTaken
from engine.errors import NotFound
from engine.store import customers, decisions, outcomes, signals
from engine.store.database import Tx
from engine.store.decisions import Document
from engine.store.rows import Put
from modes.hearing import heard

topic = Topic(name="decisions", description="Which experience to give, why, and what became of it")
ONE = "/v1/decisions/<ident:decision_id>"


@topic.route(
    "POST",
    "/v1/decisions",
    scopes=APP_AND_BACKEND,
    body=DecisionIn,
    documented_answer=DecisionOut,
    status=HTTPStatus.CREATED,
    problems=frozenset({HTTPStatus.NOT_FOUND}),
)
def decide(body: DecisionIn) -> Document:
    """Decide for one customer now.

    Somebody who is not known is answered cold, and does not become a customer by it.
    """
    caller().require_own(body.customer_id)
    g.customer_id = body.customer_id
    answered = deciding.decide(service(), body)
    DECISIONS.labels(answered["mode"]).inc()
    return answered


@topic.route("GET", ONE, scopes=APP_AND_BACKEND, documented_answer=DecisionOut)
def get_decision(decision_id: str) -> Document:
    """A decision as it was answered."""
    with service().db.read() as tx:
        return _own(tx, decision_id)


@topic.route(
    "GET",
    "/v1/customers/<ident:customer_id>/decisions",
    scopes=APP_AND_BACKEND,
    query=Page,
    documented_answer=Decisions,
)
def list_decisions(customer_id: str, query: Page) -> dict[str, object]:
    """A customer's decisions as they were answered, newest first."""
    with service().reading(customer_id) as tx:
        found, following = decisions.of_customer(tx, customer_id, query.limit, query.cursor)
    return {"decisions": found, "next_cursor": following}


@topic.route("POST", ONE + "/outcomes", scopes=APP_AND_BACKEND, body=OutcomesIn, answer=OutcomesTaken)
def post_outcomes(decision_id: str, body: OutcomesIn) -> OutcomesTaken:
    """Say what became of a decision; the same outcome said again teaches nothing twice."""
    now = service().now()
    with service().db.begin() as tx:
        decided, said = _own(tx, decision_id), body.domain(now)
        words = outcomes.add_many(tx, decision_id, said)
        if customers.get_many(tx, [decided["customer_id"]]):  # who is not known is not learned of
            signals.add(tx, {decided["customer_id"]: heard(decided, said)})
    return OutcomesTaken(
        accepted=sum(word is Put.ACCEPTED for word in words), duplicate=sum(word is Put.DUPLICATE for word in words)
    )


def _own(tx: Tx, decision_id: str) -> Document:
    found = decisions.get(tx, decision_id)
    if found is None or caller().customer_id not in (None, found[0]):
        raise NotFound("decision", decision_id)
    return found[1]
