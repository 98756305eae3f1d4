"""What a shop may set: the worth of things, promises, windows and limits of its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.domain.decisions import Rung
from engine.domain.stated import Allowed, number, whole
from engine.domain.values import to_minor

LEVELS = " > "


def _by_rung(default: Mapping[Rung, float], low: float = 0.0, high: float = float("inf")) -> Any:
    """A field that holds a number for each rung."""
    return field(default_factory=lambda: dict(default), metadata={"of_rung": Allowed(low=low, high=high)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What acting is worth to the customer; 1 is one euro-equivalent of benefit. ``jobs/policy.yaml`` explains each."""

    agency: float = number(high=1, default=0.6)  # wish to decide oneself, where nothing is stated
    effort_scale: float = number(1, 100, default=1.6)  # effort counts (effort_scale - agency) times
    effort: Mapping[Rung, float] = _by_rung(dict(zip(Rung, (1.0, 0.6, 0.6, 0.25, 0.08, 0.0), strict=True)))
    success: Mapping[Rung, float] = _by_rung(  # taken up, where the need is real
        dict(zip(Rung, (1.0, 0.70, 0.70, 0.75, 0.92, 0.95), strict=True)), high=1
    )
    wrong: Mapping[Rung, float] = _by_rung(  # cost of an act that was not wanted
        dict(zip(Rung, (0.0, 0.05, 0.10, 0.10, 1.30, 4.0), strict=True))
    )
    missed: float = number(0.01, default=1.7)  # cost of not acting where acting was right
    trust_margin: float = number(high=1, default=0.25)  # on top of the bar, for the trust a wrong act costs
    out_of_stock: float = number(default=0.30)  # a day
    delay: float = number(default=1.5)  # days that not acting delays a purchase
    holding: float = number(default=0.05)  # a day that something is there before it is needed
    goal: float = number(default=2.0)  # of a goal of the customer's own that is reached
    goal_success: float = number(high=1, default=0.5)  # share of timely nudges that help
    attention: float = number(default=0.12)  # of one message to one who is not loaded yet
    attention_scale: float = number(default=1.5)
    needless: float = number(default=0.25)  # cost of a nudge where no goal is at risk
    discomfort: float = number(default=0.60)  # cost of an act beyond what the customer is comfortable with
    again: float = number(default=0.0)  # of speaking up on one more day, for each message of the seven days before
    scope: float = number(default=0.02)  # of one more kind of personal data
    margin: Mapping[Rung, float] = _by_rung(dict.fromkeys(Rung, 0.0), low=-float("inf"))  # the shop's; parts equals


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """How what was shown and left makes room for what comes behind it."""

    half_life_days: float = 7.0  # of one showing
    free: float = 1.0  # showings, decayed, that have no effect
    strength: float = 2.0  # places lost for each further one, as a share of the place: 1 becomes 3, 2 becomes 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """How often something other than the best is done, so that what it brings can be known."""

    explore: float = number(high=0.5, default=0.03)  # among soft rungs of nearly the same value
    near: float = number(default=0.05)  # below the best value
    hold_back: float = number(high=0.5, default=0.07)  # of executions, that are asked about instead
    seed: int = whole(default=0)


NONE = Chance(explore=0.0, hold_back=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Harm:
    """How many orders made unasked may go wrong for one customer before all are asked about first."""

    orders: int = whole(1, 1000, default=2)
    days: float = number(1, 3650, default=90.0)  # within which they count together


@dataclass(frozen=True, kw_only=True, slots=True)
class Mask:
    """What is never done for some families or categories, whatever the customer lets be done."""

    families: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()  # a level's name, or a path from the top
    at_most: Rung = Rung.COACH  # coach: nothing is ordered or prepared; approve: nothing unasked; respond: no word

    def covers(self, family: str | None, names: tuple[str, ...]) -> bool:
        """Whether it is about a family, or a category by one of its names (``agency.names``)."""
        return family in self.families or not self.categories.isdisjoint(names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a shop decides about deciding. The defaults were tried in a simulator and on a year of groceries."""

    worth: Worth = Worth()
    promise: float = number(0.5, 0.999, default=0.90)  # least share of executions that must be right
    min_probability: float = number(high=1, default=0.40)  # of a need, for anything proactive
    min_value: float = number(default=0.05)
    browsed: float = number(high=1, default=0.50)  # probability of a need the customer was just looking at
    messages: int = whole(0, 100, default=3)  # in seven days, of all modes together
    rest_days: float = number(high=365, default=3.0)  # after a message on a need, before the next one on it
    rest_after_refusal_days: float = number(high=365, default=4.0)
    veto_window: timedelta = timedelta(hours=24)
    approval_window: timedelta = timedelta(hours=48)  # an unanswered question lapses
    browsing_hours: float = number(high=720, default=48.0)  # how long looking at something counts
    searching_minutes: float = number(high=1440, default=30.0)  # how long it counts as still searching
    max_needs: int = whole(1, 50, default=6)  # decided at once
    rotation: Rotation = Rotation()
    chance: Chance = NONE
    harm: Harm = Harm()
    stakes: tuple[float, ...] = ()  # prices of orders, in major units, at which another certificate is asked for
    currency: str = "USD"  # of these prices
    masks: tuple[Mask, ...] = ()
    categories: Mapping[str, Worth] = field(default_factory=dict)  # where things are worth otherwise

    @property
    def bounds(self) -> tuple[float, ...]:
        """The prices that part certificates, in minor units."""
        return tuple(float(to_minor(Decimal(str(price)), self.currency)) for price in self.stakes)

    def worth_of(self, category: tuple[str, ...]) -> Worth:
        """What acting is worth in a category: as stated for its deepest level that anything is stated for.

        Examples
        --------
        >>> policy = Policy(categories={"FOOD": Worth(delay=3), "FOOD > MILK": Worth(delay=1)})
        >>> [policy.worth_of(path).delay for path in (("FOOD", "MILK"), ("FOOD", "TEA"), ("TOYS",))]
        [1, 3, 1.5]
        """
        if not self.categories:
            return self.worth
        paths = (LEVELS.join(category[:n]) for n in range(len(category), 0, -1))
        return next((self.categories[path] for path in paths if path in self.categories), self.worth)


DIGEST = Policy(messages=4, worth=Worth(attention=0.06, again=2.0))  # what is due is told together, about once a week
