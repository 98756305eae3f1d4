"""Sentences a customer can read: why they are given what they are given, and what kept the rest away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.domain.calendar import Calendar
from engine.domain.decisions import (
    Delivery,
    DraftLine,
    ExecutionDraft,
    NudgeDraft,
    OrderDraft,
    Removal,
    Rung,
    Source,
)
from engine.domain.values import Money
from engine.learn.base import Forecast
from modes.coach import ago
from modes.request import Request
from modes.scene import Scene
from modes.select import Choice
from modes.shelf import Shelf


def experience(
    choice: Choice, scene: Scene, request: Request | None, nudge: NudgeDraft | None, execution: ExecutionDraft | None
) -> str:
    """Why the customer is given this, with the facts it rests on."""
    if nudge is not None:
        return nudge.text
    if execution is not None:
        return _execution(execution, choice, scene)
    if choice.prospect.wanted.need.source is Source.REQUEST and request is not None:
        return _request(choice, request, scene)
    return _curate(choice, scene) if choice.rung is Rung.CURATE else _respond(choice, scene)


def removal(found: Removal) -> str:
    """What kept a way of serving the customer from being chosen."""
    if found.detail.get("stated") is False:
        return _UNSTATED
    facts = {key: _said(value) for key, value in found.detail.items()}
    template = _REMOVALS.get(found.rule) or _REMOVALS.get(found.rule.rsplit(".", 1)[0]) or _CEILINGS
    try:
        return template.format_map(facts)
    except KeyError:
        return _PLAIN


def rhythm(forecast: Forecast) -> str:
    """The facts of a forecast, as the beginning of a sentence."""
    evidence = forecast.evidence
    gap, since = round(evidence.median_gap_days), round(evidence.since_days)
    often = "every day" if gap <= 1 else f"about every {gap} days"
    return f"You buy {forecast.family} {often} and last did {ago(since)}"


def _execution(draft: ExecutionDraft, choice: Choice, scene: Scene) -> str:
    forecast = choice.prospect.wanted.forecast
    why = "You may need it again" if forecast is None else rhythm(forecast)
    what = f"{_lines(draft.lines, scene.shelf)} for {draft.total}"
    if len(draft.lines) > 1:
        what = f"{_priced(draft.lines, scene.shelf)}, {draft.total} in all,"
    when, arrives = _when(draft.due_at, scene.context.zone), _arrives(draft, scene)
    if draft.rung is Rung.APPROVE:
        return f"{why}: shall we order {what}? We ask until {when}.{arrives}"
    if draft.rung is Rung.VETO:
        return f"{why}, so {what} will be ordered for you at {when} unless you stop it.{arrives}"
    return f"{why}, so {what} is being ordered for you, as you signed for.{arrives}"


def _arrives(draft: ExecutionDraft, scene: Scene) -> str:
    if draft.deliver_by is None:
        return ""
    return f" It is to arrive on {arrival(draft.deliver_by, draft.slot, scene.house.calendar)}."


def arrival(day: date, slot: str | None, calendar: Calendar | None) -> str:
    """A day, with the hours of its slot where they are known, on the shop's clock.

    Examples
    --------
    >>> arrival(date(2017, 12, 5), None, None)
    '5 December'
    """
    hours = None if calendar is None else calendar.slot(slot)
    named = "" if slot is None else f" ({slot})"
    return f"{day.day} {day:%B}{named if hours is None else f', {hours.start:%H:%M} to {hours.end:%H:%M}'}"


def _request(choice: Choice, request: Request, scene: Scene) -> str:
    order = choice.prospect.candidate.order
    if order is not None:
        return _order(order, scene)
    asked = request.query or request.category or "that"
    if any(option.item_id in request.matches for option in choice.prospect.candidate.options):
        return f"You asked for “{asked}”: here is what we have, to choose from."
    return f"We have nothing for “{asked}” now; here is what might suit you instead."


def _order(order: OrderDraft, scene: Scene) -> str:
    total = "" if order.total is None else f", {order.total} in all"
    ready = f"Your order is ready to confirm: {_lines(order.lines, scene.shelf)}{total}" if order.lines else ""
    ready += "" if order.delivery is None else _promise(order.delivery, scene)
    missing = "; ".join(_unmet(one.item_id, [s.item_id for s in one.substitutes], scene.shelf) for one in order.unmet)
    return f"{'; '.join(part for part in (ready, missing) if part)}."


def _promise(found: Delivery, scene: Scene) -> str:
    if found.deliver_by is None or found.place_by is None:
        return "; we cannot say when it would arrive"
    day = arrival(found.deliver_by, found.slot, scene.house.calendar)
    until = _when(found.place_by, scene.context.zone)
    if found.met is False:
        return f"; it cannot be there by {_when(found.needed_by or scene.now, scene.context.zone)}, but on {day}"
    return f"; confirmed by {until}, it arrives on {day}"


def _unmet(item_id: str | None, others: Sequence[str], shelf: Shelf) -> str:
    name = "what you asked for" if item_id is None else shelf.name(item_id)
    return f"{name} is out of stock" + (f", {shelf.name(others[0])} could stand in for it" if others else "")


def _curate(choice: Choice, scene: Scene) -> str:
    wanted = choice.prospect.wanted
    if wanted.need.source is Source.BROWSE:
        return f"You looked at {wanted.need.family} lately: here are some to choose from."
    if wanted.forecast is not None:
        return f"{rhythm(wanted.forecast)}: here are some to choose from."
    if len(scene.context.history):
        return "Here is what you often buy, and what goes with it."
    return "We do not know your habits, so here is what most customers choose."


def _respond(choice: Choice, scene: Scene) -> str:
    wanted, order = choice.prospect.wanted, choice.prospect.candidate.order
    if wanted.progress is not None and not wanted.buys:
        return wanted.progress.text
    if order is not None:
        why = "" if wanted.forecast is None else f"{rhythm(wanted.forecast)}: "
        return f"{why}{_lines(order.lines, scene.shelf)} can be ordered whenever you like."
    if wanted.forecast is not None:
        return f"{rhythm(wanted.forecast)}: tell us when you want it."
    if len(scene.context.history):
        return "Nothing seems to be due for you, so here is what you often buy."
    return "Tell us what you need."


def _lines(lines: Sequence[DraftLine], shelf: Shelf) -> str:
    return _listed([f"{line.quantity} × {shelf.name(line.item_id)}" for line in lines])


def _priced(lines: Sequence[DraftLine], shelf: Shelf) -> str:
    return _listed([f"{line.quantity} × {shelf.name(line.item_id)} at {line.unit_price}" for line in lines])


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _when(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the customer's clock and calendar show it."""
    local = at.astimezone(zone)
    return f"{local:%H:%M} on {local.day} {local:%B}"


def _said(value: object) -> object:
    if isinstance(value, Money):
        return str(value)
    return f"{value:.0%}" if isinstance(value, float) and 0 <= value <= 1 else value


_PLAIN = "This does not apply now."
_CEILINGS = "You said how much may be done for you: at most {ceiling}."
_UNSTATED = "You have not said that more may be done for you than to ask you first."
_REMOVALS: Mapping[str, str] = {
    "consents.personalization": "You have not allowed us to use your own orders.",
    "consents.coaching": "You have not allowed us to help with your goals.",
    "consents.automation": "You have not allowed us to order for you.",
    "preferences.paused": "You asked for a pause.",
    "phase.asked": "You are shopping right now, so nothing is started beside it.",
    "phase.order_ready": "What you asked for is ready, so there is nothing to choose.",
    "goals.none": "No goal of yours needs a word now.",
    "goal.no_purchase": "Your goal here is not to buy something.",
    "offers.none": "There is nothing to show for this.",
    "forecast.none": "We do not know your rhythm for this well enough.",
    "execution.open": "An order for this is already under way.",
    "execution.this_cycle": "We already came to you with this since you last bought it.",
    "execution.early": "You bought it only {since_days} days ago, and usually do every {every_days}.",
    "execution.recent": "We ordered this for you only lately.",
    "item.unavailable": "It is out of stock, and nothing you named may stand in for it.",
    "item.excluded": "It is left out of what was asked for.",
    "item.price_unknown": "Its price is not known.",
    "item.price_risen": "It costs {now} now, and you were told {announced}.",
    "approval.missing": "You have not said yes to it.",
    "mandate.missing": "You have not signed for this to be ordered unasked.",
    "mandate.expired": "What you signed for this has run out.",
    "mandate.revoked": "You took back what you signed for this.",
    "mandate.not_yet": "What you signed for this is not in force yet.",
    "mandate.item": "You did not sign for this item.",
    "mandate.max_quantity": "You signed for at most {signed} at a time, and this would be {asked}.",
    "mandate.price_low": "It costs {asked}, below the {signed} you signed for.",
    "mandate.price_high": "It costs {asked}, above the {signed} you signed for.",
    "mandate.order_limit": "It would come to {asked}, above the {signed} you signed for one order.",
    "mandate.budget": "With the {before} already spent, {asked} more would be above the {signed} you signed for.",
    "mandate.earliest_interval": "You asked for more time between two orders of this.",
    "mandate.currency": "It is priced in {asked}, and you signed in {signed}.",
    "mandate.price_unknown": "Its price is not known.",
    "certificate.missing": "There is no proof yet that ordering unasked would be right often enough.",
    "certificate.shut": "There is no proof yet that ordering unasked would be right {promise} of the time.",
    "certificate.below": "We are {probability} sure that you need it, and order unasked only from {threshold} on.",
    "ladder.step": "You have not had enough of these orders yet for us to do more than to {reached}.",
    "ladder.rest": "You stopped or returned such an order lately, so we hold back until {until}.",
    "conduct.agency": "You seem to like to decide this yourself.",
    "conduct.trust": "We have to earn your trust first.",
    "conduct.incidents": "More than one order went wrong lately, so we ask first.",
    "attention.spent": "You hear from us {messages} times this week, and that is enough.",
    "probability.low": "It is not likely enough that you need it now.",
    "value.low": "It would hardly help you.",
    "need.met": "You bought it yourself in the meantime.",
    "need.none_likely": "Nothing seems to be due for you.",
}
