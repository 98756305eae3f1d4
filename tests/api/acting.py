"""Executions and messages, put straight into the memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.values import Money
from engine.store import executions, nudges
from tests.api.conftest import Place

PRICE = Money(minor=499, currency="USD")


def execution(
    place: Place,
    execution_id: str,
    *,
    rung: Rung = Rung.VETO,
    customer_id: str = "ann",
    mandate_id: str | None = None,
) -> Execution:
    """An execution that waits, due in a day, for a need named as itself; it is stored."""
    now = place.settings.clock.now()
    line = ExecutionLine(item_id="beans", need=f"need of {execution_id}", cycle="2017-49", quantity=2, unit_price=PRICE)
    made = Execution(
        execution_id=execution_id,
        customer_id=customer_id,
        state=State.WAITING,
        rung=rung,
        lines=(line,),
        total=PRICE.times(2),
        mandate_id=mandate_id,
        due_at=now + timedelta(days=1),
        announced_at=now,
        created_at=now,
    )
    with place.db.begin() as tx:
        stored = executions.add(tx, made, now)
    assert stored is not None
    return stored


def message(place: Place, nudge_id: str, send_at: datetime, *, customer_id: str = "ann") -> None:
    """A message to a customer, stored."""
    made = Nudge(
        nudge_id=nudge_id,
        customer_id=customer_id,
        kind=NudgeKind.GOAL,
        text="You are low on coffee.",
        facts={"family": "coffee"},
        created_at=send_at,
        send_at=send_at,
    )
    with place.db.begin() as tx:
        nudges.add(tx, [made])
