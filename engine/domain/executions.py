"""An automatic order: its states, and the pure moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import reduce

from engine.domain.decisions import Rung
from engine.domain.rules import Counted
from engine.domain.values import Money
from engine.errors import Conflict


class State(StrEnum):
    """Where an execution stands."""

    PLANNED = "planned"  # found due
    ANNOUNCED = "announced"  # notice given
    WAITING = "waiting"  # the veto window runs, or approval is awaited
    PLACING = "placing"  # committed before the gateway is called
    PLACED = "placed"
    CONFIRMED = "confirmed"
    KEPT = "kept"
    RETURNED = "returned"
    VETOED = "vetoed"
    SKIPPED = "skipped"
    REFUSED = "refused"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"


STOPPABLE = (State.PLANNED, State.ANNOUNCED, State.WAITING)
OPEN = (*STOPPABLE, State.PLACING)
UNSETTLED = (*OPEN, State.NEEDS_REVIEW)  # while one of a need is, no other of that need is begun
SPENT = (State.PLACING, State.PLACED, State.CONFIRMED, State.KEPT, State.NEEDS_REVIEW)  # count against a budget

MOVES: dict[State, tuple[State, ...]] = {
    State.PLANNED: (State.ANNOUNCED, State.VETOED, State.SKIPPED, State.REFUSED),
    State.ANNOUNCED: (State.WAITING, State.VETOED, State.SKIPPED, State.REFUSED),
    State.WAITING: (State.WAITING, State.PLACING, State.VETOED, State.SKIPPED, State.REFUSED),
    State.PLACING: (State.PLACED, State.REFUSED, State.FAILED, State.NEEDS_REVIEW, State.WAITING),
    State.PLACED: (State.CONFIRMED, State.KEPT, State.RETURNED, State.REFUSED),  # by a shop that answers later
    State.CONFIRMED: (State.KEPT, State.RETURNED),
    State.NEEDS_REVIEW: (State.PLACED, State.FAILED),
    State.KEPT: (State.RETURNED,),
    State.FAILED: (State.PLACED,),  # reconcile found it at the gateway after all
    State.REFUSED: (),
    State.VETOED: (),
    State.SKIPPED: (),
    State.RETURNED: (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionLine:
    """One item of it; (customer, need, cycle) is unique over all executions."""

    item_id: str
    need: str  # the family
    cycle: str
    quantity: int
    unit_price: Money
    instead_of: str | None = None  # the item that was announced, where another of the signed list stands in for it
    dropped: str | None = None  # why it was left out of an order that went on without it
    probability: float | None = None  # that the need is real, where lines differ in it
    announced: Money | None = None  # what the customer was told; only where it is about to go out at a lower price

    def as_announced(self) -> ExecutionLine:
        """The line at the price that the customer was told."""
        return self if self.announced is None else replace(self, unit_price=self.announced, announced=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One automatic order with one or more lines. Its id is the idempotency key towards the gateway."""

    execution_id: str
    customer_id: str
    state: State
    rung: Rung
    lines: tuple[ExecutionLine, ...]
    total: Money
    mandate_id: str | None = None
    certificate_id: str | None = None
    decision_id: str | None = None
    probability: float | None = None
    due_at: datetime
    deliver_by: date | None = None  # the day promised; None: none is
    slot: str | None = None  # of that day, by its name in the shop's calendar
    announced_at: datetime | None = None
    approved_at: datetime | None = None
    placed_at: datetime | None = None
    order_id: str | None = None  # the gateway's
    gateway: str | None = None  # by name, where a rule chose one; None: the default one
    reason: str | None = None  # of the last move
    attempt: int = 0
    fence: int = 0
    dropped: tuple[ExecutionLine, ...] = ()  # lines that it went on without
    wording: str | None = None  # version of what was signed, as of the announcement
    put_off_from: datetime | None = None  # when it was due before it had to wait for a time at which it may be placed
    follows: str | None = None  # the refused execution that it carries on, or the one that it was parted from
    retries: int = 0  # of a payment that failed, before this one
    test: bool = False  # goes all the way and charges nobody
    threshold: float | None = None  # of its certificate when it was decided
    counted: tuple[Counted, ...] = ()  # what it adds to caps; only where it is about to be made
    created_at: datetime

    @property
    def expected_at(self) -> datetime:
        """When the customer expects it to be placed."""
        return self.put_off_from or self.due_at

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt."""
        return self.execution_id


def moved(execution: Execution, to: State, reason: str | None = None) -> Execution:
    """The execution after a legal move.

    Raises
    ------
    Conflict
        where the move is not one of ``MOVES``
    """
    if to not in MOVES[execution.state]:
        raise Conflict(f"execution {execution.execution_id!r} is {execution.state}: it cannot become {to}")
    return replace(execution, state=to, reason=reason)


def total_of(lines: Sequence[ExecutionLine]) -> Money:
    """What lines cost together; lines of several currencies have no total (InputError)."""
    return reduce(Money.__add__, (line.unit_price.times(line.quantity) for line in lines))


class Call(StrEnum):
    """What the gateway is asked."""

    PLACE = "place"
    LOOK_UP = "look_up"
    GLANCE = "glance"  # a look-up while orders are stopped: an order that is found settles it, all else leaves it


class Result(StrEnum):
    """What a call of the gateway came to."""

    PLACED = "placed"
    REPEAT = "repeat"  # placed by an earlier call with the same key
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer, or none that the contract knows: it may be placed or not
    NOT_FOUND = "not_found"  # of a look-up: the gateway has no order of this execution


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the gateway said to one call."""

    result: Result
    order_id: str | None = None  # of placed and repeat
    stand_in: str | None = None  # what a gateway that answers later calls the order until it has the shop's id
    detail: str | None = None  # the code of a refusal, or what went wrong
    total: str | None = None  # of the order, where a look-up tells: as money is written, with all decimals it came with
    items: tuple[str, ...] = ()  # that a refusal is about; none: the order as a whole
    hard: bool = False  # of a payment that failed: it will fail again

    def leads_to(self, call: Call) -> State:
        """Where an execution in placing goes from here; placing itself is: try again with the same key.

        Examples
        --------
        >>> Answer(result=Result.UNKNOWN).leads_to(Call.PLACE).value
        'placing'
        >>> Answer(result=Result.UNKNOWN).leads_to(Call.LOOK_UP).value
        'needs_review'
        >>> Answer(result=Result.NOT_FOUND).leads_to(Call.GLANCE).value
        'placing'
        """
        if self.result is Result.UNKNOWN:
            return State.NEEDS_REVIEW if call is Call.LOOK_UP else State.PLACING
        if self.result is Result.NOT_FOUND:
            return State.PLACING if call is Call.GLANCE else State.FAILED
        return State.REFUSED if self.result is Result.REFUSED else State.PLACED


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One step in the life of an execution."""

    before: State | None  # None: it came into being
    after: State
    actor: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call of the gateway; it is written down before the call."""

    number: int
    fence: int
    call: Call
    started_at: datetime  # the database's clock, as the next
    finished_at: datetime | None = None
    result: Result | None = None
    detail: str | None = None
