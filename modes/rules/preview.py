"""What rules would have changed about executions that are planned or were made: before they are in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.domain.context import Context
from engine.domain.decisions import Rung
from engine.domain.executions import STOPPABLE, Execution
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.rules import Cap, Counted, Rule
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes.rules.facts import Subject
from modes.rules.judging import Judgment, after, judged, subjects_of
from modes.rules.mandates import Objection


class Change(StrEnum):
    """What would have been otherwise."""

    FORBIDDEN = "forbidden"
    ASKED_FIRST = "asked_first"
    GATE_RAISED = "gate_raised"  # above what it was sure of
    CAPPED = "capped"
    WINDOW = "window"
    GATEWAY = "gateway"
    FAILED = "failed"  # the rule could not be told true or false of it


_CHANGES = {
    "forbid": Change.FORBIDDEN,
    "require_approval": Change.ASKED_FIRST,
    "raise_gate": Change.GATE_RAISED,
    "cap": Change.CAPPED,
    "failed": Change.FAILED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One rule's change to one execution."""

    rule_id: str
    change: Change
    detail: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """An execution that would have been otherwise."""

    execution: Execution
    changes: tuple[Changed, ...]

    @property
    def planned(self) -> bool:
        """Whether it is still to come."""
        return self.execution.state in STOPPABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """How many executions and customers, and how much money."""

    executions: int
    customers: int
    money: tuple[Money, ...]  # by currency

    @classmethod
    def of(cls, some: Iterable[Execution]) -> Sum:
        """Of these executions."""
        found, money = list(some), dict[str, int]()
        for one in found:
            money[one.total.currency] = money.get(one.total.currency, 0) + one.total.minor
        return cls(
            executions=len(found),
            customers=len({one.customer_id for one in found}),
            money=tuple(Money(minor=minor, currency=currency) for currency, minor in sorted(money.items())),
        )


def touched(
    some: Iterable[Execution],
    contexts: Mapping[str, Context],
    items: Mapping[str, Item],
    rules: Sequence[Rule],
    zone: ZoneInfo,
) -> list[Touched]:
    """What rules would have changed, as if they had been in force all the time; earliest placed first.

    Each execution is judged with the history and the prices as of its decision; names, categories, availability and
    attributes of items, what is known of the customer, and mandates are those of today. A cap begins to count with
    the first execution that is looked at.

    Parameters
    ----------
    contexts : of the customers, as they are now
    zone : of the business
    """
    house, found = House(rules=tuple(rules), zone=zone), list[Touched]()
    for one in sorted(some, key=lambda one: (_placed(one), one.execution_id)):
        if one.customer_id not in contexts:
            continue
        judgment = looked_back(one, contexts[one.customer_id], items, house)
        if not judgment.objections:
            house = replace(house, uses=after(house.uses, judgment.counted))
        changes = tuple(_changes(one, judgment))
        found += [Touched(execution=one, changes=changes)] if changes else []
    return found


def looked_back(execution: Execution, context: Context, items: Mapping[str, Item], house: House) -> Judgment:
    """What the rules of a house say of an execution, as of its decision."""
    subjects = as_of_decision(execution, context, items)
    return judged(subjects, house, threshold=execution.threshold, due=lambda window: _placed(execution))


def counted(
    execution: Execution, context: Context, items: Mapping[str, Item], rule: Rule, zone: ZoneInfo
) -> Sequence[Counted]:
    """What an execution that was made or planned before a cap adds to it."""
    assert isinstance(rule.effect, Cap)
    return looked_back(execution, context, items, House(rules=(rule,), zone=zone)).counted


def as_of_decision(execution: Execution, context: Context, items: Mapping[str, Item]) -> tuple[Subject, ...]:
    """The lines of an execution as rules would have seen them when it was decided, as far as that is kept."""
    at = execution.created_at
    then = replace(
        context,
        history=context.history.before(day_of(at)),
        executions=tuple(one for one in context.executions if one.created_at < at),
    )
    priced = {
        line.item_id: replace(items[line.item_id], price=line.unit_price)
        for line in execution.lines
        if line.item_id in items
    }
    return subjects_of(execution, then, at, priced)


def _placed(execution: Execution) -> datetime:
    return execution.placed_at or execution.due_at


def _changes(execution: Execution, judgment: Judgment) -> Iterator[Changed]:
    for one in judgment.objections:
        yield _changed(one)
    window, given = judgment.veto_window, _window(execution)
    if execution.rung is Rung.VETO and window is not None and given is not None and window != given:
        yield _otherwise(judgment, "veto_window", Change.WINDOW, _hours(given), _hours(window))
    if judgment.gateway is not None and judgment.gateway != execution.gateway:
        yield _otherwise(judgment, "gateway", Change.GATEWAY, execution.gateway, judgment.gateway)


def _changed(said: Objection) -> Changed:
    hidden = ("rule_id", "version", "says")
    return Changed(
        rule_id=str(said.detail["rule_id"]),
        change=_CHANGES[said.rule.split(".")[1]],
        detail={name: value for name, value in said.detail.items() if name not in hidden},
    )


def _otherwise(judgment: Judgment, kind: str, change: Change, before: object, now: object) -> Changed:
    rule = next(one for one in judgment.rules if one.effect.kind == kind)
    return Changed(rule_id=rule.rule_id, change=change, detail={"from": before, "to": now})


def _window(execution: Execution) -> timedelta | None:
    return None if execution.announced_at is None else execution.due_at - execution.announced_at


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):g}h"
