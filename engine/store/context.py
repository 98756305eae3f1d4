"""Everything a decision may look at, read in a few questions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.domain.context import Context, resolved
from engine.domain.customers import Grant, Preferences
from engine.domain.history import History
from engine.domain.signals import Record
from engine.domain.values import parse_zone
from engine.store import (
    consents,
    customers,
    decisions,
    events,
    executions,
    goals,
    ladders,
    mandates,
    nudges,
    orders,
    preferences,
)
from engine.store.database import Tx

EVENTS = timedelta(days=30)
EXECUTIONS = timedelta(days=400)
MESSAGES = timedelta(days=7)
SHOWN = timedelta(days=28)


def read(tx: Tx, customer_id: str, now: datetime, *, zone: ZoneInfo, personalization_default: Grant) -> Context:
    """The customer as known at ``now``; anonymous where there is no such customer.

    Parameters
    ----------
    zone : of the business, for customers who have none of their own
    """
    found = read_many(tx, [customer_id], now, zone=zone, personalization_default=personalization_default)
    return found.get(customer_id) or Context.anonymous(customer_id, zone, personalization_default)


def read_many(
    tx: Tx, customer_ids: Collection[str], now: datetime, *, zone: ZoneInfo, personalization_default: Grant
) -> dict[str, Context]:
    """Those of the customers who are known, as known at ``now``."""
    known = customers.get_many(tx, customer_ids)
    ids = list(known)
    histories = orders.histories(tx, ids, before=now)
    said, preferred = consents.current_many(tx, ids), preferences.get_many(tx, ids)
    signed, wished = mandates.of_customers(tx, ids), goals.of_customers(tx, ids)
    happened = events.recent(tx, ids, now - EVENTS, now)
    acted, sent = executions.of_customers(tx, ids, now - EXECUTIONS), nudges.messages(tx, ids, now - MESSAGES)
    shown = decisions.shown(tx, ids, now - SHOWN, now)
    spoken = nudges.coached(tx, ids, now - MESSAGES)
    conduct = ladders.records(tx, ids, now)
    return {
        id: Context(
            customer=customer,
            known=True,
            zone=parse_zone(customer.timezone) if customer.timezone else zone,
            history=histories.get(id) or History.empty(),
            events=happened.get(id, ()),
            shown=shown.get(id, ()),
            preferences=preferred.get(id, Preferences()),
            consents=resolved(said.get(id, {}), personalization_default),
            mandates=signed.get(id, ()),
            goals=tuple(goal for goal in wished.get(id, ()) if goal.ended_at is None or goal.ended_at > now),
            executions=acted.get(id, ()),
            messages=sent.get(id, ()),
            coached=spoken.get(id, {}),
            record=conduct.get(id, Record()),
        )
        for id, customer in known.items()
    }


def for_placing(
    tx: Tx, customer_ids: Collection[str], now: datetime, *, zone: ZoneInfo, personalization_default: Grant
) -> dict[str, Context]:
    """The same with what the instant of placing looks at, and nothing else.

    These are settings, consents, mandates, purchases and executions. What happened on the way, what was shown, wished
    and said decides whether something is planned, not whether what was planned may be placed.
    """
    known = customers.get_many(tx, customer_ids)
    ids = list(known)
    histories, acted = orders.histories(tx, ids, before=now), executions.of_customers(tx, ids, now - EXECUTIONS)
    said, preferred = consents.current_many(tx, ids), preferences.get_many(tx, ids)
    signed = mandates.of_customers(tx, ids)
    return {
        id: Context(
            customer=customer,
            known=True,
            zone=parse_zone(customer.timezone) if customer.timezone else zone,
            history=histories.get(id) or History.empty(),
            preferences=preferred.get(id, Preferences()),
            consents=resolved(said.get(id, {}), personalization_default),
            mandates=signed.get(id, ()),
            executions=acted.get(id, ()),
        )
        for id, customer in known.items()
    }
