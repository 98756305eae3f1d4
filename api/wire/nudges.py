"""The customer's inbox on the wire."""

from __future__ import annotations

from api.wire.base import Time, Wire
from engine.domain.nudges import Nudge, NudgeKind, Response


class NudgeOut(Wire):
    """One message."""

    nudge_id: str
    kind: NudgeKind
    text: str
    facts: dict[str, object]
    goal_id: str | None
    execution_id: str | None
    decision_id: str | None
    send_at: Time
    response: Response | None
    responded_at: Time | None

    @classmethod
    def of(cls, nudge: Nudge) -> NudgeOut:
        """As answered."""
        return cls(
            nudge_id=nudge.nudge_id,
            kind=nudge.kind,
            text=nudge.text,
            facts=dict(nudge.facts),
            goal_id=nudge.goal_id,
            execution_id=nudge.execution_id,
            decision_id=nudge.decision_id,
            send_at=nudge.send_at,
            response=nudge.response,
            responded_at=nudge.responded_at,
        )


class Nudges(Wire):
    """Messages, newest first."""

    nudges: list[NudgeOut]
    next_cursor: str | None


class ResponseIn(Wire):
    """What the customer did with a message."""

    response: Response
