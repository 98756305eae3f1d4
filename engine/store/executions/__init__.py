"""Executions as they are kept, and what customers and operators do with them. The worker's side is ``ledger``."""

from engine.store.executions.adding import add, join, promise, put, taken_back
from engine.store.executions.moving import approve, lock_customers, locked, move, note, skip, snooze, veto
from engine.store.executions.reading import (
    attempts,
    by_state,
    counts,
    get,
    get_many,
    in_states,
    moved_between,
    moves,
    of_customer,
    of_customers,
    places,
    planned_or_placed,
    upcoming_page,
)
from engine.store.executions.rows import with_lines

__all__ = [
    "add",
    "approve",
    "attempts",
    "by_state",
    "counts",
    "get",
    "get_many",
    "in_states",
    "join",
    "lock_customers",
    "locked",
    "move",
    "moved_between",
    "moves",
    "note",
    "of_customer",
    "of_customers",
    "places",
    "planned_or_placed",
    "promise",
    "put",
    "skip",
    "snooze",
    "taken_back",
    "upcoming_page",
    "veto",
    "with_lines",
]
