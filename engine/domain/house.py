"""What the operators set for the whole place, as one value that decisions and placings are made under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.calendar import Arrival, Calendar
from engine.domain.decisions import Rung
from engine.domain.rules import Rule, Uses
from engine.domain.stops import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What is in force at one instant, read once a decision and once a batch of placings.

    Attributes
    ----------
    stops : the stop switch
    rules : of the operators, by id
    uses : what counts against the caps among them
    zone : the business's: its days are those of caps
    calendar : of deliveries; None: none are promised
    booked : orders that slots are promised to already
    shut : when the live watch shut a rung that nobody opened again, see ``modes.watch``
    """

    stops: tuple[Stop, ...] = ()
    rules: tuple[Rule, ...] = ()
    uses: Uses = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    shut: Mapping[Rung, datetime] = field(default_factory=dict)
    calendar: Calendar | None = None
    booked: Mapping[Arrival, int] = field(default_factory=dict)
