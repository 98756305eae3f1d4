"""Which of a customer's families are looked ahead for."""

from __future__ import annotations

from dataclasses import dataclass

from engine.learn.results import Forecast
from engine.learn.rhythm import is_due


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """Families that are likely needed, and those that are looked at anyway; by default all of them.

    Examples
    --------
    >>> Sought(least=0.4, due=True).within(Sought(least=0.2)), Sought().within(Sought(least=0.2))
    (True, False)
    """

    least: float = 0.0  # families less likely needed are left out
    always: frozenset[str] = frozenset()  # but not these
    due: bool = False  # whether those that are not due are left out too, see ``rhythm.is_due``

    def keeps(self, one: Forecast) -> bool:
        """Whether a family is among them, by the forecast of its need."""
        waited = not self.due or is_due(one.evidence.since_days, one.evidence.median_gap_days)
        return one.family in self.always or (waited and one.probability >= self.least)

    def within(self, other: Sought) -> bool:
        """Whether the other keeps every family that this one keeps, whatever is forecast."""
        return other.least <= self.least and other.due <= self.due and self.always <= other.always


ALL = Sought()
