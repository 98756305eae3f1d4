"""The instant of placing: what speaks against an order now, at which prices it goes out, what the customer is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from engine.domain.context import Context
from engine.domain.decisions import Stage
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.house import House
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.shopping import Item
from modes import agency, attention, rules
from modes.explain import arrival
from modes.rules import Objection

STALE = timedelta(days=3)  # an order that could not be placed for so long is no longer expected
LEFT_OUT = (
    "preferences.paused",
    "execution.stale",
    "need.met",
)  # not this time; whatever else speaks against it refuses it
SENTENCES = {
    "out_of_stock": "it is out of stock",
    "item.unavailable": "it is not available",
    "price_changed": "its price has changed",
    "item.price_risen": "its price has risen",
    "payment_failed": "the payment did not go through",
    "mandate.budget": "the budget you set would be exceeded",
    "mandate.price_high": "its price is above what you allowed",
}


def objections(
    execution: Execution, context: Context, now: datetime, items: Mapping[str, Item], house: House
) -> list[Objection]:
    """Everything that speaks against placing a due execution now; empty where it may be placed."""
    found = [*_timing(execution, context, now), *rules.at_placing(execution, context, now, items)]
    known = {(one.rule, one.detail.get("item_id")) for one in found}
    return found + [one for one in _risen(execution, items) if (one.rule, one.detail["item_id"]) not in known]


def _timing(execution: Execution, context: Context, now: datetime) -> list[Objection]:
    found = []
    if agency.paused(context.preferences, now):
        found.append(Objection(stage=Stage.CEILING, rule="preferences.paused"))
    if now - execution.due_at > STALE:
        found.append(Objection(stage=Stage.ELIGIBILITY, rule="execution.stale"))
    return found


def _risen(execution: Execution, items: Mapping[str, Item]) -> list[Objection]:
    """No order costs more than what was announced, whatever band was signed."""
    return [
        Objection(stage=Stage.AVAILABILITY, rule="item.price_risen", detail={"item_id": line.item_id})
        for line in execution.lines
        if _price(line, items) > line.unit_price.minor
    ]


def stops_at(found: Sequence[Objection]) -> State:
    """Where objections lead: left out this time, or refused."""
    return State.SKIPPED if any(one.rule in LEFT_OUT for one in found) else State.REFUSED


def repriced(execution: Execution, items: Mapping[str, Item]) -> Execution:
    """The execution at today's prices, which are those announced or lower."""
    return replace(execution, lines=tuple(_cheaper(line, items) for line in execution.lines))


def _cheaper(line: ExecutionLine, items: Mapping[str, Item]) -> ExecutionLine:
    minor = min(_price(line, items), line.unit_price.minor)
    return replace(line, unit_price=replace(line.unit_price, minor=minor))


def _price(line: ExecutionLine, items: Mapping[str, Item]) -> int:
    """Today's price in minor units; the announced one where the catalogue has none in its currency."""
    price = items[line.item_id].price if line.item_id in items else None
    same = price is not None and price.currency == line.unit_price.currency
    return price.minor if price is not None and same else line.unit_price.minor


def notice(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge | None:
    """What the customer is told of a placed or refused order, outside their quiet hours; None of any other."""
    if execution.state not in (State.PLACED, State.REFUSED):
        return None
    placed = execution.state is State.PLACED
    return Nudge(
        nudge_id=uuid4().hex,
        customer_id=execution.customer_id,
        kind=NudgeKind.PLACED if placed else NudgeKind.REFUSED,
        text=_placed_text(execution, items) if placed else _refused_text(execution, items),
        facts={"order_id": execution.order_id, "total": execution.total.decimal(), "currency": execution.total.currency}
        if placed
        else {"reason": execution.reason},
        execution_id=execution.execution_id,
        decision_id=execution.decision_id,
        created_at=now,
        send_at=attention.send_at(now, context.preferences.quiet_hours, context.zone),
    )


def _placed_text(execution: Execution, items: Mapping[str, Item]) -> str:
    day = execution.deliver_by
    arrives = "" if day is None else f", to arrive on {arrival(day, execution.slot, None)}"
    return f"Ordered for you: {_listed(execution, items)}, {execution.total} in all{arrives}."


def _refused_text(execution: Execution, items: Mapping[str, Item]) -> str:
    why = SENTENCES.get((execution.reason or "").split(",")[0], "what you set does not allow it now")
    return f"Not ordered: {_listed(execution, items)}, because {why}."


def _listed(execution: Execution, items: Mapping[str, Item]) -> str:
    return ", ".join(f"{line.quantity} × {_name(line.item_id, items)}" for line in execution.lines)


def _name(item_id: str, items: Mapping[str, Item]) -> str:
    return (items[item_id].name if item_id in items else None) or item_id
