"""What is put into a customer's inbox, and what they say to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class NudgeKind(StrEnum):
    """Why it was sent."""

    GOAL = "goal"
    NOTICE = "notice"  # an execution announced, with how to stop it
    APPROVAL = "approval"  # an execution that asks first
    PLACED = "placed"
    REFUSED = "refused"


ATTENTION = (NudgeKind.GOAL, NudgeKind.NOTICE, NudgeKind.APPROVAL)  # what counts against the attention budget


class Response(StrEnum):
    """What the customer did with it."""

    OPENED = "opened"
    ACTED = "acted"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nudge:
    """One message to one customer."""

    nudge_id: str
    customer_id: str
    kind: NudgeKind
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)
    goal_id: str | None = None
    execution_id: str | None = None
    decision_id: str | None = None
    created_at: datetime
    send_at: datetime  # visible from then on; never within quiet hours
    response: Response | None = None
    responded_at: datetime | None = None
    sequence: int = 0  # order of the stream; given when stored
