"""What the operators set for the whole place, as one value that decisions and placings are made under."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from engine.domain.rules import Rule, Uses
from engine.domain.stops import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What is in force at one instant, read once a decision and once a batch of placings."""

    stops: tuple[Stop, ...] = ()
    rules: tuple[Rule, ...] = ()  # by id
    uses: Uses = field(default_factory=dict)  # what counts against the caps among them
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))  # the business's: its days are those of caps
