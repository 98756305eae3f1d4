"""How the place stands, in a few numbers for those who watch it from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.store import alerts, checks, differences, executions, stops
from engine.store.database import Tx

LATE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What stands in the database now."""

    executions: Mapping[str, int]  # by state
    backlog: int  # overdue by five minutes, and not stopped
    stops: Mapping[str, int]  # in force, by scope
    alerts: Mapping[str, int]  # that stand, by kind
    differences: int  # that stand
    untold: int  # messages of alerts that were not delivered yet


def read(tx: Tx, now: datetime) -> Figures:
    """As they stand at ``now``, by the business's clock."""
    held = stops.in_force(tx, now)
    return Figures(
        executions={state.value: n for state, n in executions.counts(tx).items()},
        backlog=checks.overdue(tx, now - LATE, held),
        stops=Counter(stop.scope.value for stop in held),
        alerts=alerts.counts(tx),
        differences=differences.count(tx),
        untold=alerts.waiting(tx),
    )
