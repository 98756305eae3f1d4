"""What a customer may need now: asked for, looked at, wished for as a goal, or forecast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.domain.context import Context
from engine.domain.customers import GoalKind
from engine.domain.decisions import Need, Phase, Source
from engine.domain.executions import UNSETTLED
from engine.domain.history import day_of
from engine.domain.shopping import Event, Item
from engine.learn.base import Forecast, Model, Rhythm, Sought, is_due
from modes import coach
from modes.coach import Progress
from modes.policy import Policy
from modes.request import Request
from modes.shelf import Shelf
from modes.words import Words

BROWSED = ("view", "search", "cart")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One need and how sure it is."""

    need: Need
    probability: float | None = None  # that it is real; None: it was asked for, or no need is known
    rhythm: Rhythm | None = None  # of the family
    progress: Progress | None = None  # of a goal that is touched

    @property
    def forecast(self) -> Forecast | None:
        """Whether the family is needed now."""
        return None if self.rhythm is None else self.rhythm.need

    @property
    def order(self) -> Forecast | None:
        """Whether an order made unasked would be right."""
        return None if self.rhythm is None else self.rhythm.order

    @property
    def buys(self) -> bool:
        """Whether meeting the need is a purchase."""
        return self.progress is None or self.progress.goal.kind is not GoalKind.SPEND_LESS

    @property
    def rank(self) -> tuple[bool, float, str]:
        """The surest first; what was asked for before everything else."""
        return self.need.source is not Source.REQUEST, -(self.probability or 0.0), self.need.family or ""


def rhythms(
    context: Context, model: Model | None, now: datetime, least: float, always: frozenset[str]
) -> dict[str, Rhythm]:
    """The rhythms of the families that are due and likely needed, and of those that are looked at anyway."""
    if model is None or not len(context.history):
        return {}
    found = model.rhythms(context.history, day_of(now), Sought(least=least, always=always, due=True))
    return {rhythm.need.family: rhythm for rhythm in found}


def needs(
    context: Context, model: Model | None, now: datetime, request: Request | None, policy: Policy, shelf: Shelf
) -> tuple[Wanted, ...]:
    """Which needs are decided, the surest first; one need of no family where none is known.

    ``context`` is what may be looked at, see ``capability.reduced``. A request is one need, whatever it holds; what
    it is about is not decided a second time.
    """
    touched = {goal.family for goal in context.goals} | {item.family for _, item in _seen(context, now, policy, shelf)}
    named = frozenset(family for family in touched if family is not None)
    known = rhythms(context, model, now, policy.min_probability, named)
    found = {wanted.need.family: wanted for wanted in _foreseen(known, context, policy)}
    for wanted in _browsed(context, known, now, policy, shelf):
        found[wanted.need.family] = wanted
    aims = sorted(_aims(context, known, now, policy, shelf), key=lambda wanted: wanted.rank)
    for wanted in reversed(aims):  # of several goals of a family the one most at risk counts
        if wanted.need.family is not None:
            found[wanted.need.family] = _joined(wanted, found.get(wanted.need.family))
    served = _asked_for(request, shelf)
    everything = [wanted for family, wanted in found.items() if family not in served]
    everything += [wanted for wanted in aims if wanted.need.family is None]
    likely = sorted(everything, key=lambda wanted: wanted.rank)[: policy.max_needs]
    asked = [] if request is None or request.empty else [_asked(request)]
    return tuple(asked + likely) or (unknown(),)


def unknown() -> Wanted:
    """No need is known."""
    return Wanted(need=Need(family=None, phase=Phase.RECOGNIZE, source=Source.FORECAST))


def _asked(request: Request) -> Wanted:
    phase = Phase.RESPOND if request.items else Phase.REQUEST
    return Wanted(need=Need(family=None, phase=phase, source=Source.REQUEST))


def _asked_for(request: Request | None, shelf: Shelf) -> set[str]:
    """The families that a request is about."""
    ids = [] if request is None else [*(id for id, _ in request.items), *request.matches]
    shelf.load(ids)
    return {item.family for id in ids if (item := shelf.item(id)) is not None}


def _foreseen(known: Mapping[str, Rhythm], context: Context, policy: Policy) -> Iterator[Wanted]:
    """The likely ones whose time has come, but for those that an execution is under way for."""
    served = {line.need for one in context.executions if one.state in UNSETTLED for line in one.lines}
    for family, rhythm in known.items():
        evidence = rhythm.need.evidence
        due = is_due(evidence.since_days, evidence.median_gap_days)  # others are looked at anyway
        if due and rhythm.need.probability >= policy.min_probability and family not in served:
            yield _of(family, Phase.RECOGNIZE, Source.FORECAST, rhythm.need.probability, rhythm)


def _browsed(
    context: Context, known: Mapping[str, Rhythm], now: datetime, policy: Policy, shelf: Shelf
) -> Iterator[Wanted]:
    """What was looked at lately, the latest last; somebody who looks right now is searching."""
    for event, item in _seen(context, now, policy, shelf):
        searching = now - event.occurred_at <= timedelta(minutes=policy.searching_minutes)
        rhythm = known.get(item.family)
        sure = max(policy.browsed, rhythm.need.probability if rhythm else 0.0)
        yield _of(item.family, Phase.REQUEST if searching else Phase.RECOGNIZE, Source.BROWSE, sure, rhythm)


def _seen(context: Context, now: datetime, policy: Policy, shelf: Shelf) -> list[tuple[Event, Item]]:
    """What was looked at lately, the latest last, with the items."""
    since = now - timedelta(hours=policy.browsing_hours)
    seen = [e for e in context.events if e.kind in BROWSED and e.item_id and since <= e.occurred_at <= now]
    shelf.load(event.item_id for event in seen if event.item_id)
    items = [(event, shelf.item(event.item_id or "")) for event in reversed(seen)]
    return [(event, item) for event, item in items if item is not None]


def _aims(
    context: Context, known: Mapping[str, Rhythm], now: datetime, policy: Policy, shelf: Shelf
) -> Iterator[Wanted]:
    """The goals that are at risk and were not spoken of lately."""
    words, plain = Words.of(context.customer.locale), {family: rhythm.need for family, rhythm in known.items()}
    shelf.load(sorted(coach.lines_wanted(context.goals, context.history, now)))
    for goal in sorted(context.goals, key=lambda goal: goal.goal_id):
        spoken = context.coached.get(goal.goal_id)
        if spoken is not None and now < spoken + coach.REST:
            continue
        found = coach.progress(goal, context.history, plain, shelf, now, words)
        if found is not None and found.risk >= policy.min_probability:
            wanted = _of(goal.family, Phase.RECOGNIZE, Source.GOAL, found.risk, known.get(goal.family or ""))
            yield replace(wanted, progress=found)


def _joined(aim: Wanted, other: Wanted | None) -> Wanted:
    """A goal and a need of the same family are one need; that of somebody who is searching stays so."""
    if other is None:
        return aim
    need = replace(aim.need, phase=other.need.phase)
    return replace(aim, need=need, probability=max(aim.probability or 0.0, other.probability or 0.0))


def _of(family: str | None, phase: Phase, source: Source, probability: float, rhythm: Rhythm | None) -> Wanted:
    need = Need(family=family, phase=phase, source=source)
    return Wanted(need=need, probability=probability, rhythm=rhythm)
