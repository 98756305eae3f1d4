"""Automatic orders: what is upcoming, and how a customer says yes, no, not this time, later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from api import cursors, risks, trying, verbs
from api.auth.caller import APP_AND_BACKEND, OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.settling import settle
from api.wire.base import Page
from api.wire.executions import (
    ChangeIn,
    ExecutionOut,
    Executions,
    MoveIn,
    SettleIn,
    SnoozeIn,
    StatePage,
    SwapIn,
    TrialIn,
    View,
)
from api.wire.money import span
from engine.domain.executions import Execution, State
from engine.errors import InputError, NotFound
from engine.store import executions
from engine.store.database import Tx

LONGEST_SNOOZE = timedelta(days=60)
DEFAULT_SNOOZE = "7d"
topic = Topic(name="executions", description="Automatic orders, upcoming and past, and what customers do with them")
ONE = "/v1/executions/<ident:execution_id>"
FAILED = (State.FAILED, State.REFUSED, State.NEEDS_REVIEW)


@topic.route("GET", "/v1/executions", scopes=OPERATOR, query=StatePage, answer=Executions)
def list_executions(query: StatePage) -> Executions:
    """Executions of all customers: of one state, upcoming, at risk with their reasons, or failed."""
    with service().db.read() as tx:
        if query.view is View.AT_RISK:
            return _at_risk(tx, query)
        if query.view is View.UPCOMING:
            return _page(executions.upcoming_page(tx, query.limit, query.cursor), query)
        if query.view is View.FAILED:
            return _page(executions.in_states(tx, FAILED, query.limit, query.cursor), query)
        return _page(executions.by_state(tx, query.state, query.limit, query.cursor), query)


@topic.route(
    "POST",
    "/v1/executions",
    scopes=OPERATOR,
    body=TrialIn,
    answer=ExecutionOut,
    status=HTTPStatus.CREATED,
    problems=frozenset({HTTPStatus.NOT_FOUND}),
)
def make_test_execution(body: TrialIn) -> ExecutionOut:
    """Make a test order, to see that orders arrive: the gateway is told that nothing is to be charged.

    It goes all the way, marked everywhere, to the gateway that the rules choose, and counts for nothing: no budget, no
    evidence, no report. 409 where it would not go out, with the reasons.
    """
    here, wanted = service(), {line.item_id: line.quantity for line in body.items}
    with here.db.begin() as tx:
        made = trying.make(tx, here.settings, body.customer_id, wanted, caller().actor, here.now())
        return ExecutionOut.of(made)


@topic.route(
    "GET", "/v1/customers/<ident:customer_id>/executions", scopes=APP_AND_BACKEND, query=Page, answer=Executions
)
def list_customer_executions(customer_id: str, query: Page) -> Executions:
    """A customer's automatic orders, upcoming and past."""
    with service().reading(customer_id) as tx:
        return _page(executions.of_customer(tx, customer_id, query.limit, query.cursor), query)


@topic.route("GET", ONE, scopes=APP_AND_BACKEND, answer=ExecutionOut)
def get_execution(execution_id: str) -> ExecutionOut:
    """One automatic order."""
    with service().db.read() as tx:
        return ExecutionOut.of(own(tx, execution_id))


@topic.route("POST", ONE + "/approve", scopes=APP_AND_BACKEND, body=MoveIn, body_needed=False, answer=ExecutionOut)
def approve_execution(execution_id: str, body: MoveIn) -> ExecutionOut:
    """Say yes to an order that asks first; it is placed at once."""
    return _moved(execution_id, lambda tx, now: executions.approve(tx, execution_id, caller().actor, now, body.reason))


@topic.route("POST", ONE + "/veto", scopes=APP_AND_BACKEND, body=MoveIn, body_needed=False, answer=ExecutionOut)
def veto_execution(execution_id: str, body: MoveIn) -> ExecutionOut:
    """Stop an order. 409 once it is being placed: then it is too late."""
    return _moved(execution_id, lambda tx, now: executions.veto(tx, execution_id, caller().actor, now, body.reason))


@topic.route("POST", ONE + "/skip", scopes=APP_AND_BACKEND, body=MoveIn, body_needed=False, answer=ExecutionOut)
def skip_execution(execution_id: str, body: MoveIn) -> ExecutionOut:
    """Not this time; the next occurrence is decided anew."""
    return _moved(execution_id, lambda tx, now: executions.skip(tx, execution_id, caller().actor, now, body.reason))


@topic.route("POST", ONE + "/snooze", scopes=APP_AND_BACKEND, body=SnoozeIn, body_needed=False, answer=ExecutionOut)
def snooze_execution(execution_id: str, body: SnoozeIn) -> ExecutionOut:
    """Later: it waits on, with a later due time; by a span, or to a date."""
    return _moved(execution_id, lambda tx, now: _snoozed(tx, execution_id, body, now))


@topic.route("POST", ONE + "/swap", scopes=APP_AND_BACKEND, body=SwapIn, answer=ExecutionOut)
def swap_execution(execution_id: str, body: SwapIn) -> ExecutionOut:
    """Another item of the signed list instead, at its price of today, which is answered.

    409 where what was signed does not carry it, where it is not to be had, and once the order is being placed.
    """
    actor = caller().actor
    return _moved(execution_id, lambda tx, now: verbs.swap(tx, execution_id, body.item_id, body.instead_of, actor, now))


@topic.route("POST", ONE + "/change", scopes=APP_AND_BACKEND, body=ChangeIn, answer=ExecutionOut)
def change_execution(execution_id: str, body: ChangeIn) -> ExecutionOut:
    """More or fewer of an item, within what was signed. 409 where that does not carry it, and once it is too late."""
    actor = caller().actor
    return _moved(execution_id, lambda tx, now: verbs.change(tx, execution_id, body.quantity, body.item_id, actor, now))


def _snoozed(tx: Tx, execution_id: str, body: SnoozeIn, now: datetime) -> Execution:
    if body.until is None:
        later = span(body.by or DEFAULT_SNOOZE, "by")
        if later is None or later > LONGEST_SNOOZE:
            raise InputError.of("by", "at most 60d", body.by)
        return executions.snooze(tx, execution_id, caller().actor, now, later)
    if not now < body.until <= now + LONGEST_SNOOZE:
        raise InputError.of("until", "a time to come, at most 60d from now", body.until.isoformat())
    return executions.snooze(tx, execution_id, caller().actor, now, until=body.until)


@topic.route("POST", ONE + "/settle", scopes=OPERATOR, body=SettleIn, answer=ExecutionOut)
def settle_execution(execution_id: str, body: SettleIn) -> ExecutionOut:
    """Settle one that needs review, as a person found out at the shop; the customer is told.

    Nothing is sent or cancelled there.
    409 where it does not need review (any more), or the order belongs to another execution or customer.
    """
    here, actor = service(), caller().actor
    with here.db.begin() as tx:
        return ExecutionOut.of(settle(tx, here.settings, execution_id, body.order_id, actor, body.reason, here.now()))


def own(tx: Tx, execution_id: str) -> Execution:
    """The execution, where the caller may see it; NotFound otherwise."""
    found = executions.get(tx, execution_id)
    if found is None or caller().customer_id not in (None, found.customer_id):
        raise NotFound("execution", execution_id)
    return found


def _page(found: Sequence[Execution], query: Page) -> Executions:
    return Executions(
        executions=[ExecutionOut.of(execution) for execution in found],
        next_cursor=cursors.following(found, query.limit, lambda execution: execution.execution_id),
    )


def _at_risk(tx: Tx, query: StatePage) -> Executions:
    within = span(query.within, "within")
    assert within is not None  # it has a default
    found = risks.page(service(), tx, within, query.limit, query.cursor)
    return Executions(
        executions=[ExecutionOut.of(one, objections) for one, objections in found.at_risk], next_cursor=found.following
    )


def _moved(execution_id: str, move: Callable[[Tx, datetime], Execution]) -> ExecutionOut:
    with service().db.begin() as tx:
        own(tx, execution_id)
        return ExecutionOut.of(move(tx, service().now()))
