"""Placing what is due: claimed in batches, intended before the call, called outside any transaction, completed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.domain.house import House
from engine.domain.shopping import Item
from engine.errors import Conflict
from engine.store import context as contexts
from engine.store import executions, house, items, ledger, nudges
from engine.store.database import Database, Tx
from jobs import placing
from jobs.gateway import Gateway, Terms, unknown

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a batch of executions is looked at with."""

    customers: dict[str, Context]
    catalogue: Mapping[str, Item]
    house: House  # what operators set


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One call of the gateway that is written down and under way."""

    execution: Execution
    call: Call
    around: Surroundings


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
    named: str | None = None  # the gateway, as executions name it; None: the default one
    stands: Callable[[Tx], bool] = lambda tx: True  # whether the gateway is still the one that executions name
    only: str | None = None  # the one execution that is looked at; None: all

    def run(self) -> Counter[str]:
        """Place whatever is due, until nothing is; answers how many executions came to what."""
        swept = Counter(skipped=self._lapsed() if self.only is None else 0)
        with ThreadPoolExecutor(self.terms.at_once, thread_name_prefix="gateway") as pool:
            under_way: dict[Future[Answer], Asked] = {}
            while True:
                claimed = self._claim(swept, self.terms.at_once - len(under_way))
                under_way |= {pool.submit(self._ask, one): one for one in claimed.asked}
                if not under_way and not claimed.any:
                    return +swept
                for future in wait(under_way, return_when=FIRST_COMPLETED).done if under_way else ():
                    swept[self._complete(under_way.pop(future), future.result())] += 1

    def _lapsed(self) -> int:
        with self.db.begin() as tx:
            return len(ledger.skip_unanswered(tx, self.clock(), 1_000))

    def _claim(self, swept: Counter[str], room: int) -> Claimed:
        """Claim as many as there is room for and intend those that nothing speaks against, all or nothing."""
        if self.stopped() or 2 * room < self.terms.at_once:
            return Claimed()
        with self.db.begin() as tx:
            if not self.stands(tx):
                return Claimed()
            lease, to = self.terms.lease, self.named
            claims = ledger.claim(tx, self.owner, self.clock(), room, lease, gateway=to, only=self.only)
            around = self._surroundings(tx, [claim.execution for claim in claims])
            words = Counter[str]()
            asked = [one for claim in claims if (one := self._intended(tx, claim, around, words)) is not None]
        swept.update(words)
        return Claimed(asked=asked, any=bool(claims))

    def _surroundings(self, tx: Tx, due: Sequence[Execution]) -> Surroundings:
        default = Grant(self.settings.personalization_default)
        ids = {execution.customer_id for execution in due}
        now = self.clock()
        found = contexts.read_many(tx, ids, now, zone=self.settings.timezone, personalization_default=default)
        catalogue = items.get_many(tx, {line.item_id for execution in due for line in execution.lines})
        return Surroundings(customers=found, catalogue=catalogue, house=house.read(tx, now))

    def _intended(self, tx: Tx, claim: ledger.Claim, around: Surroundings, words: Counter[str]) -> Asked | None:
        """The call that is to be made for a claim; None where there is none to make."""
        execution, now = claim.execution, self.clock()
        call = self.terms.call(claim.since_first_call)
        if execution.state is State.WAITING:
            stopped = self._stopped(tx, execution, around, now)
            if stopped is not None:
                words[stopped] += 1
                return None
            execution = placing.repriced(execution, around.catalogue)
        intended = ledger.intend(tx, execution, call, now)
        _remember(around, intended)
        return Asked(execution=intended, call=call, around=around)

    def _stopped(self, tx: Tx, execution: Execution, around: Surroundings, now: datetime) -> str | None:
        """Stop what may not be placed, and say what became of it; None where nothing speaks against it."""
        context = around.customers[execution.customer_id]
        try:
            found = placing.objections(execution, context, now, around.catalogue, around.house)
        except Exception:  # one that cannot be judged is left, under its lease, and the others go on
            log.exception("execution.unjudged", execution_id=execution.execution_id)
            return "broken"
        if not found:
            return None
        reason = ",".join(dict.fromkeys(one.rule for one in found))
        to = placing.stops_at(found)
        ledger.let_go(tx, execution)
        after = executions.move(tx, execution.execution_id, [State.WAITING], to, ledger.ACTOR, reason, now)
        _tell(tx, after, around, now)
        return to.value

    def _ask(self, asked: Asked) -> Answer:
        """What the gateway says; a refusal after an unknown outcome is only believed when there is no order."""
        if asked.call is Call.LOOK_UP:
            return _guarded(lambda: self.gateway.look_up(asked.execution.execution_id))
        answer = _guarded(lambda: self.gateway.place(asked.execution))
        if answer.result is not Result.REFUSED or self.terms.final(asked.execution.attempt):
            return answer
        before = _guarded(lambda: self.gateway.look_up(asked.execution.execution_id))
        return answer if before.result is Result.NOT_FOUND else before

    def _complete(self, asked: Asked, answer: Answer) -> str:
        """Write down what came of a call, and say it in one word."""
        execution = asked.execution
        try:
            with self.db.begin() as tx:
                now = self.clock()
                wait = self.terms.retry_in(execution.attempt)
                done = ledger.complete(tx, execution, asked.call, answer, now, wait)
                _tell(tx, done.execution, asked.around, now)
        except Conflict:
            log.warning("execution.stale", execution_id=execution.execution_id, fence=execution.fence)
            return "lost"
        except Exception:  # it stays in placing, and is taken up again when its lease has ended
            log.exception("execution.incomplete", execution_id=execution.execution_id)
            return "broken"
        if done.clash:
            log.error("order.clash", execution_id=execution.execution_id, order_id=answer.order_id)
        state = done.execution.state
        return Result.UNKNOWN.value if state is State.PLACING else state.value


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


def _tell(tx: Tx, execution: Execution, around: Surroundings, now: datetime) -> None:
    context = around.customers[execution.customer_id]
    told = placing.notice(execution, context, now, around.catalogue)
    if told is not None:
        nudges.add(tx, [told])


def tell(tx: Tx, execution: Execution, settings: Settings, now: datetime) -> None:
    """Let the customer know what became of one order, outside any batch."""
    default = Grant(settings.personalization_default)
    id = execution.customer_id
    found = contexts.read_many(tx, {id}, now, zone=settings.timezone, personalization_default=default)
    catalogue = items.get_many(tx, {line.item_id for line in execution.lines})
    _tell(tx, execution, Surroundings(customers=found, catalogue=catalogue, house=house.read(tx, now)), now)


def _guarded(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except Exception as error:  # whatever the client stumbles over, the outcome is not known
        log.exception("gateway.broken")
        return unknown(type(error).__name__)
