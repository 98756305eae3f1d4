"""What the rules in force say of one order: what they object to, and how else they change it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.domain.context import Context
from engine.domain.decisions import DraftLine, Rung, Stage
from engine.domain.executions import Execution, ExecutionLine
from engine.domain.gateways import DEFAULT
from engine.domain.house import House
from engine.domain.rules import (
    LEAST_WINDOW,
    Cap,
    Counted,
    Forbid,
    Gateway,
    Per,
    RaiseGate,
    RequireApproval,
    Rule,
    Use,
    Uses,
    VetoWindow,
)
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes.rules.facts import Subject
from modes.rules.language import Held, held
from modes.rules.mandates import Objection

FAILED = "rule.failed"
MOST = 0.99  # that is ever asked of a forecast, as at the gate


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgment:
    """What rules say of one order: everything, not only the first objection."""

    objections: tuple[Objection, ...] = ()
    counted: tuple[Counted, ...] = ()  # what it would add to caps
    veto_window: timedelta | None = None  # None: the usual one
    gateway: str | None = None  # None: the usual one
    rules: tuple[Rule, ...] = ()  # that hold of it


def judged(
    subjects: Sequence[Subject],
    house: House,
    *,
    threshold: float | None,
    due: Callable[[timedelta | None], datetime],
    already: Iterable[Execution] = (),
) -> Judgment:
    """What the rules of a house say of an order with these lines.

    Of several windows the longest holds, of several gateways the one of the first rule by id.

    Parameters
    ----------
    threshold : from which on its certificate lets it be ordered unasked; None: that is not known
    due : when it would be placed, given the veto window that rules want
    already : other orders that are about to be made and count against the same caps
    """
    if not house.rules:
        return Judgment()
    found = [(one, subject) for subject in subjects for one in held(house.rules, subject)]
    if not found:
        return Judgment()
    window = _window(found)
    day = due(window).astimezone(house.zone).date()
    adds = list(_added(found, day))
    objections = [*_plain(found, threshold), *_over(adds, house.uses, already, found)]
    return Judgment(
        objections=tuple({one.rule: one for one in objections}.values()),
        counted=tuple(adds),
        veto_window=window,
        gateway=_sent_to(found),
        rules=tuple({one.rule.rule_id: one.rule for one, _ in found}.values()),
    )


def _sent_to(found: Iterable[tuple[Held, Subject]]) -> str | None:
    """The gateway that the first rule names; executions carry no name for the default one."""
    named = next((one.rule.effect.name for one in _true(found) if isinstance(one.rule.effect, Gateway)), None)
    return None if named == DEFAULT else named


def at_placing(
    execution: Execution, context: Context, now: datetime, items: Mapping[str, Item], house: House
) -> Judgment:
    """What the rules in force now say of an execution that is about to be placed, at its prices."""
    if not house.rules:
        return Judgment()
    subjects = subjects_of(execution, context, now, items)
    return judged(subjects, house, threshold=execution.threshold, due=lambda window: now)


def subjects_of(
    execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]
) -> tuple[Subject, ...]:
    """The lines of an execution as rules see them; one the customer said yes to is asked about as ``approve``."""
    return tuple(
        Subject(
            context=context,
            line=DraftLine(
                item_id=line.item_id, family=line.need, quantity=line.quantity, unit_price=_cheaper(line, items)
            ),
            item=items.get(line.item_id),
            rung=execution.rung,
            probability=execution.probability if line.probability is None else line.probability,
            total=_total(execution, items),
            announced=line.unit_price,
            now=now,
        )
        for line in execution.lines
    )


def after(uses: Uses, counted: Iterable[Counted]) -> Uses:
    """What counts against caps once these orders do as well."""
    more: dict[tuple[str, str], tuple[Use, ...]] = dict(uses)
    for one in counted:
        key = (one.rule_id, one.bucket)
        more[key] = (*more.get(key, ()), Use(day=one.day, count=1, minor=one.minor, currency=one.currency))
    return more


def bucket(cap: Cap, subject: Subject) -> str:
    """Whose orders a cap adds up with a line's.

    Ids hold no slash, so two different buckets never have the same name.
    """
    names = {
        Per.CUSTOMER: subject.context.customer.customer_id,
        Per.FAMILY: subject.family,
        Per.ITEM: subject.line.item_id,
    }
    return "/".join(f"{per}={names[per]}" if per in names else per.value for per in sorted(cap.per))


def used(cap: Cap, uses: Iterable[Use], day: date, currency: str) -> tuple[int, int]:
    """How many orders, and how much money in minor units of a currency, count in the stretch that a day lies in."""
    begin = cap.every.begin(day)
    counting = [one for one in uses if cap.every.begin(date.fromisoformat(one.day)) == begin]
    return sum(one.count for one in counting), sum(one.minor for one in counting if one.currency == currency)


def _true(found: Iterable[tuple[Held, Subject]]) -> list[Held]:
    """The rules that hold, the first by id first."""
    return sorted((one for one, _ in found if one.error is None), key=lambda one: one.rule.rule_id)


def _window(found: Sequence[tuple[Held, Subject]]) -> timedelta | None:
    lengths = [one.rule.effect.length for one in _true(found) if isinstance(one.rule.effect, VetoWindow)]
    return max(max(lengths), LEAST_WINDOW) if lengths else None


def _plain(found: Iterable[tuple[Held, Subject]], threshold: float | None) -> Iterator[Objection]:
    """What speaks against it other than caps."""
    for one, subject in found:
        unasked = subject.rung > Rung.APPROVE
        if one.error is not None:
            yield _said(FAILED, one.rule, error=one.error)
        elif isinstance(one.rule.effect, Forbid) or (isinstance(one.rule.effect, RequireApproval) and unasked):
            yield _said(f"rule.{one.rule.effect.kind}", one.rule)
        elif isinstance(one.rule.effect, RaiseGate) and unasked:
            yield from _gate(one.rule, one.rule.effect, subject.probability or 0.0, threshold)


def _gate(rule: Rule, effect: RaiseGate, probability: float, threshold: float | None) -> Iterator[Objection]:
    """Where the gate is not known, nothing is above a raised one."""
    least: float | None = effect.at_least
    if effect.by:
        least = None if threshold is None else max(effect.at_least, min(round(threshold + effect.by, 9), MOST))
    if least is None or probability < least:
        yield _said("rule.raise_gate", rule, threshold=least, probability=round(probability, 4))


def _added(found: Iterable[tuple[Held, Subject]], day: date) -> Iterator[Counted]:
    """What the order would add to each cap that holds of one of its lines."""
    minor, whose, rules = Counter[tuple[str, str]](), dict[tuple[str, str], Subject](), dict[str, Cap]()
    for one, subject in found:
        if isinstance(one.rule.effect, Cap) and one.error is None:
            rules[one.rule.rule_id] = one.rule.effect
            key = (one.rule.rule_id, bucket(one.rule.effect, subject))
            minor[key] += subject.price.minor * subject.line.quantity
            whose[key] = subject
    for (rule_id, name), amount in minor.items():
        subject = whose[rule_id, name]
        yield Counted(
            rule_id=rule_id,
            bucket=name,
            customer_id=subject.context.customer.customer_id if rules[rule_id].personal else None,
            day=day.isoformat(),
            minor=amount,
            currency=subject.total.currency,
        )


def _over(
    adds: Iterable[Counted], uses: Uses, already: Iterable[Execution], found: Iterable[tuple[Held, Subject]]
) -> Iterator[Objection]:
    """The caps that the order would go beyond; one in another currency cannot be told to stay below."""
    standing = after(uses, (counted for one in already for counted in one.counted))
    rules = {one.rule.rule_id: one.rule for one, _ in found}
    for add in adds:
        cap = rules[add.rule_id].effect
        assert isinstance(cap, Cap)
        counting = standing.get((add.rule_id, add.bucket), ())
        count, minor = used(cap, counting, date.fromisoformat(add.day), add.currency)
        if cap.money is not None and cap.money.currency != add.currency:
            yield _said("rule.cap", rules[add.rule_id], limit=cap.limit, asked=add.currency, before=None)
        elif cap.money is not None and minor + add.minor > cap.money.minor:
            asked, before = (Money(minor=one, currency=add.currency) for one in (add.minor, minor))
            yield _said("rule.cap", rules[add.rule_id], limit=cap.limit, asked=str(asked), before=str(before))
        elif cap.count is not None and count + 1 > cap.count:
            yield _said("rule.cap", rules[add.rule_id], limit=cap.limit, asked=1, before=count)


def _said(name: str, rule: Rule, **detail: object) -> Objection:
    known = {"rule_id": rule.rule_id, "version": rule.version} | ({"says": rule.says} if rule.says else {})
    return Objection(stage=Stage.RULE, rule=f"{name}.{rule.rule_id}", detail=known | detail)


def _cheaper(line: ExecutionLine, items: Mapping[str, Item]) -> Money:
    """The announced price or today's, whichever is lower: so it is placed."""
    price = items[line.item_id].price if line.item_id in items else None
    if price is None or price.currency != line.unit_price.currency:
        return line.unit_price
    return min(price, line.unit_price)


def _total(execution: Execution, items: Mapping[str, Item]) -> Money:
    minor = sum(_cheaper(line, items).minor * line.quantity for line in execution.lines)
    return Money(minor=minor, currency=execution.total.currency)
