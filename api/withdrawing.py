"""What a customer takes back stops what rests on it, and they are told what will not be ordered."""

from __future__ import annotations

from datetime import datetime

from api.routes import caller
from api.service import service
from engine.domain.customers import Purpose
from engine.store import items, nudges, withdrawing
from engine.store.database import Tx
from modes import capability, notices

NEEDED = (Purpose.AUTOMATION, Purpose.PERSONALIZATION)  # for any order that is made for somebody


def after_consents(tx: Tx, customer_id: str, now: datetime) -> None:
    """Cancel everything pending of a customer who does not grant any more what it needs."""
    context = service().context(tx, customer_id, now)
    gone = next((purpose for purpose in NEEDED if not capability.granted(context, purpose)), None)
    if gone is not None:
        cancel(tx, customer_id, f"consents.{gone}", now)


def cancel(tx: Tx, customer_id: str, reason: str, now: datetime, mandate_id: str | None = None) -> None:
    """Cancel what is pending, all of it or under one mandate, and tell the customer of each."""
    stopped = withdrawing.cancel(tx, customer_id, reason, caller().actor, now, mandate_id)
    if not stopped:
        return
    context = service().context(tx, customer_id, now)
    known = items.get_many(tx, {line.item_id for one in stopped for line in one.lines})
    nudges.add(tx, [notices.refused(one, context, now, known) for one in stopped])
