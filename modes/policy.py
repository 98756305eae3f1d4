"""What a shop may set: the worth of things, promises, windows and limits of its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from engine.domain.decisions import Rung


class Given(Protocol):
    """What the settings of the place say on decisions."""

    @property
    def veto_window(self) -> timedelta: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What acting is worth to the customer; 1 is one euro-equivalent of benefit."""

    agency: float = 0.6  # wish to decide oneself, where nothing is stated
    effort_scale: float = 1.6  # effort counts (effort_scale - agency) times
    effort: Mapping[Rung, float] = field(
        default_factory=lambda: {
            Rung.RESPOND: 1.0,
            Rung.CURATE: 0.6,
            Rung.COACH: 0.6,
            Rung.APPROVE: 0.25,
            Rung.VETO: 0.08,
            Rung.SILENT: 0.0,
        }
    )
    success: Mapping[Rung, float] = field(  # taken up, where the need is real
        default_factory=lambda: {
            Rung.RESPOND: 1.0,
            Rung.CURATE: 0.70,
            Rung.COACH: 0.70,
            Rung.APPROVE: 0.75,
            Rung.VETO: 0.92,
            Rung.SILENT: 0.95,
        }
    )
    wrong: Mapping[Rung, float] = field(  # cost of an act that was not wanted
        default_factory=lambda: {
            Rung.RESPOND: 0.0,
            Rung.CURATE: 0.05,
            Rung.COACH: 0.10,
            Rung.APPROVE: 0.10,
            Rung.VETO: 1.30,
            Rung.SILENT: 4.0,
        }
    )
    missed: float = 1.7  # cost of not acting where acting was right
    trust_margin: float = 0.25  # on top of the bar, for the trust a wrong act costs
    out_of_stock: float = 0.30  # a day
    delay: float = 1.5  # days that not acting delays a purchase
    holding: float = 0.05  # a day that something is there before it is needed
    goal: float = 2.0  # of a goal of the customer's own that is reached
    goal_success: float = 0.5  # share of timely nudges that help
    attention: float = 0.12  # of one message to one who is not loaded yet
    attention_scale: float = 1.5
    needless: float = 0.25  # cost of a nudge where no goal is at risk
    discomfort: float = 0.60  # cost of an act that goes beyond what the customer is comfortable with
    again: float = 0.0  # cost of speaking up on one more day, for each message of the seven days before
    scope: float = 0.02  # of one more kind of personal data
    margin: Mapping[Rung, float] = field(default_factory=dict)  # the shop's, by rung; parts equals and nothing else


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """How what was shown and left makes room for what comes behind it."""

    half_life_days: float = 7.0  # of one showing
    free: float = 1.0  # showings, decayed, that have no effect
    strength: float = 2.0  # places lost for each further one, as a share of the place: 1 becomes 3, 2 becomes 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Chance:
    """How often something other than the best is done, so that what it brings can be known."""

    explore: float = 0.03  # among soft rungs of nearly the same value
    near: float = 0.05  # below the best value
    hold_back: float = 0.07  # of executions, that are asked about instead
    seed: int = 0


NONE = Chance(explore=0.0, hold_back=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a shop decides about deciding. The defaults were tried in a simulator and on a year of groceries."""

    worth: Worth = Worth()
    promise: float = 0.90  # least share of executions that must be right
    min_probability: float = 0.40  # of a need, for anything proactive
    min_value: float = 0.05
    browsed: float = 0.50  # probability of a need the customer was just looking at
    messages: int = 3  # in seven days, of all modes together
    rest_days: float = 3.0  # after a message on a need, before the next one on it
    rest_after_refusal_days: float = 4.0
    veto_window: timedelta = timedelta(hours=24)
    approval_window: timedelta = timedelta(hours=48)  # an unanswered question lapses
    browsing_hours: float = 48.0  # how long looking at something counts
    searching_minutes: float = 30.0  # how long it counts as still searching
    max_needs: int = 6  # decided at once
    rotation: Rotation = Rotation()
    chance: Chance = NONE
    categories: Mapping[str, Worth] = field(default_factory=dict)  # where things are worth otherwise

    def worth_of(self, category: tuple[str, ...]) -> Worth:
        """What acting is worth in a category: as stated for its deepest level that anything is stated for.

        Examples
        --------
        >>> policy = Policy(categories={"FOOD": Worth(delay=3), "FOOD > MILK": Worth(delay=1)})
        >>> [policy.worth_of(path).delay for path in (("FOOD", "MILK"), ("FOOD", "TEA"), ("TOYS",))]
        [1, 3, 1.5]
        """
        paths = (" > ".join(category[:n]) for n in range(len(category), 0, -1))
        return next((self.categories[path] for path in paths if path in self.categories), self.worth)

    @classmethod
    def of(cls, settings: Given) -> Policy:
        """The defaults, with what the settings say."""
        return cls(veto_window=settings.veto_window)


DIGEST = Policy(messages=4, worth=Worth(attention=0.06, again=2.0))  # what is due is told together, about once a week
