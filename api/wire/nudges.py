"""The customer's inbox on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from api.wire.base import Time, Wire
from engine.domain.nudges import Nudge, NudgeKind, Response
from engine.domain.taps import Link


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
    def of(cls, nudge: Nudge, links: Sequence[Link] = ()) -> NudgeOut:
        """As answered, with what can be done by one tap."""
        offered = [{"verb": one.verb.value, "argument": one.argument, "path": one.path} for one in links]
        return cls(
            nudge_id=nudge.nudge_id,
            kind=nudge.kind,
            text=nudge.text,
            facts={**nudge.facts, "links": offered} if offered else dict(nudge.facts),
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
