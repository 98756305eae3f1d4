"""The instant of placing: what speaks against an order now, at which prices it goes out, what the customer is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from engine.domain.context import Context
from engine.domain.decisions import Stage
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.house import House
from engine.domain.nudges import Nudge
from engine.domain.rules import Cap, Counted
from engine.domain.shopping import Item
from modes import agency, gate, notices, rules, stopping
from modes.policy import Policy
from modes.rules import Objection, judging

STALE = timedelta(days=3)  # an order that could not be placed for so long is no longer expected
LEFT_OUT = (
    "preferences.paused",
    "preferences.was_paused",  # what fell due in a pause is not made up for when it ends
    "execution.stale",
    "need.met",
    "mandate.window",
)  # not this time; whatever else speaks against it refuses it


def objections(
    execution: Execution,
    context: Context,
    now: datetime,
    items: Mapping[str, Item],
    house: House,
    policy: Policy = Policy(),
) -> list[Objection]:
    """Everything that speaks against placing a due execution now; empty where it may be placed."""
    found = [*stopping.of(execution, now, house), *_timing(execution, context, now)]
    found += rules.at_placing(execution, context, now, items)
    found += judging.at_placing(execution, context, now, items, house).objections
    found += [*_masked(execution, items, policy), *_shut(execution, house)]
    if execution.test:  # it counts for nothing, and nothing counts against it
        found = [one for one in found if not one.rule.startswith("rule.cap.")]
    known = {(one.rule, one.detail.get("item_id")) for one in found}
    return found + [one for one in _risen(execution, items) if (one.rule, one.detail["item_id"]) not in known]


def risks(
    execution: Execution,
    context: Context,
    now: datetime,
    items: Mapping[str, Item],
    house: House,
    policy: Policy,
    failing: Collection[str] = (),
) -> list[Objection]:
    """What would speak against a waiting execution when it is due, as things stand now.

    The answer that an execution awaits is none of it: the customer still has the time to give it.

    Parameters
    ----------
    failing : names of gateways that do not answer
    """
    found = objections(execution, context, max(now, execution.due_at), items, house, policy)
    if stopping.gateway(execution) in failing:
        found.append(Objection(stage=Stage.AVAILABILITY, rule="gateway.failing"))
    return [one for one in found if one.rule != "approval.missing"]


def counted(
    execution: Execution, context: Context, now: datetime, items: Mapping[str, Item], house: House
) -> tuple[Counted, ...]:
    """What an execution that is placed now adds to the caps in force."""
    caps = tuple(one for one in house.rules if isinstance(one.effect, Cap))
    return judging.at_placing(execution, context, now, items, replace(house, rules=caps)).counted if caps else ()


def failures(found: Sequence[Objection]) -> list[Objection]:
    """The rules among objections that could not be told true or false."""
    return [one for one in found if one.rule.startswith(judging.FAILED)]


def _timing(execution: Execution, context: Context, now: datetime) -> list[Objection]:
    found = []
    if agency.paused(context.preferences, now):
        found.append(Objection(stage=Stage.CEILING, rule="preferences.paused"))
    until = context.preferences.paused_until
    if until is not None and execution.due_at < until <= now:
        found.append(Objection(stage=Stage.CEILING, rule="preferences.was_paused"))
    if now - execution.expected_at > STALE:
        found.append(Objection(stage=Stage.ELIGIBILITY, rule="execution.stale"))
    return found


def _masked(execution: Execution, items: Mapping[str, Item], policy: Policy) -> list[Objection]:
    """What the shop never orders, whatever was announced before it said so."""
    return [
        Objection(stage=one.stage, rule=one.rule, detail=one.detail)
        for line in execution.lines
        for one in gate.masked(execution.rung, line.need, _category(line, items), policy)
    ]


def _category(line: ExecutionLine, items: Mapping[str, Item]) -> list[tuple[str, ...]]:
    return [items[line.item_id].category] if line.item_id in items else []


def _shut(execution: Execution, house: House) -> list[Objection]:
    """What was announced before the watch shut its rung; later ones rest on a newer certificate."""
    shut_at = house.shut.get(execution.rung)
    if shut_at is None or execution.created_at > shut_at:
        return []
    return [Objection(stage=Stage.GATE, rule="watch.shut", detail={"since": shut_at.isoformat()})]


def _risen(execution: Execution, items: Mapping[str, Item]) -> list[Objection]:
    """No order costs more than what was announced, whatever band was signed."""
    return [
        Objection(stage=Stage.AVAILABILITY, rule="item.price_risen", detail={"item_id": line.item_id})
        for line in execution.lines
        if _price(line, items) > line.unit_price.minor
    ]


def stops_at(found: Sequence[Objection]) -> State:
    """Where objections lead: left out this time, or refused."""
    return State.SKIPPED if any(one.rule in LEFT_OUT for one in found) else State.REFUSED


def repriced(execution: Execution, items: Mapping[str, Item]) -> Execution:
    """The execution at today's prices, which are those announced or lower."""
    lines = tuple(_cheaper(line, items) for line in execution.lines)
    return execution if lines == execution.lines else replace(execution, lines=lines)


def _cheaper(line: ExecutionLine, items: Mapping[str, Item]) -> ExecutionLine:
    minor = min(_price(line, items), line.unit_price.minor)
    if minor == line.unit_price.minor:
        return line
    return replace(line, unit_price=replace(line.unit_price, minor=minor), announced=line.unit_price)


def _price(line: ExecutionLine, items: Mapping[str, Item]) -> int:
    """Today's price in minor units; the announced one where the catalogue has none in its currency."""
    price = items[line.item_id].price if line.item_id in items else None
    same = price is not None and price.currency == line.unit_price.currency
    return price.minor if price is not None and same else line.unit_price.minor


def notice(execution: Execution, context: Context, now: datetime, items: Mapping[str, Item]) -> Nudge | None:
    """What the customer is told of a placed, refused or failed order, outside their quiet hours; None of any other."""
    words = {State.REFUSED: notices.refused, State.FAILED: notices.failed, State.PLACED: notices.placed}
    said = words.get(execution.state)
    return None if said is None else said(execution, context, now, items)
