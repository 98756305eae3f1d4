"""Settling by hand: what a person found out is written down, and the customer hears of it."""

from __future__ import annotations

from datetime import datetime

from engine.config import Settings
from engine.domain.customers import Grant
from engine.domain.executions import Execution
from engine.store import context as contexts
from engine.store import items, ledger, nudges
from engine.store.database import Tx
from modes import ordering


def settle(
    tx: Tx, settings: Settings, execution_id: str, order_id: str | None, actor: str, reason: str, now: datetime
) -> Execution:
    """``ledger.settle_by_hand``, with the message to the customer in the same transaction."""
    after = ledger.settle_by_hand(tx, execution_id, order_id, actor, reason, now)
    id, default = after.customer_id, Grant(settings.personalization_default)
    found = contexts.for_placing(tx, [id], now, zone=settings.timezone, personalization_default=default)
    catalogue = items.get_many(tx, [line.item_id for line in after.lines])
    told = ordering.notice(after, found[id], now, catalogue)
    if told is not None:
        nudges.add(tx, [told])
    return after
