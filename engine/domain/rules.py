"""Rules of the operators: a condition on one line of an order, and what follows where it is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from engine.domain.values import Money

MOST_RULES = 200  # in force at once: each is asked of every order
LONGEST_RULE = 1_000  # characters of a condition
LEAST_WINDOW, MOST_WINDOW = timedelta(hours=1), timedelta(days=14)


class Per(StrEnum):
    """Whose orders a cap adds up; several of them: those that agree in all."""

    SHOP = "shop"
    CUSTOMER = "customer"
    FAMILY = "family"
    ITEM = "item"


class Every(StrEnum):
    """When a cap begins anew, by the business's calendar."""

    DAY = "day"
    WEEK = "week"  # from Monday on
    MONTH = "month"
    TOTAL = "total"  # never

    def begin(self, day: date) -> str:
        """The first day of the stretch that ``day`` lies in, as ISO text; "" for all time.

        Examples
        --------
        >>> [every.begin(date(2017, 12, 1)) for every in Every]
        ['2017-12-01', '2017-11-27', '2017-12-01', '']
        """
        if self is Every.TOTAL:
            return ""
        if self is Every.MONTH:
            return day.replace(day=1).isoformat()
        return (day - timedelta(days=day.weekday() if self is Every.WEEK else 0)).isoformat()


@dataclass(frozen=True, kw_only=True, slots=True)
class Forbid:
    """It is neither ordered nor asked about."""

    kind: ClassVar[str] = "forbid"


@dataclass(frozen=True, kw_only=True, slots=True)
class RequireApproval:
    """The customer is asked first."""

    kind: ClassVar[str] = "require_approval"


@dataclass(frozen=True, kw_only=True, slots=True)
class RaiseGate:
    """What is ordered unasked must be surer: by so much than its certificate asks, or at least so sure."""

    kind: ClassVar[str] = "raise_gate"
    by: float = 0.0
    at_least: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """No more than so many orders, or so much money, in a stretch of time."""

    kind: ClassVar[str] = "cap"
    count: int | None = None
    money: Money | None = None
    per: tuple[Per, ...] = (Per.SHOP,)
    every: Every = Every.TOTAL

    @property
    def personal(self) -> bool:
        """Whether it adds up the orders of one customer at a time."""
        return Per.CUSTOMER in self.per

    @property
    def limit(self) -> str:
        """As people read it."""
        return str(self.money) if self.money is not None else f"{self.count} orders"


@dataclass(frozen=True, kw_only=True, slots=True)
class VetoWindow:
    """So long the customer may say no before what was announced is ordered."""

    kind: ClassVar[str] = "veto_window"
    length: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """Where the order is placed."""

    kind: ClassVar[str] = "gateway"
    name: str


Effect = Forbid | RequireApproval | RaiseGate | Cap | VetoWindow | Gateway


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What operators want of some orders."""

    rule_id: str
    version: int = 0  # 0: not kept yet
    when: str  # in CEL, see docs/rules.md
    effect: Effect
    note: str = ""  # for operators
    says: str | None = None  # for customers, in place of the usual sentence
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Standing(StrEnum):
    """Where a version of a rule stands at an instant."""

    AWAITS = "awaits_approval"
    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    REPLACED = "replaced"  # by a later version
    ENDED = "ended"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a rule as it is kept; each change is a new one, and none is ever altered."""

    rule_id: str
    version: int
    rule: Rule | None  # None: with it the rule is retired
    author: str
    why: str  # what its author said of it
    created_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None

    def begun(self, now: datetime) -> bool:
        """Whether it was approved and its time has come."""
        starts_at = None if self.rule is None else self.rule.starts_at
        return self.approved_at is not None and (starts_at is None or starts_at <= now)

    def ended(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.rule is not None and self.rule.ends_at is not None and self.rule.ends_at <= now


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What one order adds to one cap."""

    rule_id: str
    bucket: str  # whose orders are added up: "customer=anna/family=wine"
    customer_id: str | None  # of a personal cap
    day: str  # on which it counts, in the business's zone, ISO
    minor: int
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What the orders of one day came to under one cap."""

    day: str
    count: int
    minor: int
    currency: str


Uses = Mapping[tuple[str, str], tuple[Use, ...]]  # (rule, bucket) -> days


def summed(uses: Uses, rule: Rule, cap: Cap, today: date) -> Iterator[tuple[str, Use]]:
    """What is used of a cap in its stretch of time that ``today`` lies in, by bucket and currency."""
    begin = cap.every.begin(today)
    for bucket in sorted(bucket for rule_id, bucket in uses if rule_id == rule.rule_id):
        some = uses[rule.rule_id, bucket]
        counting = [one for one in some if cap.every.begin(date.fromisoformat(one.day)) == begin]
        for currency in sorted({one.currency for one in counting}):
            own = [one for one in counting if one.currency == currency]
            count, minor = sum(one.count for one in own), sum(one.minor for one in own)
            yield bucket, Use(day=begin, count=count, minor=minor, currency=currency)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How often a version of a rule could not be told true or false, so that orders were held back."""

    rule_id: str
    version: int
    count: int
    error: str
    first_at: datetime
    last_at: datetime


def kept(rule: Rule) -> dict[str, Any]:
    """A rule as JSON that ``known`` reads again."""
    return {
        "when": rule.when,
        "effect": _effect_kept(rule.effect),
        "note": rule.note,
        "says": rule.says,
        "from": None if rule.starts_at is None else rule.starts_at.isoformat(),
        "until": None if rule.ends_at is None else rule.ends_at.isoformat(),
    }


def known(rule_id: str, version: int, document: Mapping[str, Any]) -> Rule:
    """The rule that was kept."""
    return Rule(
        rule_id=rule_id,
        version=version,
        when=document["when"],
        effect=_effect_known(document["effect"]),
        note=document["note"],
        says=document["says"],
        starts_at=_instant(document["from"]),
        ends_at=_instant(document["until"]),
    )


def _effect_kept(effect: Effect) -> dict[str, Any]:
    match effect:
        case RaiseGate():
            return {"kind": effect.kind, "by": effect.by, "at_least": effect.at_least}
        case Cap():
            money = None if effect.money is None else [effect.money.minor, effect.money.currency]
            more = {"count": effect.count, "money": money, "per": list(effect.per), "every": effect.every.value}
            return {"kind": effect.kind, **more}
        case VetoWindow():
            return {"kind": effect.kind, "seconds": int(effect.length.total_seconds())}
        case Gateway():
            return {"kind": effect.kind, "name": effect.name}
        case _:
            return {"kind": effect.kind}


def _effect_known(document: Mapping[str, Any]) -> Effect:
    match document["kind"]:
        case RaiseGate.kind:
            return RaiseGate(by=document["by"], at_least=document["at_least"])
        case Cap.kind:
            money = document["money"]
            return Cap(
                count=document["count"],
                money=None if money is None else Money(minor=money[0], currency=money[1]),
                per=tuple(Per(one) for one in document["per"]),
                every=Every(document["every"]),
            )
        case VetoWindow.kind:
            return VetoWindow(length=timedelta(seconds=document["seconds"]))
        case Gateway.kind:
            return Gateway(name=document["name"])
        case RequireApproval.kind:
            return RequireApproval()
        case _:
            return Forbid()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
