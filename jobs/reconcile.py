"""Bringing ledger and gateway together: what is not known is looked up, what is placed is confirmed, then kept.

Where the two say different things, that is kept too, until it is no longer so or a person has dealt with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from engine.domain.alerts import DifferenceKind
from engine.domain.decisions import Outcome, OutcomeKind
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.domain.gateways import DEFAULT
from engine.errors import Conflict
from engine.store import answers, decisions, differences, executions, ledger, outcomes
from engine.store.database import Database, Tx
from jobs.gateway import Gateway

log = structlog.get_logger()
ACTOR = "reconcile"
RETURN_PERIOD = timedelta(days=14)  # what is not returned until then is kept
LOOK_BACK = timedelta(days=30)  # how long a failed one may still turn up at the gateway
MOST = 10_000  # looked at in one run
ENDED = (State.REFUSED, State.VETOED)  # the gateway should have no order of these; it is asked once
SETTLED = timedelta(minutes=10)  # after which a call that was under way has ended
NO_ORDER = "no order"
UNKNOWN = "unknown"  # a look-up that told nothing
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
    """Look up what is not known, not confirmed or ended, and keep what was not returned; answers what came of it.

    ``differences`` counts what the gateway says otherwise in this run, and ``differs_KIND`` each kind of it. Of
    look-ups that told nothing there is one line in the log for each gateway.

    Parameters
    ----------
    gateway : the default one; None: executions that name none are not looked up
    named : the others, by the name that executions have for them
    tell : tells the customer what became of an order: the shop has it, has none, or refused it after it was placed
    """
    found = _look_ups(db, {**named, **({} if gateway is None else {DEFAULT: gateway})}, now, tell, stopped)
    if stopped():
        return found
    for one in _all(db, (State.PLACED, State.CONFIRMED), None, now - RETURN_PERIOD):
        found[_kept(db, one, now)] += 1
    return found


def _look_ups(
    db: Database, gateways: Mapping[str, Gateway], now: datetime, tell: Tell, stopped: Callable[[], bool]
) -> Counter[str]:
    """What gateways, by name, say of what is asked for."""
    found, unanswered = Counter[str](), Counter[str]()
    for one in _asked_for(db, now):
        if stopped():
            break
        name = one.gateway or DEFAULT
        words = _looked_up(db, gateways[name], one, now, tell) if name in gateways else []
        found.update(words)
        unanswered[name] += UNKNOWN in words
    for name, times in sorted((+unanswered).items()):
        log.warning("gateway.unanswered", gateway=name, look_ups=times)
    return found


def _all(db: Database, states: tuple[State, ...], since: datetime | None, until: datetime | None) -> list[Execution]:
    with db.read() as tx:
        return executions.moved_between(tx, states, since, until, MOST)


def _asked_for(db: Database, now: datetime) -> Iterator[Execution]:
    for states in ((State.NEEDS_REVIEW, State.FAILED), (State.PLACED,)):
        yield from _all(db, states, now - LOOK_BACK, None)
    with db.read() as tx:
        ended = differences.uncompared(tx, ENDED, now - LOOK_BACK, now - SETTLED, MOST)
    yield from ended


def _looked_up(db: Database, gateway: Gateway, execution: Execution, now: datetime, tell: Tell) -> list[str]:
    """Ask the gateway for one execution and act on the answer; what came of it, in a word or several."""
    try:
        answer = gateway.look_up(execution.execution_id)
        with db.begin() as tx:
            if execution.state is State.PLACED:
                return _compared(tx, execution, answer, now, tell)
            if execution.state in ENDED:
                return _unexpected(tx, execution, answer, now)
            return _settled(tx, execution, answer, now, tell)
    except Conflict:
        return ["moved"]
    except Exception:
        log.exception("execution.unreconciled", execution_id=execution.execution_id)
        return ["broken"]


def _settled(tx: Tx, execution: Execution, answer: Answer, now: datetime, tell: Tell) -> list[str]:
    done = ledger.settle(tx, execution.execution_id, answer, ACTOR, now)
    if done is None:
        return [UNKNOWN if answer.leads_to(Call.LOOK_UP) is State.NEEDS_REVIEW else "unchanged"]
    if done.clash:
        log.error("order.clash", execution_id=execution.execution_id, order_id=answer.order_id)
    else:
        tell(tx, done.execution, now)
    if done.execution.state is State.FAILED:
        log.warning("execution.failed", execution_id=execution.execution_id, reason=done.execution.reason)
    words = [f"found_{done.execution.state}"]
    if execution.state is State.FAILED:
        words += _differs(tx, execution, DifferenceKind.UNEXPECTED, State.FAILED.value, str(answer.order_id), now)
        differences.cleared(tx, execution.execution_id, [DifferenceKind.UNEXPECTED], now)  # the ledger has it now
    return words


def _unexpected(tx: Tx, execution: Execution, answer: Answer, now: datetime) -> list[str]:
    """Of one that was refused or vetoed there should be no order."""
    if answer.result is Result.UNKNOWN:
        return [UNKNOWN]
    differences.asked(tx, execution.execution_id, now)
    if answer.result in (Result.NOT_FOUND, Result.REFUSED):
        return ["no_order"]
    return _differs(tx, execution, DifferenceKind.UNEXPECTED, execution.state.value, str(answer.order_id), now)


def _compared(tx: Tx, execution: Execution, answer: Answer, now: datetime, tell: Tell) -> list[str]:
    """Of a placed one there should be the same order, of the same amount."""
    if answer.result is Result.UNKNOWN:
        return [UNKNOWN]
    here = str(execution.order_id)
    if answer.order_id is not None and answer.order_id == answer.stand_in:
        return ["unanswered"]
    if answer.result is Result.REFUSED:  # after it was placed: it is taken back, and the customer is told
        tell(tx, answers.refused(tx, execution, answer.detail, ACTOR, now), now)
        differences.cleared(tx, execution.execution_id, [DifferenceKind.MISSING, DifferenceKind.OTHER_ORDER], now)
        return ["refused"]
    if answer.order_id is not None and answer.stand_in == execution.order_id:
        return _accepted(tx, execution, answer.order_id, now)
    if answer.order_id is None:
        return _differs(tx, execution, DifferenceKind.MISSING, here, NO_ORDER, now)
    if answer.order_id != execution.order_id:
        return _differs(tx, execution, DifferenceKind.OTHER_ORDER, here, answer.order_id, now)
    executions.move(tx, execution.execution_id, [State.PLACED], State.CONFIRMED, ACTOR, execution.reason, now)
    differences.cleared(tx, execution.execution_id, [DifferenceKind.MISSING, DifferenceKind.OTHER_ORDER], now)
    if answer.total in (None, str(execution.total)):
        return ["confirmed"]
    amounts = str(execution.total), str(answer.total)
    return ["confirmed", *_differs(tx, execution, DifferenceKind.AMOUNT, *amounts, now)]


def _accepted(tx: Tx, execution: Execution, order_id: str, now: datetime) -> list[str]:
    """Confirm one under the id that the shop gave it later."""
    if answers.accepted(tx, execution, order_id, ACTOR, now) is not None:
        differences.cleared(tx, execution.execution_id, [DifferenceKind.MISSING, DifferenceKind.OTHER_ORDER], now)
        return ["confirmed"]
    log.error("order.clash", execution_id=execution.execution_id, order_id=order_id)
    return _differs(tx, execution, DifferenceKind.OTHER_ORDER, str(execution.order_id), order_id, now)


def _differs(tx: Tx, execution: Execution, kind: DifferenceKind, here: str, there: str, now: datetime) -> list[str]:
    differences.note(tx, execution.execution_id, kind, here, there, now)
    log.error("order.differs", execution_id=execution.execution_id, kind=kind.value, here=here, there=there)
    return ["differences", f"differs_{kind}"]


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
