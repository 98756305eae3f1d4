"""What a one-tap link does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verb(StrEnum):
    """What a customer does with an order before it is placed."""

    APPROVE = "approve"
    VETO = "veto"
    SKIP = "skip"
    SNOOZE = "snooze"
    SWAP = "swap"
    CHANGE = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """A token's one use; the token itself is kept nowhere."""

    digest: str  # SHA-256 of the token
    customer_id: str
    execution_id: str
    verb: Verb
    argument: str | None = None  # by how long, which item, how many
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What a message offers to do with a tap."""

    verb: Verb
    argument: str | None
    path: str
