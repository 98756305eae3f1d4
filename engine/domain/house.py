"""What the operators set for the whole place, as one value that decisions and placings are made under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.decisions import Rung


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What is in force at one instant, read once a decision and once a batch of placings.

    Attributes
    ----------
    shut : when the live watch shut a rung that nobody opened again, see ``modes.watch``
    """

    shut: Mapping[Rung, datetime] = field(default_factory=dict)
