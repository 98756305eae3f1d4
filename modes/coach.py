"""The customer's own goals: how they stand, and the words that help in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from engine.domain.customers import Goal, GoalKind
from engine.domain.decisions import Decision, NudgeDraft
from engine.domain.history import History, day_of
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.values import DEFAULT_CURRENCY, Money
from engine.learn.base import Forecast, is_due
from modes import agency, attention, habits
from modes.scene import Scene
from modes.shelf import Shelf
from modes.words import Words

OVERSHOOT = 0.5  # heading for half as much again as the target is as good as missing it
EARLY = 0.25  # share of a period before which no pace can be told
REST = timedelta(days=7)  # between two nudges of one goal


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How a goal stands in its period."""

    goal: Goal
    risk: float  # 0 to 1, that it is missed if nothing changes
    text: str  # what may be said of it
    facts: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The part of a goal's rolling calendar that lies around an instant."""

    start: float  # days since 1970-01-01 UTC
    share: float  # of it that is over
    left: int  # whole days that remain


def period(goal: Goal, now: datetime) -> Period:
    """The current period of a goal; periods run from the day it was set.

    Examples
    --------
    >>> from datetime import UTC
    >>> def days(n): return datetime(2017, 11, 1, tzinfo=UTC) + timedelta(days=n)
    >>> goal = Goal(goal_id="g", customer_id="c", kind=GoalKind.BUY_MORE, created_at=days(0), period_days=28)
    >>> found = period(goal, days(35))
    >>> found.share, found.left
    (0.25, 21)
    """
    created, length = day_of(goal.created_at), goal.period_days
    over = (day_of(now) - created) % length
    return Period(start=day_of(now) - over, share=over / length, left=int(length - over))


def lines_wanted(goals: tuple[Goal, ...], history: History, now: datetime) -> set[str]:
    """The items whose category must be known to judge the goals."""
    starts = [period(goal, now).start for goal in goals if goal.kind is GoalKind.SPEND_LESS]
    if not starts:
        return set()
    return set(history.items[history.days >= min(starts)])


def progress(
    goal: Goal, history: History, forecasts: Mapping[str, Forecast], shelf: Shelf, now: datetime, words: Words
) -> Progress | None:
    """How the goal stands, or None where there is nothing useful to say of it."""
    if goal.kind is GoalKind.SPEND_LESS:
        return _spend_less(goal, history, shelf, now, words)
    if goal.kind is GoalKind.BUY_MORE:
        return _buy_more(goal, history, now, words)
    return _not_run_out(goal, forecasts, words)


def draft(found: Progress, scene: Scene) -> NudgeDraft:
    """The nudge, sent when the customer may be spoken to."""
    return NudgeDraft(
        goal_id=found.goal.goal_id,
        kind=found.goal.kind.value,
        text=found.text,
        facts=found.facts,
        send_at=attention.send_at(scene.now, scene.context.preferences.quiet_hours, scene.context.zone),
    )


def send(draft: NudgeDraft, decision: Decision, position: int, now: datetime) -> Nudge:
    """The message to store for the experience at ``position``."""
    return Nudge(
        nudge_id=str(uuid5(NAMESPACE_OID, f"{decision.decision_id}/{position}/message")),
        customer_id=decision.customer_id,
        kind=NudgeKind.GOAL,
        text=draft.text,
        facts=draft.facts,
        goal_id=draft.goal_id,
        decision_id=decision.decision_id,
        created_at=now,
        send_at=draft.send_at,
    )


def _spend_less(goal: Goal, history: History, shelf: Shelf, now: datetime, words: Words) -> Progress | None:
    if goal.target is None or goal.category is None:
        return None
    at, currency = period(goal, now), goal.currency or DEFAULT_CURRENCY
    spent = _spent(goal.category, history, at.start, shelf, currency)
    ahead = spent / max(at.share, EARLY) / goal.target - 1 if goal.target else float(spent > 0)
    risk = 1.0 if spent > goal.target else min(max(ahead / OVERSHOOT, 0.0), 1.0)
    if spent < goal.target / 2 or risk == 0:
        return None
    said, aim = Money(minor=spent, currency=currency), Money(minor=round(goal.target), currency=currency)
    left = words.say("days", n=at.left)
    text = words.say("goal-spend_less", spent=str(said), target=str(aim), category=goal.category, left=left)
    facts = {"spent": said.decimal(), "target": aim.decimal(), "currency": currency, "days_left": at.left}
    return Progress(goal=goal, risk=risk, text=text, facts={"category": goal.category, **facts})


def _spent(category: str, history: History, start: float, shelf: Shelf, currency: str) -> int:
    """What went into the category since ``start``, minor units."""
    recent = history.take(history.days >= start)
    shelf.load(recent.items)
    known = zip(recent.items, np.nan_to_num(recent.amounts).tolist(), strict=True)
    spent: float = sum(amount for item, amount in known if _within(item, category, shelf, currency))
    return round(spent)


def _within(item_id: str, category: str, shelf: Shelf, currency: str) -> bool:
    item = shelf.item(item_id)
    if item is None or (item.price is not None and item.price.currency != currency):
        return False
    return category in agency.names(item.category)


def _buy_more(goal: Goal, history: History, now: datetime, words: Words) -> Progress | None:
    if not goal.target or goal.family is None:
        return None
    at = period(goal, now)
    done = int(np.sum(habits.purchase_days(history, goal.family) >= int(at.start)))
    pace = goal.target * at.share
    if at.share < EARLY or done >= goal.target or pace - done < 0.5:
        return None
    numbers = {"target": f"{goal.target:g}", "period": str(goal.period_days)}
    spoken = {"times": words.say("times", n=done), "left": words.say("days", n=at.left)}
    text = words.say("goal-buy_more", family=goal.family, **numbers, **spoken)
    facts = {"family": goal.family, "done": done, "target": goal.target, "days_left": at.left}
    return Progress(goal=goal, risk=min((pace - done) / pace, 1.0), text=text, facts=facts)


def _not_run_out(goal: Goal, forecasts: Mapping[str, Forecast], words: Words) -> Progress | None:
    forecast = forecasts.get(goal.family or "")
    if forecast is None or not is_due(forecast.evidence.since_days, forecast.evidence.median_gap_days):
        return None
    since, gap = round(forecast.evidence.since_days), round(forecast.evidence.median_gap_days)
    spoken = {"ago": words.say("ago", n=since), "lasts": words.say("days", n=gap)}
    text = words.say("goal-not_run_out", family=forecast.family, **spoken)
    facts = {"family": forecast.family, "since_days": since, "every_days": gap}
    return Progress(goal=goal, risk=forecast.probability, text=text, facts=facts)
