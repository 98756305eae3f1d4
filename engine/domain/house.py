"""What the operators set for the whole place, as one value that decisions and placings are made under."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.stops import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What is in force at one instant, read once a decision and once a batch of placings."""

    stops: tuple[Stop, ...] = ()
