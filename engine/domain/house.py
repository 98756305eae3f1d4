"""What the operators set for the whole place, as one value that decisions and placings are made under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.domain.calendar import Arrival, Calendar


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What is in force at one instant, read once a decision and once a batch of placings."""

    calendar: Calendar | None = None  # of deliveries; None: none are promised
    booked: Mapping[Arrival, int] = field(default_factory=dict)  # orders that slots are promised to already
