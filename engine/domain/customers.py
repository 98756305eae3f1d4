"""What a customer said about control, data and goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from engine.domain.decisions import Rung
from engine.domain.values import Money


class Purpose(StrEnum):
    """What personal data may be used for."""

    PERSONALIZATION = "personalization"  # the customer's own orders
    BEHAVIOUR = "behaviour"  # events
    COACHING = "coaching"
    AUTOMATION = "automation"
    RESEARCH = "research"


class Grant(StrEnum):
    """Where a consent stands."""

    GRANTED = "granted"
    REFUSED = "refused"
    UNSET = "unset"


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What the customer said about one purpose, and how we know."""

    purpose: Purpose
    state: Grant
    at: datetime | None = None
    wording: str | None = None  # version of the text that was shown
    source: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """The part of the customer's day in which nothing is sent; it may run over midnight."""

    start: time
    end: time

    def covers(self, local: time) -> bool:
        """Whether a local time of day lies in it.

        Examples
        --------
        >>> QuietHours(start=time(21), end=time(8)).covers(time(3))
        True
        """
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


DEFAULT_QUIET = QuietHours(start=time(21), end=time(8))


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """How much the customer lets Rapport do, and when it may speak."""

    ceiling: Rung | None = None  # None: not stated, which counts as approve
    category_ceilings: Mapping[str, Rung] = field(default_factory=dict)
    family_ceilings: Mapping[str, Rung] = field(default_factory=dict)
    quiet_hours: QuietHours = DEFAULT_QUIET
    channels: tuple[str, ...] = ("app",)
    paused_until: datetime | None = None  # nothing proactive before then
    paused: bool = False  # nothing proactive until it is taken back, or until the end that is given


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A part of the week, by the customer's clock, in which orders may be placed."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    start: time
    end: time  # not after the start: on the next day

    def covers(self, weekday: int, local: time) -> bool:
        """Whether a local time of day lies in it.

        Examples
        --------
        >>> friday_night = Window(days=frozenset({4}), start=time(20), end=time(2))
        >>> friday_night.covers(4, time(23)), friday_night.covers(5, time(1)), friday_night.covers(5, time(2))
        (True, True, False)
        """
        if self.start < self.end:
            return weekday in self.days and self.start <= local < self.end
        return (weekday in self.days and local >= self.start) or ((weekday - 1) % 7 in self.days and local < self.end)


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """Days of the customer's calendar, the last one included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Mandate:
    """What the customer signed for execution."""

    mandate_id: str
    customer_id: str
    families: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    substitutes: tuple[str, ...] = ()  # items, in order of preference
    price_low: Money | None = None  # band of one unit
    price_high: Money | None = None
    order_limit: Money | None = None  # of one order in all
    max_quantity: int = 1  # of one line
    budget: Money | None = None
    budget_period: timedelta | None = None  # the budget renews; rolling
    earliest_interval: timedelta | None = None  # between two executions of one family
    windows: tuple[Window, ...] = ()  # in which orders may be placed; none: at any time
    quiet_dates: tuple[Days, ...] = ()  # on which nothing is placed
    wording: str | None = None
    signed_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether it is in force at ``now``."""
        ended = self.revoked_at is not None and self.revoked_at <= now
        expired = self.expires_at is not None and self.expires_at <= now
        return self.signed_at <= now and not ended and not expired

    def covers(self, item_id: str, family: str) -> bool:
        """Whether it names the item, its family, or the item as a substitute."""
        return family in self.families or item_id in self.items or item_id in self.substitutes


class GoalKind(StrEnum):
    """What a goal asks for."""

    SPEND_LESS = "spend_less"  # in a category, money per period
    BUY_MORE = "buy_more"  # of a family, purchase days per period
    NOT_RUN_OUT = "not_run_out"  # of a family


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """Something the customer wants of their own behaviour; coaching serves only these."""

    goal_id: str
    customer_id: str
    kind: GoalKind
    category: str | None = None  # for spend_less
    family: str | None = None  # for the other two
    target: float | None = None  # minor units per period for spend_less, purchase days per period for buy_more
    currency: str | None = None
    period_days: int = 28
    created_at: datetime
    ended_at: datetime | None = None
