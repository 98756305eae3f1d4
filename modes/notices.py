"""What customers are told of their orders after the announcement: placed, not placed, asked about, paid in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from engine.domain.context import Context
from engine.domain.executions import Execution, ExecutionLine
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes import attention

ELSE = "what you set does not allow it now"
TEST = "Test order, nothing is charged. "
SENTENCES = {
    "out_of_stock": "it is out of stock",
    "item.unavailable": "it is not available",
    "price_changed": "its price has changed",
    "item.price_risen": "its price has risen",
    "payment_failed": "the payment did not go through",
    "mandate.budget": "the budget you set would be exceeded",
    "mandate.order_limit": "the order would be above the limit you set",
    "mandate.price_high": "its price is above what you allowed",
    "mandate.missing": "you have not signed for it",
    "mandate.expired": "what you signed for it has run out",
    "mandate.revoked": "you took back what you signed for it",
    "consents.automation": "you took back that we may order for you",
    "consents.personalization": "you took back that we may use your orders",
}


def refused(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That an order was not placed, and why."""
    text = f"Not ordered: {listed(execution.lines, items)}, because {sentence(execution.reason)}."
    return message(execution, context, now, NudgeKind.REFUSED, text, {"reason": execution.reason})


def left_out(
    execution: Execution, lines: Sequence[ExecutionLine], context: Context, now: datetime, items: Mapping[str, Item]
) -> Nudge:
    """That lines were left out of an order that goes on without them, each with its reason."""
    parts = [f"{listed([line], items)}, because {sentence(line.dropped)}" for line in lines]
    facts = {"lines": [{"item_id": line.item_id, "reason": line.dropped} for line in lines]}
    text = f"Not ordered: {'; '.join(parts)}. The rest of the order goes on."
    return message(execution, context, now, NudgeKind.REFUSED, text, {"reason": lines[0].dropped, **facts})


def asked(
    execution: Execution,
    announced: Mapping[str, Money],
    context: Context,
    now: datetime,
    items: Mapping[str, Item],
) -> Nudge:
    """The question an order turns into when its price is no longer the one that was announced.

    Parameters
    ----------
    execution : the question, its lines at today's prices
    announced : need -> the price of one that was announced
    """
    parts = [_now_costs(line, announced[line.need], items) for line in execution.lines]
    what = f"shall we order {listed(execution.lines, items)} for {execution.total}?"
    text = f"{'; '.join(parts)}: {what} We ask until {when(execution.due_at, context.zone)}."
    return message(execution, context, now, NudgeKind.APPROVAL, text, facts(execution))


def unpaid(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That the payment of an order failed, and when it is tried again.

    Parameters
    ----------
    execution : the one that tries again
    """
    again = when(execution.due_at, context.zone)
    text = f"The payment for {listed(execution.lines, items)} did not go through. We try again at {again}."
    said = {"reason": "payment_failed", "retry_at": execution.due_at.isoformat()}
    return message(execution, context, now, NudgeKind.REFUSED, text, said)


def message(
    execution: Execution, context: Context, now: datetime, kind: NudgeKind, text: str, facts: Mapping[str, object]
) -> Nudge:
    """Words about an order, outside the customer's quiet hours; the same said twice of one order is one message."""
    return Nudge(
        nudge_id=str(uuid5(NAMESPACE_OID, f"{execution.execution_id}/{kind.value}/{now.isoformat()}/{text}")),
        customer_id=execution.customer_id,
        kind=kind,
        text=f"{TEST}{text}" if execution.test else text,
        facts={**facts, "test": True} if execution.test else facts,
        execution_id=execution.execution_id,
        decision_id=execution.decision_id,
        created_at=now,
        send_at=attention.send_at(now, context.preferences.quiet_hours, context.zone),
    )


def facts(execution: Execution) -> dict[str, object]:
    """What an announcement states beside its text: item, quantity, price, time, and what was signed.

    How to stop it are the links that are added when the message is fetched.
    """
    lines = [
        {"item_id": line.item_id, "quantity": line.quantity, "unit_price": line.unit_price.decimal()}
        for line in execution.lines
    ]
    return {
        "lines": lines,
        "total": execution.total.decimal(),
        "currency": execution.total.currency,
        "due_at": execution.due_at.isoformat(),
        "wording": execution.wording,
    }


def listed(lines: Sequence[ExecutionLine], items: Mapping[str, Item]) -> str:
    """Quantities and names."""
    return ", ".join(f"{line.quantity} × {name(line.item_id, items)}" for line in lines)


def name(item_id: str, items: Mapping[str, Item]) -> str:
    """What the item is called."""
    return (items[item_id].name if item_id in items else None) or item_id


def sentence(reason: str | None) -> str:
    """Why, as the end of a sentence.

    Examples
    --------
    >>> sentence("item.unavailable,mandate.budget")
    'it is not available'
    """
    return SENTENCES.get((reason or "").split(",")[0], ELSE)


def when(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the customer's clock and calendar show it."""
    local = at.astimezone(zone)
    return f"{local:%H:%M} on {local.day} {local:%B}"


def _now_costs(line: ExecutionLine, announced: Money, items: Mapping[str, Item]) -> str:
    if line.unit_price == announced:
        return f"{name(line.item_id, items)} costs {line.unit_price}"
    return f"{name(line.item_id, items)} costs {line.unit_price} now, and you were told {announced}"
