"""The stop switch at work: what speaks against an order because operators stopped it, decided or due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from engine.domain.decisions import Stage
from engine.domain.executions import Execution
from engine.domain.gateways import DEFAULT
from engine.domain.house import House
from modes.rules import Objection


def objections(families: Collection[str], gateway: str | None, now: datetime, house: House) -> list[Objection]:
    """The stops that hold an order with lines of these families, sent to this gateway (None: the default one)."""
    return [
        Objection(stage=Stage.RULE, rule=f"stop.{stop.scope}", detail={"stop_id": stop.stop_id})
        for stop in house.stops
        if stop.live(now) and stop.holds(families, gateway)
    ]


def of(execution: Execution, now: datetime, house: House) -> list[Objection]:
    """The stops that hold an execution."""
    return objections([line.need for line in execution.lines], gateway(execution), now, house)


def gateway(execution: Execution) -> str:
    """The name of the gateway that an execution is sent to."""
    return execution.gateway or DEFAULT
