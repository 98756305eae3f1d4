"""The stop switch: orders of the whole place, of one family or of one gateway, held until somebody lifts it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.domain.gateways import DEFAULT


class Scope(StrEnum):
    """What a stop is about."""

    ALL = "all"
    FAMILY = "family"
    GATEWAY = "gateway"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """While it is in force nothing that it holds is placed; what it holds waits, and can still be vetoed."""

    stop_id: str
    scope: Scope
    value: str | None = None  # the family, or the gateway's name; of all: None
    reason: str
    actor: str
    at: datetime
    until: datetime | None = None  # the business's clock; None: until it is lifted
    lifted_at: datetime | None = None
    lifted_by: str | None = None

    def live(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.lifted_at is None and (self.until is None or now < self.until)

    def holds(self, families: Collection[str], gateway: str | None) -> bool:
        """Whether an order with lines of these families, for this gateway (None: the default one), is held.

        An order of several families is held whole.

        Examples
        --------
        >>> at = datetime.fromisoformat("2017-12-01T08:00:00Z")
        >>> milk = Stop(stop_id="s", scope=Scope.FAMILY, value="milk", reason="recall", actor="me", at=at)
        >>> milk.holds(["bread", "milk"], None), milk.holds(["bread"], None)
        (True, False)
        """
        if self.scope is Scope.FAMILY:
            return self.value in families
        return self.scope is Scope.ALL or self.value == (gateway or DEFAULT)

    @property
    def subject(self) -> str:
        """What it is about, in one word or two.

        Examples
        --------
        >>> at = datetime.fromisoformat("2017-12-01T08:00:00Z")
        >>> Stop(stop_id="s", scope=Scope.FAMILY, value="milk", reason="recall", actor="me", at=at).subject
        'family milk'
        """
        return self.scope.value if self.value is None else f"{self.scope.value} {self.value}"
