"""What a batch of executions is looked at with, what one of it becomes by that, and what customers are told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant
from engine.domain.executions import Execution
from engine.domain.house import House
from engine.domain.rules import Counted
from engine.domain.shopping import Item
from engine.errors import Outdated
from engine.store import context as contexts
from engine.store import executions, house, items, nudges
from engine.store.database import Tx, apart
from modes import delivery, ordering
from modes.rules import judging


@dataclass(kw_only=True, slots=True)
class Surroundings:
    """What a batch of executions is looked at with; what the batch places is added to it."""

    customers: dict[str, Context]
    catalogue: Mapping[str, Item]
    house: House  # what operators set
    read_at: float  # when that was read, seconds of the steady clock
    latest: datetime  # the instant by the faster clock, where two disagree


def set_out(tx: Tx, ready: Execution, around: Surroundings, now: datetime) -> Execution:
    """One that goes out: with a promise that can be kept, and what it counts against caps."""
    promised = _promised(tx, ready, around, now)
    counted = _counted(promised, around, now)
    return promised if counted == promised.counted else replace(promised, counted=counted)


def _promised(tx: Tx, execution: Execution, around: Surroundings, now: datetime) -> Execution:
    """The execution with a promise that can be kept: its own, or where it is too late for that, the next there is."""
    calendar = around.house.calendar
    if calendar is None:
        return execution
    categories = {id: item.category for id, item in around.catalogue.items()}
    for arrival in delivery.possible(execution, categories, calendar, around.house.booked, now):
        try:
            with apart(tx):
                return executions.promise(tx, execution, arrival, now)
        except Outdated:  # the last place went to somebody else
            continue
    return execution


def remember(around: Surroundings, execution: Execution) -> None:
    """Let the next execution of the same customer see that this one is being placed."""
    context = around.customers[execution.customer_id]
    others = [one for one in context.executions if one.execution_id != execution.execution_id]
    around.customers[execution.customer_id] = replace(context, executions=(*others, execution))
    around.house = replace(around.house, uses=judging.after(around.house.uses, execution.counted))


def _counted(execution: Execution, around: Surroundings, now: datetime) -> tuple[Counted, ...]:
    return ordering.counted(execution, around.customers[execution.customer_id], now, around.catalogue, around.house)


def tell(tx: Tx, execution: Execution, settings: Settings, now: datetime) -> None:
    """Let the customer know what became of one order, outside any batch."""
    default = Grant(settings.personalization_default)
    id = execution.customer_id
    found = contexts.read_many(tx, {id}, now, zone=settings.timezone, personalization_default=default)
    catalogue = items.get_many(tx, {line.item_id for line in execution.lines})
    around = Surroundings(
        customers=found, catalogue=catalogue, house=house.read(tx, now), read_at=time.monotonic(), latest=now
    )
    tell_all(tx, [(execution, around)], now)


def tell_all(tx: Tx, some: Sequence[tuple[Execution, Surroundings]], now: datetime) -> None:
    """Let customers know what became of orders of a batch."""
    notices = [
        ordering.notice(execution, around.customers[execution.customer_id], now, around.catalogue)
        for execution, around in some
    ]
    nudges.add(tx, [one for one in notices if one is not None])
