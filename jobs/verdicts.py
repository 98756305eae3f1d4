"""What is to become of a due execution: it goes out whole or in part, waits, turns into a question, or is stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.domain.context import Context
from engine.domain.decisions import Rung, Stage
from engine.domain.executions import Execution, ExecutionLine, total_of
from engine.domain.house import House
from engine.domain.shopping import Item
from modes import agency, ordering, substitutes, windows
from modes.policy import Policy
from modes.rules import Objection

OUT_OF_STOCK = ("item.unavailable", "item.price_unknown")
ASKS = ("item.price_risen", "mandate.price_high", "mandate.price_low", "mandate.order_limit")
ASKING = "rule.require_approval."  # and what such a rule wants is that the customer is asked
Stock = Callable[[Collection[str]], Mapping[str, Item]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to become of a due execution; it goes out with its lines unless it waits or is stopped.

    Attributes
    ----------
    lines : that go out, as they may
    asked : lines the customer is asked about, at today's prices
    dropped : lines that are left out, each with its reason
    wait_until : nothing is placed before then
    stopped : what speaks against all of it
    """

    lines: tuple[ExecutionLine, ...] = ()
    asked: tuple[ExecutionLine, ...] = ()
    dropped: tuple[ExecutionLine, ...] = ()
    wait_until: datetime | None = None
    stopped: tuple[Objection, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """Everything a due execution is judged by."""

    context: Context
    now: datetime
    items: Mapping[str, Item]  # of its lines
    house: House
    policy: Policy
    more: Stock  # items that may stand in

    def verdict(self, execution: Execution) -> Verdict:
        """What is to become of it.

        What may not be placed at this hour waits, if it is still wanted when it may. A line that may not go out goes
        out with a substitute of the signed list, is asked about where only its price or a rule that wants it to be
        asked about is in the way, or is left out; the other lines are none the worse for it.
        """
        late = self._late(execution)
        if late is not None:
            return late
        found = self.against(execution, execution.lines)
        return Verdict(lines=execution.lines) if not found else self._parted(execution, found)

    def bars(self, execution: Execution) -> bool:
        """Whether one that was begun, and of which nothing is known, may not be sent again."""
        mandate = substitutes.mandate_of(execution, self.context)
        closed = mandate is not None and not windows.permitted(mandate, self.context.zone, self.now)
        counted = "rule.cap."  # what it counts was let through when it was intended, and counts now
        against = [one for one in self.against(execution, execution.lines) if not one.rule.startswith(counted)]
        return closed or bool(against)

    def _late(self, execution: Execution) -> Verdict | None:
        """Where the mandate allows no order at this hour: wait, or leave it out when it would come too late."""
        mandate, context = substitutes.mandate_of(execution, self.context), self.context
        if mandate is None or not mandate.live(self.now) or windows.permitted(mandate, context.zone, self.now):
            return None
        if said := [one for one in self.against(execution, execution.lines) if _ends(one)]:
            return Verdict(stopped=tuple(said))
        left = ordering.STALE - (self.now - execution.expected_at)
        until = windows.first(mandate, context.zone, self.now, left)
        return Verdict(stopped=(_closed(mandate.mandate_id),)) if until is None else Verdict(wait_until=until)

    def _parted(self, execution: Execution, found: Sequence[Objection]) -> Verdict:
        kept: list[ExecutionLine] = []
        asked: list[ExecutionLine] = []
        dropped: list[ExecutionLine] = []
        for line in execution.lines:
            fitting = self._fitting(execution, kept, line)
            if fitting is not None:
                kept.append(fitting)
            elif (question := self._question(execution, kept, line)) is not None:
                asked.append(question)
            else:
                dropped.append(replace(line, dropped=self._why(execution, kept, line)))
        if not kept and not asked:
            return Verdict(stopped=tuple(found))
        return Verdict(lines=tuple(kept), asked=tuple(asked), dropped=tuple(dropped))

    def _fitting(
        self, execution: Execution, kept: Sequence[ExecutionLine], line: ExecutionLine
    ) -> ExecutionLine | None:
        """The line, else with the first substitute, that may go out beside those that do."""
        return next((one for one in self._options(execution, line) if not self.against(execution, (*kept, one))), None)

    def _question(
        self, execution: Execution, kept: Sequence[ExecutionLine], line: ExecutionLine
    ) -> ExecutionLine | None:
        """The line at today's price, where only what it costs, or that it must be asked about, is in the way."""
        if execution.rung is Rung.APPROVE:
            return None
        for one in self._options(execution, line):
            if all(_may_be_asked(said) for said in self.against(execution, (*kept, one))):
                today = self._today(one)
                asks = replace(execution, rung=Rung.APPROVE, approved_at=self.now, mandate_id=None)
                barred = self.against(asks, (today,)) or self._barred(line.need, one.item_id)
                return None if barred else today
        return None

    def _options(self, execution: Execution, line: ExecutionLine) -> Sequence[ExecutionLine]:
        """The line as it is; where its item is not to be had, the line with each signed substitute too."""
        mandate = substitutes.mandate_of(execution, self.context)
        gone = any(one.rule in OUT_OF_STOCK for one in self.against(execution, (line,)))
        if mandate is None or not gone:
            return (line,)
        return (line, *substitutes.candidates(line, execution, mandate, self.known(mandate.substitutes)))

    def _barred(self, need: str, item_id: str) -> bool:
        """Whether the customer does not want to be asked about it either."""
        category = self.known([item_id])[item_id].category
        return bool(agency.removals(self.context, Rung.APPROVE, need, category, self.now))

    def _today(self, line: ExecutionLine) -> ExecutionLine:
        price = self.known([line.item_id])[line.item_id].price
        return line if price is None else replace(line, unit_price=price)

    def _why(self, execution: Execution, kept: Sequence[ExecutionLine], line: ExecutionLine) -> str:
        return reason_of(self.against(execution, (line,)) or self.against(execution, (*kept, line)))

    def against(self, execution: Execution, lines: Sequence[ExecutionLine]) -> list[Objection]:
        """What speaks against placing these lines of it now."""
        part, total = execution, total_of(lines)
        if tuple(lines) != execution.lines or total != execution.total:
            part = replace(execution, lines=tuple(lines), total=total)
        items = self.known([one.item_id for one in lines])
        return ordering.objections(part, self.context, self.now, items, self.house, self.policy)

    def known(self, ids: Collection[str]) -> Mapping[str, Item]:
        """Those of the items that there are, beside others."""
        missing = [id for id in ids if id not in self.items]
        return {**self.items, **self.more(missing)} if missing else self.items


def reason_of(found: Sequence[Objection]) -> str:
    """The rules of objections, as the ledger keeps them."""
    return ",".join(dict.fromkeys(one.rule for one in found))


def _may_be_asked(said: Objection) -> bool:
    """Whether the customer's yes would do away with it."""
    return said.rule in ASKS or said.rule.startswith(ASKING)


def _ends(said: Objection) -> bool:
    """Whether waiting cannot help: consent, control, a stop of the house, or its time is over."""
    return said.stage in (Stage.CAPABILITY, Stage.CEILING, Stage.ELIGIBILITY)


def _closed(mandate_id: str) -> Objection:
    return Objection(stage=Stage.MANDATE, rule="mandate.window", detail={"mandate_id": mandate_id})
