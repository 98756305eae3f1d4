"""Placing what is due: claimed in batches, intended before the call, called outside any transaction, completed once.

A batch is as many calls as may be under way at once, so that what operators set is asked for again after one call's
time. One transaction claims and intends a batch, one completes the answers that came in the meantime.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from queue import SimpleQueue

import structlog

from engine.config import Settings
from engine.domain.customers import Grant
from engine.domain.executions import Answer, Call, Execution, Result, State, total_of
from engine.domain.gateways import DEFAULT
from engine.domain.house import House
from engine.store import context as contexts
from engine.store import house, items, ledger, rules, stops
from engine.store.database import Database, Tx
from engine.store.database import now as database_clock
from engine.store.rules import RuleFailed
from jobs.carrying import Carrying
from jobs.gateway import Gateway, Terms, unknown
from jobs.sweep.calls import (
    STOPPED,
    Asked,
    Reply,
    gathered,
    guarded,
    raise_ends,
    taken_back,
    tell_failing,
    without_outcome,
    word,
)
from jobs.sweep.points import Point, nothing
from jobs.sweep.surroundings import Surroundings, remember, set_out, tell, tell_all
from jobs.verdicts import Judge
from modes import stopping
from modes.parameters import policy_of
from modes.policy import Policy

__all__ = ["Asked", "Claimed", "Point", "Reply", "Surroundings", "Sweep", "nothing", "tell"]

log = structlog.get_logger()
APART = timedelta(seconds=5)  # by which clocks may differ without anything being looked at by both
FRESH = timedelta(seconds=0.5)  # how long what operators set may be relied on before a call is begun
BARRED = "barred"  # it was begun and may not go out any more: the gateway is only asked whether it did


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
    named: str | None = None  # the gateway, as executions name it; None: the default one
    stands: Callable[[Tx], bool] = lambda tx: True  # whether the gateway is still the one that executions name
    failing: Callable[[str, Counter[str]], None] = tell_failing  # told at the end why calls came to nothing

    @cached_property
    def _policy(self) -> Policy:
        return policy_of(self.settings)

    def run(self) -> Counter[str]:
        """Place whatever is due, until nothing is; answers how many executions came to what.

        Where a call could not be begun within half its lease it ends too: the same would only be claimed again. Of all
        calls that told nothing there is one line in the log.
        """
        reasons = Counter[str]()
        try:
            return self._swept(reasons)
        finally:
            self.failing(self.named or DEFAULT, reasons)

    def _swept(self, reasons: Counter[str]) -> Counter[str]:
        """What executions came to; to ``reasons`` is added why calls had no known outcome."""
        swept = Counter(skipped=self._lapsed())
        answers: SimpleQueue[Reply] = SimpleQueue()
        with ThreadPoolExecutor(self.terms.at_once, thread_name_prefix="gateway") as pool:
            under_way, in_vain = 0, False
            while True:
                claimed = Claimed() if in_vain else self._claimed(swept, self.terms.at_once - under_way, under_way)
                for one in claimed.asked:
                    pool.submit(self._answered, one, answers)
                under_way += len(claimed.asked)
                if not under_way and not claimed.any:
                    return +swept
                replies = gathered(answers, under_way)
                under_way -= len(replies)
                reasons.update(without_outcome(replies))
                raise_ends(replies)
                in_vain = in_vain or any(one.never_called and self._outlived(one.asked) for one in replies)
                swept.update(self._complete(replies))

    def _claimed(self, swept: Counter[str], room: int, under_way: int) -> Claimed:
        """A claim; where one fails, the answers that are under way are written down before the sweep ends by it."""
        try:
            return self._claim(swept, room)
        except Exception:
            if not under_way:
                raise
            log.exception("claim.failed")
            return Claimed()

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
            if not self.stands(tx):
                return Claimed()
            rules.hold(tx)
            instants = self._instants(tx)
            now = min(instants)
            lease, to = self.terms.lease, self.named
            claims = ledger.claim(tx, self.owner, now, room, lease, stops.in_force(tx, now), gateway=to)
            self.at(Point.AFTER_CLAIM)
            around = self._surroundings(tx, [claim.execution for claim in claims], now, max(instants))
            came = Came()
            calls = [one for claim in claims if (one := self._judged(tx, claim, around, came, now)) is not None]
            self.at(Point.BEFORE_INTENTION)
            intended = ledger.intend_all(tx, calls, now)
            rules.count(tx, {one.execution_id: one.counted for one, _ in calls})
        self.at(Point.AFTER_INTENTION)
        swept.update(came.words)
        self._note(came.failed, now)
        asked = [Asked(execution=one, call=call, around=around) for one, (_, call) in zip(intended, calls, strict=True)]
        return Claimed(asked=asked, any=bool(claims))

    def _note(self, failed: Counter[RuleFailed], now: datetime) -> None:
        """Keep which rules failed; nothing is undone where that cannot be written."""
        if not failed:
            return
        try:
            with self.db.begin() as tx:
                rules.failed(tx, failed, now)
        except Exception:
            log.exception("rule.failures_unwritten")

    def _surroundings(self, tx: Tx, due: Sequence[Execution], now: datetime, latest: datetime) -> Surroundings:
        default = Grant(self.settings.personalization_default)
        ids = {execution.customer_id for execution in due}
        read_at = time.monotonic()
        set_up = house.read(tx, now, zone=self.settings.timezone, customers=ids, placing=True)
        found = contexts.for_placing(tx, ids, now, zone=self.settings.timezone, personalization_default=default)
        catalogue = items.get_many(tx, {line.item_id for execution in due for line in execution.lines})
        return Surroundings(customers=found, catalogue=catalogue, house=set_up, read_at=read_at, latest=latest)

    def _judged(
        self, tx: Tx, claim: ledger.Claim, around: Surroundings, came: Came, now: datetime
    ) -> tuple[Execution, Call] | None:
        """The call that is to be made for a claim; None where there is none to make."""
        execution, call = claim.execution, self.terms.call(claim.since_first_call)
        if stopping.of(execution, now, around.house):
            call = Call.GLANCE if call is Call.PLACE else call
            ready: Execution | str = execution if execution.state is State.PLACING else self._held(tx, execution)
        else:
            ready = self._ready(tx, execution, around, came, now)
        if ready == BARRED:
            call, ready = Call.LOOK_UP, execution
        if isinstance(ready, str):
            came.words[ready] += 1
            return None
        if not execution.test:
            remember(around, replace(ready, state=State.PLACING, total=total_of(ready.lines)))
        return ready, call

    def _held(self, tx: Tx, execution: Execution) -> str:
        """Leave one that is stopped as it is: it waits, however long the stop lasts."""
        ledger.let_go(tx, execution)
        return STOPPED

    def _ready(self, tx: Tx, execution: Execution, around: Surroundings, came: Came, now: datetime) -> Execution | str:
        """The execution as it may go out now; else in one word what became of it, or would now."""
        carrying = replace(self._carrying(tx, execution, around, now), failed=came.failed)
        try:
            if execution.state is not State.WAITING:
                return BARRED if carrying.judge.bars(execution) else execution
            if execution.test:
                return carrying.ready(execution)
            return carrying.ready(execution, lambda one: set_out(tx, one, around, now))
        except Exception:  # one that cannot be judged is left, under its lease, and the others go on
            log.exception("execution.unjudged", execution_id=execution.execution_id)
            return "broken"

    def _carrying(self, tx: Tx, execution: Execution, around: Surroundings, now: datetime) -> Carrying:
        judge = Judge(
            context=around.customers[execution.customer_id],
            now=now,
            items=around.catalogue,
            house=around.house,
            policy=self._policy,
            more=partial(items.get_many, tx),
        )
        apart = around.latest - now > APART  # what has ended by one of the clocks may have ended
        return Carrying(
            tx=tx, judge=judge, later=replace(judge, now=around.latest) if apart else None, terms=self.terms
        )

    def _answered(self, asked: Asked, answers: SimpleQueue[Reply]) -> None:
        try:
            answers.put(Reply(asked=asked, answer=guarded(lambda: self._ask(asked))))
        except BaseException as end:  # the sweep ends by it, and does not wait for an answer that never comes
            answers.put(Reply(asked=asked, answer=None, ended=end))

    def _ask(self, asked: Asked) -> Answer | None:
        """What the gateway says; None where orders were stopped before it was asked to place one.

        A refusal after an unknown outcome is only believed when there is no order.
        """
        self.at(Point.BEFORE_CALL)
        if asked.call is Call.PLACE and (self._outlived(asked) or self._stopped_since(asked)):
            return None
        if asked.call is not Call.PLACE:
            answer = self.gateway.look_up(asked.execution.execution_id)
        else:
            answer = self.gateway.place(asked.execution)
        self.at(Point.AFTER_CALL)
        if (
            asked.call is not Call.PLACE
            or answer.result is not Result.REFUSED
            or self.terms.final(asked.execution.attempt)
        ):
            return answer
        before = self.gateway.look_up(asked.execution.execution_id)
        return answer if before.result is Result.NOT_FOUND else before

    def _outlived(self, asked: Asked) -> bool:
        """Whether so much of the lease is over, as in a process that stood still, that another may hold it by now."""
        return time.monotonic() - asked.around.read_at > self.terms.lease.total_seconds() / 2

    def _stopped_since(self, asked: Asked) -> bool:
        """Whether a stop came between intention and call; looked at where that took long, or no stop would hold."""
        if time.monotonic() - asked.around.read_at <= FRESH.total_seconds():
            return False
        try:
            with self.db.read() as tx:
                now = self.clock()
                return bool(stopping.of(asked.execution, now, House(stops=stops.in_force(tx, now))))
        except Exception:  # where nobody can tell, nothing is begun
            log.exception("stops.unread", execution_id=asked.execution.execution_id)
            return True

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
        return Counter(word(one, completion) for one, completion in zip(replies, done, strict=True))

    def _follow(self, tx: Tx, done: Sequence[tuple[Reply, Execution]], now: datetime) -> None:
        """Tell customers, and go on with what was refused as far as something else may be ordered."""
        plain = [(after, one.asked.around) for one, after in done if after.state is not State.REFUSED]
        tell_all(tx, plain, now)
        for one, after in done:
            if after.state is State.REFUSED and one.answer is not None:
                self._carrying(tx, after, one.asked.around, now).after(after, one.answer)

    def _written(self, replies: Sequence[Reply]) -> list[ledger.Completion | None]:
        called = [one for one in replies if not one.never_called]
        said = [
            ledger.Answered(
                execution=one.asked.execution,
                call=one.asked.call,
                answer=one.answer or unknown(STOPPED),
                retry_in=self.terms.retry_in(one.asked.execution.attempt),
            )
            for one in called
        ]
        with self.db.begin() as tx:
            now = self._now(tx)
            completed = iter(ledger.complete_all(tx, said, now))
            done = [taken_back(tx, one, now) if one.never_called else next(completed) for one in replies]
            self.at(Point.BEFORE_NOTICE)
            written = [(one, after) for one, after in zip(replies, done, strict=True) if after and not after.clash]
            self._follow(tx, [(one, after.execution) for one, after in written], now)
            self.at(Point.AFTER_NOTICE)
        return done


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What a batch came to: the calls to make, and whether anything was claimed at all."""

    asked: Sequence[Asked] = ()
    any: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of a batch when it was looked at: in words, and which rules could not be told true or false."""

    words: Counter[str] = field(default_factory=Counter)
    failed: Counter[RuleFailed] = field(default_factory=Counter)
