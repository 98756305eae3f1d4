"""How many orders the slots of each day are promised to. An execution takes its place, and gives it back where it ends.

Whoever changes a place waits for all who did until their transactions end, as the last thing a transaction waits for:
so places are counted right and nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select, update

from engine.domain.calendar import Arrival
from engine.domain.executions import Execution, State
from engine.errors import Outdated
from engine.store import calendars
from engine.store.database import Tx
from engine.store.rows import add_missing, lock
from engine.store.tables import executions
from engine.store.tables import slot_bookings as table

GIVEN_BACK = (State.VETOED, State.SKIPPED, State.REFUSED, State.FAILED)  # nothing is delivered


def since(tx: Tx, first: date) -> dict[Arrival, int]:
    """The places taken, from a day on."""
    rows = tx.execute(select(table).where(table.c.day >= first, table.c.taken > 0))
    return {Arrival(day=row.day, slot=row.slot): row.taken for row in rows}


def take(tx: Tx, arrival: Arrival) -> bool:
    """Take a place in a slot of a day; False where there is none left, or no such slot."""
    calendar = calendars.current(tx)
    slot = None if calendar is None else calendar.slot(arrival.slot)
    return slot is not None and _take(tx, arrival, slot.capacity)


def follow(tx: Tx, before: Execution | None, after: Execution) -> None:
    """Take and give back places as an execution comes into being or moves.

    Raises
    ------
    Outdated
        where the slot it is promised for is full by now
    """
    had, has = None if before is None else place(before), place(after)
    if had == has:
        return
    if has is not None and not take(tx, has):
        if before is None or before.state not in GIVEN_BACK:
            raise Outdated(f"the slot {has.slot!r} of {has.day} is full by now")
        _take(tx, has, None)  # it was placed after all: the place is taken, whether there was one or not
    if had is not None:
        give_back(tx, [had])


def give_back(tx: Tx, places: Iterable[Arrival]) -> None:
    """Give places in slots back."""
    for arrival in places:
        lock(tx, "slot_bookings")
        taken = and_(_is(arrival), table.c.taken > 0)
        tx.execute(update(table).where(taken).values(taken=table.c.taken - 1))


def place(execution: Execution) -> Arrival | None:
    """The place that an execution has; None where it has none in a slot."""
    if execution.deliver_by is None or execution.slot is None or execution.state in GIVEN_BACK:
        return None
    return Arrival(day=execution.deliver_by, slot=execution.slot)


def short(tx: Tx) -> int:
    """Slots of days that are promised to more executions than are counted; 0 in a healthy place."""
    e = executions.c
    promised = (
        select(e.deliver_by, e.slot, func.count().label("n"))
        .where(e.deliver_by.is_not(None), e.slot.is_not(None), e.state.not_in([one.value for one in GIVEN_BACK]))
        .group_by(e.deliver_by, e.slot)
        .subquery()
    )
    same = and_(table.c.day == promised.c.deliver_by, table.c.slot == promised.c.slot)
    counted = select(promised.c.n).join_from(promised, table, same, isouter=True)
    missing = counted.where(func.coalesce(table.c.taken, 0) < promised.c.n)
    return tx.scalar(select(func.count()).select_from(missing.subquery())) or 0


def _take(tx: Tx, arrival: Arrival, capacity: int | None) -> bool:
    lock(tx, "slot_bookings")
    add_missing(tx, table, ["day", "slot"], [{"day": arrival.day, "slot": arrival.slot, "taken": 0}])
    free = _is(arrival) if capacity is None else and_(_is(arrival), table.c.taken < capacity)
    return tx.execute(update(table).where(free).values(taken=table.c.taken + 1)).rowcount == 1


def _is(arrival: Arrival) -> ColumnElement[bool]:
    return and_(table.c.day == arrival.day, table.c.slot == arrival.slot)
