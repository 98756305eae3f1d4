"""Placing what is due: claimed in batches, intended before the call, called outside any transaction, completed once.

A batch is as many calls as may be under way at once, so that what operators set is asked for again after one call's
time. One transaction claims and intends a batch, one completes the answers that came in the meantime.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from queue import Empty, SimpleQueue

import structlog

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.executions import Answer, Call, Execution, Result, State, total_of
from engine.domain.house import House
from engine.domain.shopping import Item
from engine.store import context as contexts
from engine.store import executions, house, items, ledger, nudges
from engine.store.database import Database, Tx
from engine.store.database import now as database_clock
from jobs import placing
from jobs.gateway import Gateway, Terms, unknown

log = structlog.get_logger()
APART = timedelta(seconds=5)  # by which clocks may differ without anything being looked at by both
TOGETHER = timedelta(milliseconds=5)  # answers that come within so long are written down together


class Point(StrEnum):
    """The boundaries of a sweep's steps. Whatever ends a worker, at any of them, loses and doubles nothing."""

    BEFORE_CLAIM = "before the claim"
    AFTER_CLAIM = "after the claim"
    BEFORE_INTENTION = "before the intention"
    AFTER_INTENTION = "after the intention"
    BEFORE_CALL = "before the call"
    AFTER_CALL = "after the call"
    BEFORE_COMPLETION = "before the completion"
    AFTER_COMPLETION = "after the completion"
    BEFORE_NOTICE = "before the notice"
    AFTER_NOTICE = "after the notice"


def nothing(point: Point) -> None:
    """What happens at the boundaries, unless somebody wants to see a worker fail there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a batch of executions is looked at with."""

    customers: dict[str, Context]
    catalogue: Mapping[str, Item]
    house: House  # what operators set
    latest: datetime  # the instant by the faster clock, where two disagree


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
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Everything one sweep works with."""

    db: Database
    gateway: Gateway
    settings: Settings
    clock: Callable[[], datetime]  # the business's
    owner: str
    terms: Terms = field(default_factory=Terms)
    stopped: Callable[[], bool] = lambda: False  # asked before each batch
    told: Callable[[datetime], datetime] | None = None  # the business's clock by the database's; None: not tied to it
    at: Callable[[Point], None] = nothing  # told of each boundary that is passed

    def run(self) -> Counter[str]:
        """Place whatever is due, until nothing is; answers how many executions came to what."""
        swept = Counter(skipped=self._lapsed())
        answers: SimpleQueue[Reply] = SimpleQueue()
        with ThreadPoolExecutor(self.terms.at_once, thread_name_prefix="gateway") as pool:
            under_way = 0
            while True:
                claimed = self._claim(swept, self.terms.at_once - under_way)
                for one in claimed.asked:
                    pool.submit(self._answered, one, answers)
                under_way += len(claimed.asked)
                if not under_way and not claimed.any:
                    return +swept
                replies = _gathered(answers, under_way)
                under_way -= len(replies)
                swept.update(self._complete(replies))

    def _lapsed(self) -> int:
        with self.db.begin() as tx:
            return len(ledger.skip_unanswered(tx, self._now(tx), 1_000))

    def _now(self, tx: Tx) -> datetime:
        """The business's instant; of two clocks that disagree the slower one is heard, so that nothing is early."""
        return min(self._instants(tx))

    def _instants(self, tx: Tx) -> tuple[datetime, ...]:
        """What time it is, by every clock that tells it."""
        here = self.clock()
        return (here,) if self.told is None else (here, self.told(database_clock(tx)))

    def _claim(self, swept: Counter[str], room: int) -> Claimed:
        """Claim as many as there is room for and intend those that nothing speaks against, all or nothing."""
        if self.stopped() or 2 * room < self.terms.at_once:
            return Claimed()
        self.at(Point.BEFORE_CLAIM)
        with self.db.begin() as tx:
            instants = self._instants(tx)
            now = min(instants)
            claims = ledger.claim(tx, self.owner, now, room, self.terms.lease)
            self.at(Point.AFTER_CLAIM)
            around = self._surroundings(tx, [claim.execution for claim in claims], now, max(instants))
            words = Counter[str]()
            calls = [one for claim in claims if (one := self._judged(tx, claim, around, words, now)) is not None]
            self.at(Point.BEFORE_INTENTION)
            intended = ledger.intend_all(tx, calls, now)
        self.at(Point.AFTER_INTENTION)
        swept.update(words)
        asked = [Asked(execution=one, call=call, around=around) for one, (_, call) in zip(intended, calls, strict=True)]
        return Claimed(asked=asked, any=bool(claims))

    def _surroundings(self, tx: Tx, due: Sequence[Execution], now: datetime, latest: datetime) -> Surroundings:
        default = Grant(self.settings.personalization_default)
        ids = {execution.customer_id for execution in due}
        found = contexts.for_placing(tx, ids, now, zone=self.settings.timezone, personalization_default=default)
        catalogue = items.get_many(tx, {line.item_id for execution in due for line in execution.lines})
        return Surroundings(customers=found, catalogue=catalogue, house=house.read(tx, now), latest=latest)

    def _judged(
        self, tx: Tx, claim: ledger.Claim, around: Surroundings, words: Counter[str], now: datetime
    ) -> tuple[Execution, Call] | None:
        """The call that is to be made for a claim; None where there is none to make."""
        execution = claim.execution
        if execution.state is State.WAITING:
            stopped = self._stopped(tx, execution, around, now)
            if stopped is not None:
                words[stopped] += 1
                return None
            execution = placing.repriced(execution, around.catalogue)
        _remember(around, replace(execution, state=State.PLACING, total=total_of(execution.lines)))
        return execution, self.terms.call(claim.since_first_call)

    def _stopped(self, tx: Tx, execution: Execution, around: Surroundings, now: datetime) -> str | None:
        """Stop what may not be placed, and say what became of it; None where nothing speaks against it."""
        context = around.customers[execution.customer_id]
        try:
            found = placing.objections(execution, context, now, around.catalogue, around.house)
            if not found and around.latest - now > APART:  # what has ended by one of the clocks may have ended
                found = placing.objections(execution, context, around.latest, around.catalogue, around.house)
        except Exception:  # one that cannot be judged is left, under its lease, and the others go on
            log.exception("execution.unjudged", execution_id=execution.execution_id)
            return "broken"
        if not found:
            return None
        reason = ",".join(dict.fromkeys(one.rule for one in found))
        to = placing.stops_at(found)
        ledger.let_go(tx, execution)
        after = executions.move(tx, execution.execution_id, [State.WAITING], to, ledger.ACTOR, reason, now)
        _tell(tx, [(after, around)], now)
        return to.value

    def _answered(self, asked: Asked, answers: SimpleQueue[Reply]) -> None:
        answers.put(Reply(asked=asked, answer=_guarded(lambda: self._ask(asked))))

    def _ask(self, asked: Asked) -> Answer:
        """What the gateway says; a refusal after an unknown outcome is only believed when there is no order."""
        self.at(Point.BEFORE_CALL)
        if asked.call is Call.LOOK_UP:
            answer = self.gateway.look_up(asked.execution.execution_id)
        else:
            answer = self.gateway.place(asked.execution)
        self.at(Point.AFTER_CALL)
        if asked.call is Call.LOOK_UP or answer.result is not Result.REFUSED or asked.execution.attempt == 1:
            return answer
        before = self.gateway.look_up(asked.execution.execution_id)
        return answer if before.result is Result.NOT_FOUND else before

    def _complete(self, replies: Sequence[Reply]) -> Counter[str]:
        """Write down what came of some calls; where one of them cannot be written, the others still are."""
        try:
            self.at(Point.BEFORE_COMPLETION)
            done = self._written(replies)
            self.at(Point.AFTER_COMPLETION)
        except Exception:
            if len(replies) > 1:
                return sum((self._complete([one]) for one in replies), Counter[str]())
            log.exception("execution.incomplete", execution_id=replies[0].asked.execution.execution_id)
            return Counter(broken=1)  # it stays in placing, and is taken up again when its lease has ended
        return Counter(_word(one, completion) for one, completion in zip(replies, done, strict=True))

    def _written(self, replies: Sequence[Reply]) -> list[ledger.Completion | None]:
        said = [
            ledger.Answered(
                execution=one.asked.execution,
                call=one.asked.call,
                answer=one.answer,
                retry_in=self.terms.retry_in(one.asked.execution.attempt),
            )
            for one in replies
        ]
        with self.db.begin() as tx:
            now = self._now(tx)
            done = ledger.complete_all(tx, said, now)
            self.at(Point.BEFORE_NOTICE)
            told = [(after.execution, one.asked.around) for one, after in zip(replies, done, strict=True) if after]
            _tell(tx, told, now)
            self.at(Point.AFTER_NOTICE)
        return done


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What a batch came to: the calls to make, and whether anything was claimed at all."""

    asked: Sequence[Asked] = ()
    any: bool = False


def _remember(around: Surroundings, execution: Execution) -> None:
    """Let the next execution of the same customer see that this one is being placed."""
    context = around.customers[execution.customer_id]
    others = [one for one in context.executions if one.execution_id != execution.execution_id]
    around.customers[execution.customer_id] = replace(context, executions=(*others, execution))


def _tell(tx: Tx, some: Sequence[tuple[Execution, Surroundings]], now: datetime) -> None:
    notices = [
        placing.notice(execution, around.customers[execution.customer_id], now, around.catalogue)
        for execution, around in some
    ]
    nudges.add(tx, [one for one in notices if one is not None])


def _word(one: Reply, done: ledger.Completion | None) -> str:
    """What came of a call, in one word."""
    execution = one.asked.execution
    if done is None:
        log.warning("execution.stale", execution_id=execution.execution_id, fence=execution.fence)
        return "lost"
    if done.clash:
        log.error("order.clash", execution_id=execution.execution_id, order_id=one.answer.order_id)
    state = done.execution.state
    return Result.UNKNOWN.value if state is State.PLACING else state.value


def _gathered(answers: SimpleQueue[Reply], under_way: int) -> list[Reply]:
    """The next answer, and those that come just after it, unless none is under way."""
    found = [answers.get()] if under_way else []
    end = time.monotonic() + TOGETHER.total_seconds()
    while found and len(found) < under_way:
        try:
            found.append(answers.get(timeout=max(end - time.monotonic(), 0)))
        except Empty:
            break
    return found


def _guarded(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except Exception as error:  # whatever the client stumbles over, the outcome is not known
        log.exception("gateway.broken")
        return unknown(type(error).__name__)
