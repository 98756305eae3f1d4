"""Test orders: made where they can go out, for the gateway that the operators' rules choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.executions import Execution
from engine.errors import Conflict, NotFound
from engine.store import context as contexts
from engine.store import house, items, trying
from engine.store.database import Tx
from modes import ordering
from modes.parameters import policy_of
from modes.rules import judging


def make(
    tx: Tx, settings: Settings, customer_id: str, wanted: Mapping[str, int], actor: str, now: datetime
) -> Execution:
    """A test order for a customer, due at once; whoever makes it has said yes to it. A stop lets it wait.

    Parameters
    ----------
    wanted : item -> how many; each of a family of its own

    Raises
    ------
    NotFound
        for an unknown customer
    InputError
        for an item that is unknown or has no price, for two of one family, or of several currencies
    Conflict
        where it would not go out, with everything that speaks against it
    """
    context = _context(tx, settings, customer_id, now)
    catalogue = items.get_many(tx, list(wanted))
    made = trying.drafted(customer_id, wanted, catalogue, now)
    set_up = house.read(tx, now, zone=settings.timezone, customers=[customer_id])
    made = replace(made, gateway=judging.at_placing(made, context, now, catalogue, set_up).gateway)
    against = ordering.objections(made, context, now, catalogue, replace(set_up, stops=()), policy_of(settings))
    if against:
        reasons = ", ".join(dict.fromkeys(one.rule for one in against))
        raise Conflict(f"a test order for {customer_id!r} would not go out: {reasons}")
    return trying.keep(tx, made, actor, now)


def _context(tx: Tx, settings: Settings, customer_id: str, now: datetime) -> Context:
    default = Grant(settings.personalization_default)
    found = contexts.for_placing(tx, [customer_id], now, zone=settings.timezone, personalization_default=default)
    if customer_id not in found:
        raise NotFound("customer", customer_id)
    return found[customer_id]
