"""Calls of the gateway: what was asked, what came back, and what became of an execution by it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog

from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.errors import Conflict
from engine.store import ledger
from engine.store.database import Tx
from jobs.gateway import unknown
from jobs.sweep.surroundings import Surroundings

log = structlog.get_logger()
TOGETHER = timedelta(milliseconds=5)  # answers that come within so long are written down together
STOPPED = "stopped"  # what came of one that a stop holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One call of the gateway that is written down and under way."""

    execution: Execution
    call: Call
    around: Surroundings


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One call of the gateway, and what it said."""

    asked: Asked
    answer: Answer | None  # None: it was not called, since orders were stopped
    ended: BaseException | None = None  # what ended the thread in place of an answer

    @property
    def never_called(self) -> bool:
        """Whether the gateway surely knows nothing of it."""
        return self.answer is None and self.asked.execution.attempt == 1


def taken_back(tx: Tx, one: Reply, now: datetime) -> ledger.Completion | None:
    """Let one that was not called wait again; None where it is no longer ours."""
    try:
        return ledger.Completion(execution=ledger.take_back(tx, one.asked.execution, now))
    except Conflict:
        return None


def word(one: Reply, done: ledger.Completion | None) -> str:
    """What came of a call, in one word."""
    execution = one.asked.execution
    if done is None:
        log.warning("execution.stale", execution_id=execution.execution_id, fence=execution.fence)
        return "lost"
    if done.clash:
        log.error("order.clash", execution_id=execution.execution_id, order_id=done.execution.order_id)
    state = done.execution.state
    if state in (State.NEEDS_REVIEW, State.FAILED):
        log.warning(f"execution.{state}", execution_id=execution.execution_id, reason=done.execution.reason)
    if state is State.WAITING:
        return STOPPED
    return Result.UNKNOWN.value if state is State.PLACING else state.value


def gathered(answers: SimpleQueue[Reply], under_way: int) -> list[Reply]:
    """The next answer, and those that come just after it, unless none is under way."""
    found = [answers.get()] if under_way else []
    end = time.monotonic() + TOGETHER.total_seconds()
    while found and len(found) < under_way:
        try:
            found.append(answers.get(timeout=max(end - time.monotonic(), 0)))
        except Empty:
            break
    return found


def without_outcome(replies: Sequence[Reply]) -> list[str]:
    """Why calls had no known outcome, a reason a call."""
    said = [one.answer for one in replies if one.answer is not None]
    return [answer.detail or "unknown" for answer in said if answer.result is Result.UNKNOWN]


def tell_failing(gateway: str, reasons: Counter[str]) -> None:
    """Log that calls of a gateway had no known outcome: how many, and why most of them."""
    for reason, _ in reasons.most_common(1):
        log.warning("gateway.failing", gateway=gateway, without_outcome=reasons.total(), reason=reason)


def raise_ends(replies: Sequence[Reply]) -> None:
    """Let what ended a call end the sweep: what was under way is taken up again when its lease has ended."""
    for end in [one.ended for one in replies if one.ended is not None]:
        raise end


def guarded(call: Callable[[], Answer | None]) -> Answer | None:
    """What a call says; that its outcome is not known where the client breaks."""
    try:
        return call()
    except Exception as error:  # whatever the client stumbles over, the outcome is not known
        log.exception("gateway.broken")
        return unknown(type(error).__name__)
