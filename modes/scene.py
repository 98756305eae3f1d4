"""Everything that one decision is made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.domain.context import Context
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.placements import Placement
from engine.learn.base import Model
from modes.conduct import Conduct
from modes.habits import Habit
from modes.policy import Policy
from modes.recall import Habits
from modes.shelf import Shelf
from modes.words import Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One customer at one instant, with what may be looked at and what the shop decided about deciding."""

    context: Context  # already reduced to what the customer allows
    model: Model | None
    now: datetime
    policy: Policy
    shelf: Shelf
    present: bool  # the customer is here: a touchpoint or a request says so
    limit: int
    touchpoint: str | None = None  # where the customer is
    placements: tuple[Placement, ...] = ()  # of the shop's operators
    house: House = field(default_factory=House)  # what they set for the whole place
    rotates: bool = True  # what was shown lately and left makes room
    recalled: Habits = field(default_factory=Habits, repr=False)
    conduct: Conduct = field(init=False)  # how the customer took what was done so far

    def __post_init__(self) -> None:
        object.__setattr__(self, "conduct", Conduct.of(self.context, self.policy, self.now))

    @property
    def words(self) -> Words:
        """The customer's language."""
        return Words.of(self.context.customer.locale)

    @property
    def day(self) -> float:
        """Now, in days since 1970-01-01 UTC."""
        return day_of(self.now)

    def habits(self, family: str) -> tuple[Habit, ...]:
        """The customer's items of a family, the most usual first."""
        return self.recalled.of_family(self.context.history, family)

    def last_day(self, family: str) -> float | None:
        """When the customer last bought of a family; None if never."""
        return self.recalled.last_day(self.context.history, family)

    def under(self, context: Context) -> Scene:
        """The same with another context, to see what a changed setting would lead to."""
        return replace(self, context=context)
