"""A decision and what follows from it, kept in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.decisions import Decision, Removal
from engine.domain.deeds import Deed
from engine.domain.executions import Execution
from engine.store import decisions, executions, nudges, rules
from engine.store.database import Tx
from engine.store.decisions import Document
from engine.store.rules import RuleFailed

Stored = Mapping[int, Execution]  # position of the experience -> its order


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """One decision with what is to be done about it."""

    decision: Decision
    deeds: Sequence[Deed]
    document: Callable[[Stored], Document]  # how it is kept, given the orders the ledger took


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A decision as it is kept, and its orders."""

    document: Document
    orders: Stored


def keep(tx: Tx, made: Sequence[Made], trigger: str, now: datetime) -> list[Kept]:
    """Keep decisions, their orders and their messages.

    The ledger does not take an order whose need has one under way, or had one in the same cycle; nobody is told of
    such an order.

    Raises
    ------
    Outdated
        where a slot that an order was promised for is full by now, or an order it joins is no longer waiting
    """
    stored = [_acted(tx, one, now) for one in made]
    kept = [Kept(document=one.document(orders), orders=orders) for one, orders in zip(made, stored, strict=True)]
    decisions.add_many(tx, [(one.decision, put.document) for one, put in zip(made, kept, strict=True)], trigger)
    rules.failed(tx, failed(one.decision for one in made), now)
    return kept


def failed(made: Iterable[Decision]) -> Counter[RuleFailed]:
    """Which rules could not be told true or false, their version, why, and of how many experiences."""
    experiences = (experience for one in made for experience in one.experiences)
    found = Counter[RuleFailed]()
    for experience in experiences:
        removals = (rung.removed_by for mode in experience.considered for rung in mode.rungs)
        found.update({_failure(one) for one in removals if one is not None and one.rule.startswith("rule.failed.")})
    return found


def _failure(removal: Removal) -> RuleFailed:
    detail = removal.detail
    return str(detail["rule_id"]), int(str(detail["version"])), str(detail["error"])


def _acted(tx: Tx, made: Made, now: datetime) -> Stored:
    orders: dict[int, Execution] = {}
    for deed in made.deeds:
        if deed.execution is not None:
            keep = executions.join if deed.joins else executions.add
            taken = keep(tx, deed.execution, now)
            if taken is None:
                continue
            orders |= dict.fromkeys((deed.position, *deed.also), taken)
        if deed.message is not None:
            nudges.add(tx, [deed.message])
    return orders
