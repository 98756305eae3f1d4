"""What customers are told of their orders after the announcement: placed, not placed, asked about, paid in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from engine.domain.context import Context
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes import attention, phrases
from modes.words import Words


def placed(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That an order was placed."""
    words, total = _words(context), execution.total
    lines, day = listed(execution.lines, items, words), execution.deliver_by
    if day is None:
        text = words.say("placed", lines=lines, total=str(total))
    else:
        arrives = phrases.arrival(day, execution.slot, None, words)
        text = words.say("placed-arrives", lines=lines, total=str(total), arrival=arrives)
    facts = {"order_id": execution.order_id, "total": total.decimal(), "currency": total.currency}
    return message(execution, context, now, NudgeKind.PLACED, text, facts)


def refused(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That an order was not placed, and why."""
    words = _words(context)
    text = words.say("refused", lines=listed(execution.lines, items, words), why=because(execution.reason, words))
    return message(execution, context, now, NudgeKind.REFUSED, text, {"reason": execution.reason})


def failed(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That the shop has no order of what was sent to it."""
    words = _words(context)
    text = words.say("refused", lines=listed(execution.lines, items, words), why=words.say("because-failed"))
    return message(execution, context, now, NudgeKind.REFUSED, text, {"reason": State.FAILED.value})


def left_out(
    execution: Execution, lines: Sequence[ExecutionLine], context: Context, now: datetime, items: Mapping[str, Item]
) -> Nudge:
    """That lines were left out of an order that goes on without them, each with its reason."""
    words = _words(context)
    parts = [
        words.say("left-out", lines=listed([line], items, words), why=because(line.dropped, words)) for line in lines
    ]
    facts = {"lines": [{"item_id": line.item_id, "reason": line.dropped} for line in lines]}
    text = words.say("left-out-rest", lines="; ".join(parts))
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
    words = _words(context)
    why = "; ".join(_now_costs(line, announced[line.need], items, words) for line in execution.lines)
    what = words.say("priced", lines=listed(execution.lines, items, words), total=str(execution.total))
    text = words.say("execution-approve", why=why, what=what, when=words.when(execution.due_at, context.zone))
    return message(execution, context, now, NudgeKind.APPROVAL, text, facts(execution))


def unpaid(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge:
    """That the payment of an order failed, and when it is tried again.

    Parameters
    ----------
    execution : the one that tries again
    """
    words = _words(context)
    again = words.when(execution.due_at, context.zone)
    text = words.say("unpaid", lines=listed(execution.lines, items, words), when=again)
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
        text=f"{_words(context).say('test-order')} {text}" if execution.test else text,
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
        **_promised(execution),
    }


def _promised(execution: Execution) -> dict[str, object]:
    """The day that an order is promised for, where one is."""
    if execution.deliver_by is None:
        return {}
    return {"deliver_by": execution.deliver_by.isoformat(), "slot": execution.slot}


def listed(lines: Sequence[ExecutionLine], items: Mapping[str, Item], words: Words) -> str:
    """Quantities and names."""
    return phrases.lines([(line.quantity, name(line.item_id, items)) for line in lines], words)


def name(item_id: str, items: Mapping[str, Item]) -> str:
    """What the item is called."""
    return (items[item_id].name if item_id in items else None) or item_id


def because(reason: str | None, words: Words) -> str:
    """Why, as the end of a sentence; only what the customer can make something of is told.

    Examples
    --------
    >>> because("item.unavailable,mandate.budget", Words.of("en"))
    'it is not available'
    """
    first = (reason or "").split(",")[0]
    key = "because-rule" if first.startswith("rule.") else f"because-{first.replace('.', '-')}"
    return words.say(key if words.knows(key) else "because-else")


def _now_costs(line: ExecutionLine, announced: Money, items: Mapping[str, Item], words: Words) -> str:
    what, price = name(line.item_id, items), str(line.unit_price)
    if line.unit_price == announced:
        return words.say("costs", name=what, price=price)
    return words.say("costs-now", name=what, price=price, announced=str(announced))


def _words(context: Context) -> Words:
    return Words.of(context.customer.locale)
