"""What may stand in for an item: the list that the customer signed, in its order, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from engine.domain.context import Context
from engine.domain.customers import Mandate
from engine.domain.executions import Execution, ExecutionLine
from engine.domain.shopping import Item


def mandate_of(execution: Execution, context: Context) -> Mandate | None:
    """The mandate that an execution draws on, in force or not."""
    return next((one for one in context.mandates if one.mandate_id == execution.mandate_id), None)


def listed(line: ExecutionLine, mandate: Mandate) -> tuple[str, ...]:
    """The items further down the signed list than the one of the line.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from engine.domain.values import Money
    >>> long_ago = datetime(2017, 1, 1, tzinfo=UTC)
    >>> signed = Mandate(mandate_id="m", customer_id="c", substitutes=("i2", "i3"), signed_at=long_ago)
    >>> price = Money(minor=499, currency="USD")
    >>> line = ExecutionLine(item_id="i2", need="coffee", cycle="1", quantity=1, unit_price=price)
    >>> listed(line, signed)
    ('i3',)
    """
    order = mandate.substitutes
    return order[order.index(line.item_id) + 1 :] if line.item_id in order else order


def stands_in(item: Item, need: str, mandate: Mandate) -> bool:
    """Whether a listed item is meant for this need: it is of its kind, or the mandate is about one thing only."""
    return item.family == need or len(mandate.families) + len(mandate.items) == 1


def candidates(
    line: ExecutionLine, execution: Execution, mandate: Mandate, items: Mapping[str, Item]
) -> list[ExecutionLine]:
    """The line with each item that may stand in for its own, the first of the list first, at the announced price."""
    taken = {one.item_id for one in (*execution.lines, *execution.dropped)}
    found = [items[id] for id in listed(line, mandate) if id in items and id not in taken]
    return [_standing_in(line, item) for item in found if stands_in(item, line.need, mandate)]


def _standing_in(line: ExecutionLine, item: Item) -> ExecutionLine:
    return ExecutionLine(
        item_id=item.item_id,
        need=line.need,
        cycle=line.cycle,
        quantity=line.quantity,
        unit_price=line.unit_price,
        instead_of=line.instead_of or line.item_id,
    )
