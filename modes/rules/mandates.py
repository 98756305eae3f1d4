"""What speaks against an execution: what was signed, said and set. Asked when deciding, and again at placing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce

from engine.domain.context import Context
from engine.domain.customers import Mandate, Purpose
from engine.domain.decisions import DraftLine, Removal, Rung, Stage
from engine.domain.executions import OPEN, SPENT, STOPPABLE, Execution, ExecutionLine, State
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes import agency, capability, habits, windows

COMMITTED = (*STOPPABLE, *SPENT)  # what counts against a budget while deciding: the promised and the spent


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """One thing that speaks against an execution."""

    stage: Stage
    rule: str
    detail: Mapping[str, object] = field(default_factory=dict)

    def removal(self) -> Removal:
        """As a decision writes it down."""
        return Removal(stage=self.stage, rule=self.rule, detail=self.detail)


def objections(
    lines: Sequence[DraftLine],
    mandate: Mandate | None,
    context: Context,
    now: datetime,
    *,
    already: Iterable[Execution] = (),
    counted: Collection[State] = COMMITTED,
    execution_id: str | None = None,
) -> list[Objection]:
    """Everything in the mandate that an order of ``lines`` at ``now`` would break; empty where it may be made.

    Parameters
    ----------
    already : executions beyond those of the context, such as the others of one decision
    counted : states of executions that count against a budget
    execution_id : the execution itself, which does not count against its own budget
    """
    if mandate is None:
        return [_said("mandate.missing")]
    if not mandate.live(now):
        return [_dead(mandate, now)]
    others = [one for one in (*context.executions, *already) if one.execution_id != execution_id]
    found = [objection for line in lines for objection in _line(line, mandate, others, now)]
    if windows.first(mandate, context.zone, now) is None:
        found.append(_said("mandate.window", mandate_id=mandate.mandate_id))
    counting = [one for one in others if one.state in counted]
    return found + list(_whole(lines, mandate, counting, now))


def at_placing(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> list[Objection]:
    """Everything that speaks against placing a due execution now.

    An approved one needs no mandate: the customer said yes to it, at the price it had. The items of each must be
    there, and where no price band was signed, they must cost no more than what the customer was told. What the
    customer bought in the meantime is not ordered unasked.

    Parameters
    ----------
    context : of the customer at ``now``
    items : the items of its lines, as the catalogue has them now
    """
    found = [*_consents(context), *_stock(execution.lines, items)]
    if execution.rung is Rung.APPROVE:
        missing = [] if execution.approved_at is not None else [_said("approval.missing")]
        return found + missing + list(_risen(execution.lines, items))
    mandate = next((one for one in context.mandates if one.mandate_id == execution.mandate_id), None)
    if mandate is not None and mandate.price_high is None:
        found += _risen(execution.lines, items)
    lines, own = [_draft(line, items) for line in execution.lines], execution.execution_id
    signed = objections(lines, mandate, context, now, counted=SPENT, execution_id=own)
    return found + list(_control(execution, context, now, items)) + list(_met(execution.lines, context)) + signed


def nearest(
    lines: Sequence[DraftLine], context: Context, now: datetime, already: Iterable[Execution] = ()
) -> tuple[Mandate | None, list[Objection]]:
    """The mandate that objects least to an order of ``lines``, the latest signed of equals, and its objections."""
    drawn = tuple(already)
    found = [
        (len(said), -mandate.signed_at.timestamp(), mandate.mandate_id, mandate, said)
        for mandate in context.mandates
        if mandate.live(now) and all(mandate.covers(line.item_id, line.family) for line in lines)
        for said in (objections(lines, mandate, context, now, already=drawn),)
    ]
    if found:
        *_, mandate, said = min(found, key=lambda one: one[:3])
        return mandate, said
    return None, [_missing(lines, context, now)]


def _missing(lines: Sequence[DraftLine], context: Context, now: datetime) -> Objection:
    """There is no live mandate that covers the lines; a lately ended one is named."""
    ended = [m for m in context.mandates if not m.live(now) and all(m.covers(x.item_id, x.family) for x in lines)]
    if ended:
        return _dead(max(ended, key=lambda mandate: (mandate.signed_at, mandate.mandate_id)), now)
    return _said("mandate.missing", items=[line.item_id for line in lines])


def _dead(mandate: Mandate, now: datetime) -> Objection:
    if mandate.revoked_at is not None and mandate.revoked_at <= now:
        return _said("mandate.revoked", mandate_id=mandate.mandate_id, at=mandate.revoked_at.isoformat())
    if mandate.expires_at is not None and mandate.expires_at <= now:
        return _said("mandate.expired", mandate_id=mandate.mandate_id, at=mandate.expires_at.isoformat())
    return _said("mandate.not_yet", mandate_id=mandate.mandate_id, at=mandate.signed_at.isoformat())


def _line(line: DraftLine, mandate: Mandate, others: Collection[Execution], now: datetime) -> Iterator[Objection]:
    id = mandate.mandate_id
    if not mandate.covers(line.item_id, line.family):
        yield _said("mandate.item", mandate_id=id, item_id=line.item_id)
    if line.quantity > mandate.max_quantity:
        yield _said("mandate.max_quantity", mandate_id=id, signed=mandate.max_quantity, asked=line.quantity)
    if line.unit_price is not None:
        yield from _band(line.unit_price, mandate)
    if mandate.earliest_interval is not None:
        last = _last_placed(line.family, others)
        if last is not None and now < last + mandate.earliest_interval:
            again = last + mandate.earliest_interval
            yield _said("mandate.earliest_interval", mandate_id=id, not_before=again.isoformat())


def _band(price: Money, mandate: Mandate) -> Iterator[Objection]:
    for name, limit, sign in (("price_low", mandate.price_low, 1), ("price_high", mandate.price_high, -1)):
        if limit is not None and limit.currency != price.currency:
            yield _currency(mandate, limit, price)
        elif limit is not None and sign * (price.minor - limit.minor) < 0:
            yield _said(f"mandate.{name}", mandate_id=mandate.mandate_id, signed=str(limit), asked=str(price))


def _whole(
    lines: Sequence[DraftLine], mandate: Mandate, others: Collection[Execution], now: datetime
) -> Iterator[Objection]:
    total = total_of(lines)
    if total is None:
        yield _said("mandate.price_unknown", mandate_id=mandate.mandate_id)
        return
    yield from _cap("order_limit", mandate.order_limit, total, Money(minor=0, currency=total.currency), mandate)
    yield from _cap("budget", mandate.budget, total, spent(mandate, others, now, total.currency), mandate)


def _cap(name: str, cap: Money | None, total: Money, before: Money, mandate: Mandate) -> Iterator[Objection]:
    if cap is None:
        return
    if cap.currency != total.currency:
        yield _currency(mandate, cap, total)
    elif before.minor + total.minor > cap.minor:
        yield _said(
            f"mandate.{name}", mandate_id=mandate.mandate_id, signed=str(cap), asked=str(total), before=str(before)
        )


def room(line: DraftLine, mandate: Mandate, context: Context, now: datetime, already: Iterable[Execution] = ()) -> int:
    """How many of a line's item fit into the quantity, the order limit and the budget of a mandate."""
    price = line.unit_price
    if price is None or not price.minor:
        return mandate.max_quantity
    others = [one for one in (*context.executions, *already) if one.state in COMMITTED]
    drawn = spent(mandate, others, now, price.currency).minor
    caps = [(mandate.order_limit, 0), (mandate.budget, drawn)]
    fitting = [(cap.minor - used) // price.minor for cap, used in caps if cap and cap.currency == price.currency]
    return max(min([mandate.max_quantity, *fitting]), 0)


def spent(mandate: Mandate, others: Iterable[Execution], now: datetime, currency: str) -> Money:
    """What executions under the mandate come to in the budget's period that ends now; unplaced ones count as of now."""
    start = None if mandate.budget_period is None else now - mandate.budget_period
    sums = [
        one.total.minor
        for one in others
        if one.mandate_id == mandate.mandate_id
        and one.total.currency == currency
        and (start is None or (one.placed_at or now) > start)
    ]
    return Money(minor=sum(sums), currency=currency)


def total_of(lines: Sequence[DraftLine]) -> Money | None:
    """What the lines cost together; None where a price is unknown or currencies differ."""
    prices = [None if line.unit_price is None else line.unit_price.times(line.quantity) for line in lines]
    known = [price for price in prices if price is not None]
    if len(known) < len(prices) or len({price.currency for price in known}) != 1:
        return None
    return reduce(Money.__add__, known)


def _last_placed(family: str, others: Iterable[Execution]) -> datetime | None:
    placed = [
        one.placed_at or one.due_at
        for one in others
        if one.state in (*SPENT, *OPEN) and one.rung > Rung.APPROVE and any(line.need == family for line in one.lines)
    ]
    return max(placed, default=None)


def _consents(context: Context) -> Iterator[Objection]:
    for purpose in (Purpose.AUTOMATION, Purpose.PERSONALIZATION):
        if not capability.granted(context, purpose):
            yield Objection(stage=Stage.CAPABILITY, rule=f"consents.{purpose}")


def _control(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Iterator[Objection]:
    for line in execution.lines:
        category = items[line.item_id].category if line.item_id in items else ()
        for removal in agency.removals(context, execution.rung, line.need, category, now):
            yield Objection(stage=removal.stage, rule=removal.rule, detail=removal.detail)


def _met(lines: Sequence[ExecutionLine], context: Context) -> Iterator[Objection]:
    for line in lines:
        last = habits.last_day(context.history, line.need)
        if last is not None and line.cycle.startswith("after:") and line.cycle < habits.occurrence(last):
            yield Objection(stage=Stage.ELIGIBILITY, rule="need.met", detail={"family": line.need})


def _stock(lines: Sequence[ExecutionLine], items: Mapping[str, Item]) -> Iterator[Objection]:
    for line in lines:
        item = items.get(line.item_id)
        if item is None or not item.available:
            yield Objection(stage=Stage.AVAILABILITY, rule="item.unavailable", detail={"item_id": line.item_id})
        elif item.price is None or item.price.currency != line.unit_price.currency:
            yield Objection(stage=Stage.AVAILABILITY, rule="item.price_unknown", detail={"item_id": line.item_id})


def _risen(lines: Sequence[ExecutionLine], items: Mapping[str, Item]) -> Iterator[Objection]:
    for line in lines:
        price = items[line.item_id].price if line.item_id in items else None
        if price is not None and price.minor > line.unit_price.minor:
            facts = {"item_id": line.item_id, "announced": str(line.unit_price), "now": str(price)}
            yield Objection(stage=Stage.AVAILABILITY, rule="item.price_risen", detail=facts)


def _draft(line: ExecutionLine, items: Mapping[str, Item]) -> DraftLine:
    item = items.get(line.item_id)
    price = line.unit_price if item is None or item.price is None else item.price
    return DraftLine(item_id=line.item_id, family=line.need, quantity=line.quantity, unit_price=price)


def _currency(mandate: Mandate, signed: Money, asked: Money) -> Objection:
    return _said("mandate.currency", mandate_id=mandate.mandate_id, signed=signed.currency, asked=asked.currency)


def _said(rule: str, **detail: object) -> Objection:
    return Objection(stage=Stage.MANDATE, rule=rule, detail=detail)
