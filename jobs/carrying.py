"""Carrying a verdict out: the ledger is changed and the customer told, in one transaction with claim or answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

import structlog

from engine.domain.context import Context
from engine.domain.executions import Answer, Execution, ExecutionLine, State, total_of
from engine.domain.nudges import Nudge
from engine.domain.shopping import Item
from engine.store import executions, ledger, nudges, reshaping
from engine.store.database import Tx, apart
from engine.store.rules import RuleFailed
from jobs.gateway import Terms
from jobs.verdicts import Judge, Verdict, reason_of
from modes import attention, notices, ordering, substitutes

log = structlog.get_logger()
PAYMENT = "payment_failed"
STOCK = "out_of_stock"
OF_ONE_LINE = (STOCK, "price_changed")  # what is said of an order is said of one of its items, named or not


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrying:
    """The transaction, and everything that what is written in it is judged by."""

    tx: Tx
    judge: Judge
    later: Judge | None  # by the faster of two clocks that disagree; None: they agree
    terms: Terms
    failed: Counter[RuleFailed] = field(default_factory=Counter)  # to be kept once the transaction has ended

    @property
    def now(self) -> datetime:
        """The instant it is."""
        return self.judge.now

    @property
    def context(self) -> Context:
        """The customer."""
        return self.judge.context

    def ready(
        self, execution: Execution, set_out: Callable[[Execution], Execution] = lambda one: one
    ) -> Execution | str:
        """A claimed execution as it goes out now, or in one word what became of it.

        Parameters
        ----------
        set_out : what is done to one that goes out; where that fails, nothing is left of how it was reshaped
        """
        verdict = self._verdict(execution)
        if verdict.stopped or verdict.dropped:
            self._alarm(execution)
        if verdict == Verdict(lines=execution.lines):
            return set_out(ordering.repriced(execution, self._catalogue(execution.lines)))
        with apart(self.tx):
            carried = self._carried(execution, verdict)
            return carried if isinstance(carried, str) else set_out(carried)

    def _carried(self, execution: Execution, verdict: Verdict) -> Execution | str:
        """What became of one that does not go out as it is."""
        if verdict.stopped:
            return self._stopped(execution, verdict)
        if verdict.wait_until is not None:
            reshaping.put_off(self.tx, execution, verdict.wait_until, self.now)
            return "put_off"
        return self._going(execution, verdict)

    def after(self, done: Execution, answer: Answer) -> None:
        """What follows from an answer of the gateway: a refused execution may go on in part or later.

        Only one that was called for once: after an outcome that was not known there may be an order still on its way,
        and nothing is sent under another key. Nor what the customer took back while the gateway was asked. What goes on
        may cost what was announced, whatever it was sent at.
        """
        done = replace(done, lines=tuple(line.as_announced() for line in done.lines))
        if done.state is not State.REFUSED or done.attempt > 1 or self._taken_back(done):
            self._tell(self._notice(done))
        elif answer.detail == PAYMENT:
            self._unpaid(done, answer)
        else:
            self._without(done, answer)

    def _verdict(self, execution: Execution) -> Verdict:
        verdict = self.judge.verdict(execution)
        if self.later is None or verdict.stopped or verdict.wait_until is not None:
            return verdict
        found = self.later.against(execution, execution.lines)
        return Verdict(stopped=tuple(found)) if found else verdict

    def _alarm(self, execution: Execution) -> None:
        """A rule that cannot be told true or false holds orders back until somebody looks at it."""
        for one in ordering.failures(self.judge.against(execution, execution.lines)):
            id, version, error = str(one.detail["rule_id"]), int(str(one.detail["version"])), str(one.detail["error"])
            log.error("rule.failed", rule_id=id, version=version, error=error, execution_id=execution.execution_id)
            self.failed[id, version, error] += 1

    def _taken_back(self, done: Execution) -> bool:
        executions.lock_customers(self.tx, [done.customer_id])
        return executions.taken_back(self.tx, done)

    def _stopped(self, execution: Execution, verdict: Verdict) -> str:
        to, reason = ordering.stops_at(verdict.stopped), reason_of(verdict.stopped)
        ledger.let_go(self.tx, execution)
        id, states = execution.execution_id, [State.WAITING]
        self._tell(self._notice(executions.move(self.tx, id, states, to, ledger.ACTOR, reason, self.now)))
        return to.value

    def _going(self, execution: Execution, verdict: Verdict) -> Execution | str:
        """What goes out, once the rest was asked about, parted or left out."""
        if not verdict.lines:
            self._ask_whole(execution, verdict)
            return "asked"
        if verdict.asked:
            execution = self._ask_apart(execution, verdict.asked)
        if verdict.dropped or verdict.lines != execution.lines:
            execution = reshaping.keep(self.tx, execution, verdict.lines, verdict.dropped, self.now)
        self._tell_dropped(execution, verdict.dropped)
        return ordering.repriced(execution, self._catalogue(execution.lines))

    def _ask_whole(self, execution: Execution, verdict: Verdict) -> None:
        kept = reshaping.keep(self.tx, execution, verdict.asked, verdict.dropped, self.now)
        send_at, due_at = self._times()
        self._tell_asked(reshaping.ask(self.tx, kept, due_at, send_at, self.now), execution.lines)
        self._tell_dropped(kept, verdict.dropped)

    def _ask_apart(self, execution: Execution, lines: Sequence[ExecutionLine]) -> Execution:
        """Ask about some lines in an execution of their own."""
        send_at, due_at = self._times()
        name = f"asked/{','.join(line.need for line in lines)}"
        question = reshaping.as_question(self._next(execution, lines, name, self.now), due_at, send_at)
        rest = reshaping.part(self.tx, execution, question, self.now)
        self._tell_asked(question, execution.lines)
        return rest

    def _times(self) -> tuple[datetime, datetime]:
        """When a question is sent, and until when it is open."""
        send_at = attention.send_at(self.now, self.context.preferences.quiet_hours, self.context.zone)
        return send_at, send_at + self.judge.policy.approval_window

    def _unpaid(self, refused: Execution, answer: Answer) -> None:
        """Try a payment again later, as long as there is hope; the customer hears of the first failure and the end."""
        schedule = self.terms.payment_retries
        if answer.hard or refused.retries >= len(schedule):
            return self._tell(self._notice(refused))
        again = self._next(refused, refused.lines, "retry", self.now + schedule[refused.retries])
        again = replace(again, retries=refused.retries + 1)
        reshaping.carry_on(self.tx, refused, again, self.now)
        if not refused.retries:
            self._tell(notices.unpaid(again, self.context, self.now, self._catalogue(again.lines)))

    def _without(self, refused: Execution, answer: Answer) -> None:
        """Go on with the lines that the refusal is not about, and with the next substitute of those that are gone."""
        groups = self._groups(refused, answer)
        for n, lines in enumerate(groups):
            reshaping.carry_on(self.tx, refused, self._next(refused, lines, f"rest/{n}", self.now), self.now)
        going = {line.need for lines in groups for line in lines}
        left = [replace(line, dropped=answer.detail) for line in refused.lines if line.need not in going]
        if going:
            self._tell_dropped(refused, left)
        else:
            self._tell(self._notice(refused))

    def _groups(self, refused: Execution, answer: Answer) -> list[list[ExecutionLine]]:
        """The orders that come of a refused one. Of several lines of which none is named, each is tried by itself."""
        lines, code = refused.lines, answer.detail
        named = {line.item_id for line in lines} & set(answer.items)
        if not named and code in OF_ONE_LINE:
            if len(lines) > 1:
                return [[line] for line in lines]
            named = {lines[0].item_id}
        if not named:
            return []
        rest = [line for line in lines if line.item_id not in named]
        if code == STOCK:
            gone = [line for line in lines if line.item_id in named]
            rest += [other for line in gone if (other := self._other(refused, rest, line)) is not None]
        return [rest] if rest else []

    def _other(self, refused: Execution, rest: Sequence[ExecutionLine], line: ExecutionLine) -> ExecutionLine | None:
        """The line with the first item further down the signed list that may be ordered at the announced price."""
        mandate = substitutes.mandate_of(refused, self.context)
        if mandate is None:
            return None
        options = substitutes.candidates(line, refused, mandate, self.judge.more(mandate.substitutes))
        waiting = replace(refused, state=State.WAITING)
        return next((one for one in options if not self.judge.against(waiting, (*rest, one))), None)

    def _next(self, execution: Execution, lines: Sequence[ExecutionLine], name: str, due_at: datetime) -> Execution:
        """The execution that carries lines on. Its id follows from the one before, so that it is made once."""
        return replace(
            execution,
            execution_id=str(uuid5(NAMESPACE_OID, f"{execution.execution_id}/{name}")),
            state=State.WAITING,
            lines=tuple(lines),
            dropped=(),
            total=total_of(lines),
            due_at=due_at,
            put_off_from=None,
            deliver_by=None,
            slot=None,
            placed_at=None,
            order_id=None,
            reason=name.partition("/")[0],
            attempt=0,
            fence=0,
            follows=execution.execution_id,
            created_at=self.now,
        )

    def _notice(self, execution: Execution) -> Nudge | None:
        return ordering.notice(execution, self.context, self.now, self._catalogue(execution.lines))

    def _tell_dropped(self, execution: Execution, lines: Sequence[ExecutionLine]) -> None:
        if lines:
            self._tell(notices.left_out(execution, lines, self.context, self.now, self._catalogue(lines)))

    def _tell_asked(self, question: Execution, announced: Sequence[ExecutionLine]) -> None:
        told = {line.need: line.unit_price for line in announced}
        self._tell(notices.asked(question, told, self.context, self.now, self._catalogue(question.lines)))

    def _tell(self, told: Nudge | None) -> None:
        if told is not None:
            nudges.add(self.tx, [told])

    def _catalogue(self, lines: Sequence[ExecutionLine]) -> Mapping[str, Item]:
        return self.judge.known([line.item_id for line in lines])
