"""Bringing ledger and gateway together: what is not known is looked up, what is placed is confirmed, then kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from engine.domain.decisions import Outcome, OutcomeKind
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.errors import Conflict
from engine.store import answers, decisions, executions, ledger, outcomes
from engine.store.database import Database, Tx
from jobs.gateway import Gateway

log = structlog.get_logger()
ACTOR = "reconcile"
RETURN_PERIOD = timedelta(days=14)  # what is not returned until then is kept
LOOK_BACK = timedelta(days=30)  # how long a failed one may still turn up at the gateway
MOST = 10_000  # looked at in one run
NO_OTHERS: Mapping[str, Gateway] = MappingProxyType({})
Tell = Callable[[Tx, Execution, datetime], object]


def run(
    db: Database,
    gateway: Gateway | None,
    now: datetime,
    *,
    named: Mapping[str, Gateway] = NO_OTHERS,
    tell: Tell = lambda tx, execution, now: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Look up what is not known or not confirmed, and keep what was not returned; answers how many came to what.

    Parameters
    ----------
    gateway : the default one; None: executions that name none are not looked up
    named : the others, by the name that executions have for them
    tell : tells the customer of an order that the shop refused after it was placed
    """
    found = Counter[str]()
    for states in ((State.NEEDS_REVIEW, State.FAILED), (State.PLACED,)):
        for one in _all(db, states, now - LOOK_BACK, None):
            if stopped():
                return found
            asked = gateway if one.gateway is None else named.get(one.gateway)
            if asked is not None:
                found[_looked_up(db, asked, one, now, tell)] += 1
    for one in _all(db, (State.PLACED, State.CONFIRMED), None, now - RETURN_PERIOD):
        found[_kept(db, one, now)] += 1
    return found


def _all(db: Database, states: tuple[State, ...], since: datetime | None, until: datetime | None) -> list[Execution]:
    with db.read() as tx:
        return executions.moved_between(tx, states, since, until, MOST)


def _looked_up(db: Database, gateway: Gateway, execution: Execution, now: datetime, tell: Tell) -> str:
    """Ask the gateway for one execution and act on the answer; one word on what came of it."""
    try:
        answer = gateway.look_up(execution.execution_id)
        if execution.state is State.PLACED:
            return _confirmed(db, execution, answer, now, tell)
        with db.begin() as tx:
            done = ledger.settle(tx, execution.execution_id, answer, ACTOR, now)
    except Conflict:
        return "moved"
    except Exception:
        log.exception("execution.unreconciled", execution_id=execution.execution_id)
        return "broken"
    if done is None:
        return "unknown" if answer.leads_to(Call.LOOK_UP) is State.NEEDS_REVIEW else "unchanged"
    if done.clash:
        log.error("order.clash", execution_id=execution.execution_id, order_id=answer.order_id)
    return f"found_{done.execution.state}"


def _confirmed(db: Database, execution: Execution, answer: Answer, now: datetime, tell: Tell) -> str:
    if answer.result is Result.UNKNOWN:
        return "unknown"
    if answer.order_id is not None and answer.order_id == answer.stand_in:
        return "unanswered"
    if answer.result is Result.REFUSED:
        return _refused(db, execution, answer, now, tell)
    if answer.order_id is not None and answer.stand_in == execution.order_id:
        return _accepted(db, execution, answer.order_id, now)
    if answer.order_id != execution.order_id:
        log.error("order.differs", execution_id=execution.execution_id, here=execution.order_id, there=answer.order_id)
        return "differences"
    with db.begin() as tx:
        executions.move(tx, execution.execution_id, [State.PLACED], State.CONFIRMED, ACTOR, execution.reason, now)
    return "confirmed"


def _accepted(db: Database, execution: Execution, order_id: str, now: datetime) -> str:
    """Confirm one under the id that the shop gave it later."""
    with db.begin() as tx:
        if answers.accepted(tx, execution, order_id, ACTOR, now) is not None:
            return "confirmed"
    log.error("order.clash", execution_id=execution.execution_id, order_id=order_id)
    return "differences"


def _refused(db: Database, execution: Execution, answer: Answer, now: datetime, tell: Tell) -> str:
    """Take one back that the shop refused later, and tell the customer."""
    with db.begin() as tx:
        tell(tx, answers.refused(tx, execution, answer.detail, ACTOR, now), now)
    return "refused"


def _kept(db: Database, execution: Execution, now: datetime) -> str:
    """Take one as kept, and tell the decision it came of, in one transaction."""
    try:
        with db.begin() as tx:
            states = (State.PLACED, State.CONFIRMED)
            executions.move(tx, execution.execution_id, states, State.KEPT, ACTOR, "not returned", now)
            if execution.decision_id is not None and decisions.get(tx, execution.decision_id) is not None:
                said = [Outcome(item_id=line.item_id, kind=OutcomeKind.KEPT, at=now) for line in execution.lines]
                outcomes.add_many(tx, execution.decision_id, said)
    except Conflict:
        return "moved"
    return "kept"
