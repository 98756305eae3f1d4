"""The stop switch, alerts and differences on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.wire.base import Id, Page, Text, Time, Wire
from engine.domain.alerts import Alert, Difference, DifferenceKind
from engine.domain.stops import Scope, Stop


class StopIn(Wire):
    """What to stop. Nothing said: everything, until it is lifted."""

    scope: Scope = Scope.ALL
    value: Id | None = Field(default=None, description="the family, or the gateway's name (none: the default gateway)")
    reason: Text = Field(default="no reason given")
    until: Time | None = Field(default=None, description="when orders go on by themselves; null: when it is lifted")


class StopOut(Wire):
    """One stop."""

    stop_id: str
    scope: Scope
    value: str | None
    reason: str
    actor: str
    at: Time
    until: Time | None
    lifted_at: Time | None
    lifted_by: str | None
    in_force: bool

    @classmethod
    def of(cls, stop: Stop, now: datetime) -> StopOut:
        """As answered."""
        return cls(
            stop_id=stop.stop_id,
            scope=stop.scope,
            value=stop.value,
            reason=stop.reason,
            actor=stop.actor,
            at=stop.at,
            until=stop.until,
            lifted_at=stop.lifted_at,
            lifted_by=stop.lifted_by,
            in_force=stop.live(now),
        )


class Stops(Wire):
    """The stops in force, the oldest first; or the latest ever pressed."""

    stops: list[StopOut]


class StopsQuery(Wire):
    """Which stops."""

    all: bool = Field(default=False, description="the latest hundred, lifted ones too")


class AlertOut(Wire):
    """One alert."""

    id: int
    kind: str
    subject: str
    detail: dict[str, object]
    opened_at: Time
    cleared_at: Time | None

    @classmethod
    def of(cls, alert: Alert) -> AlertOut:
        """As answered."""
        return cls(
            id=alert.id,
            kind=alert.kind,
            subject=alert.subject,
            detail=dict(alert.detail),
            opened_at=alert.opened_at,
            cleared_at=alert.cleared_at,
        )


class Alerts(Wire):
    """Alerts, newest first."""

    alerts: list[AlertOut]
    next_cursor: str | None


class AlertsPage(Page):
    """Alerts that stand, those that are cleared, or all."""

    open: bool | None = None


class DifferenceOut(Wire):
    """Something that the ledger and the gateway say differently."""

    id: int
    execution_id: str
    kind: DifferenceKind
    ledger: str
    gateway: str
    found_at: Time
    seen_at: Time
    cleared_at: Time | None
    cleared_by: str | None
    note: str | None

    @classmethod
    def of(cls, difference: Difference) -> DifferenceOut:
        """As answered."""
        return cls(**{name: getattr(difference, name) for name in cls.model_fields})


class Differences(Wire):
    """Differences, newest first."""

    differences: list[DifferenceOut]
    next_cursor: str | None


class DifferencesPage(Page):
    """Differences that stand, or all ever found."""

    all: bool = False


class CloseIn(Wire):
    """What a person did about it."""

    note: Text = Field(min_length=1)
