"""What a customer may change of an order before it is placed: another item of the signed list, another quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine.domain.context import Context
from engine.domain.customers import Mandate
from engine.domain.decisions import DraftLine, Rung, Stage
from engine.domain.executions import Execution, ExecutionLine, total_of
from engine.domain.shopping import Item
from engine.errors import InputError
from modes import rules, substitutes
from modes.rules import Objection


def line_of(execution: Execution, item_id: str | None, field: str) -> ExecutionLine:
    """The line that is meant: the one of the item, or the only one.

    Raises
    ------
    InputError
        naming ``field``, where there is no such line, or several and none is named
    """
    found = [line for line in execution.lines if item_id in (None, line.item_id)]
    if len(found) != 1:
        names = ", ".join(line.item_id for line in execution.lines)
        raise InputError.of(field, f"one of {names}", item_id)
    return found[0]


def swapped(
    execution: Execution, line: ExecutionLine, item_id: str, context: Context, now: datetime, items: Mapping[str, Item]
) -> ExecutionLine:
    """The line with another item of the signed list, at that item's price of today.

    Raises
    ------
    InputError
        where the item is not on the list, or has no price in the order's currency
    """
    listed = choices(execution, line, context, now)
    if item_id not in listed:
        names = ", ".join(listed) or "none"
        raise InputError.of("item_id", f"one of what you signed to stand in for it: {names}", item_id)
    price = items[item_id].price if item_id in items else None
    if price is None or price.currency != execution.total.currency:
        raise InputError.of("item_id", f"an item with a price in {execution.total.currency}", item_id)
    first = line.instead_of or line.item_id
    return replace(line, item_id=item_id, unit_price=price, instead_of=None if item_id == first else first)


def choices(execution: Execution, line: ExecutionLine, context: Context, now: datetime) -> list[str]:
    """The items the customer may have in place of the line's own, in the signed order; what was announced is one."""
    mandate = terms(execution, line, context, now)
    listed = () if mandate is None else mandate.substitutes
    taken = {one.item_id for one in (*execution.lines, *execution.dropped)}
    meant = (*((line.instead_of,) if line.instead_of else ()), *listed)
    return [id for id in dict.fromkeys(meant) if id not in taken]


def terms(execution: Execution, line: ExecutionLine, context: Context, now: datetime) -> Mandate | None:
    """What was signed for the line: the mandate it draws on; of one that asks first the latest that covers it."""
    if execution.rung is not Rung.APPROVE:
        return substitutes.mandate_of(execution, context)
    live = [one for one in context.mandates if one.live(now) and one.covers(line.item_id, line.need)]
    return max(live, key=lambda one: (one.signed_at, one.mandate_id), default=None)


def objections(
    execution: Execution, line: ExecutionLine, context: Context, now: datetime, items: Mapping[str, Item]
) -> list[Objection]:
    """What speaks against the order with the line as it is wanted, when it is due.

    Parameters
    ----------
    line : as it is wanted; it takes the place of the one of the same need
    """
    lines = [line if one.need == line.need else one for one in execution.lines]
    found = [] if _there(line, items) else [_gone(line)]
    mandate = terms(execution, line, context, now)
    if mandate is None and execution.rung is Rung.APPROVE:
        return found  # nothing was signed, so that every order is asked about
    at, drafts = max(now, execution.due_at), [_draft(one) for one in lines]
    return found + rules.objections(drafts, mandate, context, at, execution_id=execution.execution_id)


def may_swap(
    execution: Execution, line: ExecutionLine, item_id: str, context: Context, now: datetime, items: Mapping[str, Item]
) -> bool:
    """Whether the item could be had in place of the line's own."""
    try:
        wanted = swapped(execution, line, item_id, context, now, items)
    except InputError:
        return False
    return not objections(execution, wanted, context, now, items)


def may_change(
    execution: Execution, line: ExecutionLine, quantity: int, context: Context, now: datetime, items: Mapping[str, Item]
) -> bool:
    """Whether so many could be had."""
    return quantity > 0 and not objections(execution, replace(line, quantity=quantity), context, now, items)


def with_line(execution: Execution, line: ExecutionLine) -> Execution:
    """The order with a line in place of the one of the same need."""
    lines = tuple(line if one.need == line.need else one for one in execution.lines)
    return replace(execution, lines=lines, total=total_of(lines))


def _there(line: ExecutionLine, items: Mapping[str, Item]) -> bool:
    return line.item_id in items and items[line.item_id].available


def _gone(line: ExecutionLine) -> Objection:
    return Objection(stage=Stage.AVAILABILITY, rule="item.unavailable", detail={"item_id": line.item_id})


def _draft(line: ExecutionLine) -> DraftLine:
    return DraftLine(item_id=line.item_id, family=line.need, quantity=line.quantity, unit_price=line.unit_price)
