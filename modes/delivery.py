"""When orders made for the customer are to arrive, which of them are one order, and what one who asks is promised.

Without a calendar nothing is promised: orders are as they were drafted, each by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

import numpy as np
from numpy.typing import NDArray

from engine.domain.calendar import Arrival, Calendar, Lead
from engine.domain.decisions import Delivery, DraftLine, ExecutionDraft, Occurrence, Rung
from engine.domain.executions import UNSETTLED, Execution, ExecutionLine, State
from engine.domain.history import day_of
from engine.learn.base import Rhythm, Sought
from engine.learn.rhythm import DUE
from modes import agency, earned, execute, gate, rules, timing, windows
from modes.calendar import arrivals, deliverable, ends, has_room, middle, place_by
from modes.joining import Parts, Price, Shipment, joined
from modes.scene import Scene

Floats = NDArray[np.float64]
Categories = Mapping[str, tuple[str, ...]]  # item -> its category
AHEAD = 35  # days in which an order made unasked is to arrive
FURTHEST = 400  # days ahead that somebody may need something by
TOGETHER = 6  # needs that are looked at together, those that are coming included
UNASKED = (Rung.VETO, Rung.SILENT)


def arranged(drafts: Mapping[int, ExecutionDraft], scene: Scene) -> dict[int, ExecutionDraft]:
    """Drafts with the day they are promised for; those worth it are one order, theirs or one under way.

    Joined are orders that nobody is asked about, under one mandate, as far as it lets them be one order. They are made
    at the lowest rung of theirs, and no line has less time to be stopped than it would have had by itself. An order
    may wait for needs whose time is about to come: they join it when they are decided.

    Parameters
    ----------
    drafts : by the place of their experience; each of one line
    """
    calendar = scene.house.calendar
    if calendar is None or not drafts:
        return dict(drafts)
    plan = _Plan.of(drafts, calendar, scene)
    into = [plan.joining(one) for one in plan.under_way]
    shipments = joined(len(plan.parts), plan.price, calendar.shipping_cost, into)
    return dict(drafts) | dict(plan.promised(shipments))


def promised(lines: Sequence[DraftLine], needed_by: datetime | None, scene: Scene) -> Delivery | None:
    """When an order that is ready to confirm arrives: the last time before it is needed, else as early as it can.

    None where the shop has no calendar.
    """
    calendar = scene.house.calendar
    if calendar is None or not lines:
        return None
    leads = [_lead(line.item_id, calendar, scene) for line in lines]
    days = AHEAD if needed_by is None else min(max(AHEAD, (needed_by - scene.now).days + 2), FURTHEST)
    known = list(deliverable(scene.now, calendar, leads, scene.house.booked, days))
    in_time = [one for one in known if needed_by is not None and ends(one, calendar) <= needed_by]
    first = next(iter(known), None)
    chosen = in_time[-1] if in_time else first
    return Delivery(
        needed_by=needed_by,
        met=None if needed_by is None else bool(in_time),
        deliver_by=None if chosen is None else chosen.day,
        slot=None if chosen is None else chosen.slot,
        place_by=None if chosen is None else place_by(chosen, calendar, leads),
        earliest=None if first is None else first.day,
        earliest_slot=None if first is None else first.slot,
    )


def possible(
    execution: Execution, categories: Categories, calendar: Calendar, booked: Mapping[Arrival, int], now: datetime
) -> Iterator[Arrival]:
    """What an execution placed now may be promised for: as it is while that can be kept, else the earliest first."""
    leads = [calendar.lead_of(categories.get(line.item_id, ())) for line in execution.lines]
    if execution.deliver_by is not None:
        standing = Arrival(day=execution.deliver_by, slot=execution.slot)
        latest = place_by(standing, calendar, leads)
        if latest is not None and now <= latest:
            yield standing
    yield from deliverable(now, calendar, leads, booked)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One draft; by arrival, what it costs to have it then, and until when it must be placed for that.

    What is coming has a draft and no place: nothing is ordered of it yet, others may wait for it.
    """

    place: int | None
    draft: ExecutionDraft  # of what is coming: due when it will have been announced for long enough
    costs: Floats
    latest: Sequence[datetime | None]

    def makes(self, ready: datetime) -> NDArray[np.bool_]:
        """By arrival, whether an order placed at an instant arrives in time."""
        return np.array([at is not None and ready <= at for at in self.latest], bool)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """The drafts of one decision, what they may be promised for, and what is under way for the customer."""

    parts: tuple[_Part, ...]
    arrivals: tuple[Arrival, ...]
    under_way: tuple[Execution, ...]
    calendar: Calendar
    scene: Scene

    @classmethod
    def of(cls, drafts: Mapping[int, ExecutionDraft], calendar: Calendar, scene: Scene) -> _Plan:
        found = tuple(arrivals(calendar, scene.now.astimezone(calendar.zone).date(), AHEAD))
        under_way = tuple(one for one in scene.context.executions if _may_be_joined(one, scene.now))
        scene.shelf.load(line.item_id for one in under_way for line in one.lines)
        plan = cls(parts=(), arrivals=found, under_way=under_way, calendar=calendar, scene=scene)
        later = coming(drafts, scene) if calendar.shipping_cost else []
        chances = _chances([*drafts.values(), *later], scene)
        parts = [_part(place, drafts[place], chances, plan) for place in sorted(drafts)]
        parts += [_part(None, draft, chances, plan) for draft in later[: max(0, TOGETHER - len(parts))]]
        able = [part for part in parts if bool(np.any(part.makes(part.draft.due_at) & plan.room(Counter())))]
        return replace(plan, parts=tuple(able))

    def room(self, taken: Mapping[Arrival, int]) -> NDArray[np.bool_]:
        """By arrival, whether one more order may be promised for it, beyond those this decision promised already."""
        booked = Counter(self.scene.house.booked) + Counter(taken)
        return np.array([has_room(one, self.calendar, booked) for one in self.arrivals], bool)

    def price(self, parts: Parts) -> float:
        """What one order of some parts costs, at the best it may be promised for."""
        if not self._one_order(parts, ()):
            return inf
        return float(self._curve(parts, Counter()).min(initial=inf))

    def joining(self, execution: Execution) -> Price:
        """What it costs to join parts to an order under way."""
        return lambda parts: self._joining(execution, parts)

    def promised(self, shipments: Sequence[Shipment]) -> Iterator[tuple[int, ExecutionDraft]]:
        """The drafts of orders, by place; one that no day is left for stays as it was."""
        taken: Counter[Arrival] = Counter()
        for one in shipments:
            parts = [part for n in one.parts if (part := self.parts[n]).place is not None]
            if one.into is not None and parts:
                yield from self._added(parts, self.under_way[one.into])
            if one.into is not None or not parts:
                continue
            curve = self._curve(one.parts, taken)
            best = int(np.argmin(curve))
            if curve[best] < inf:
                taken[self.arrivals[best]] += 1
                yield from self._new(parts, best)

    def _curve(self, parts: Parts, taken: Mapping[Arrival, int]) -> Floats:
        """By arrival, what one order of some parts costs; inf where they cannot be promised for it."""
        own = [self.parts[n] for n in parts]
        ready = self._ready(own)
        makes = np.logical_and.reduce([part.makes(ready) for part in own]) & self.room(taken)
        return np.where(makes, np.sum([part.costs for part in own], axis=0), inf)

    def _ready(self, parts: Sequence[_Part], rung: Rung = Rung.SILENT) -> datetime:
        """From when on an order may be placed: nobody is left less time than the lowest of the rungs gives."""
        lowest = min([rung, *(part.draft.rung for part in parts if part.place is not None)])
        told = [execute.notice(lowest, self.scene, part.draft.veto_window)[1] for part in parts]
        return max([*told, *(part.draft.due_at for part in parts)])

    def _one_order(self, parts: Parts, lines: Sequence[DraftLine], execution: Execution | None = None) -> bool:
        """Whether parts, with the lines of an order under way, may be one order."""
        drafts = [self.parts[n].draft for n in parts]
        if len(drafts) + len(lines) == 1:
            return True
        whole = (*lines, *(line for draft in drafts for line in draft.lines))
        sent = {draft.gateway for draft in drafts} | ({execution.gateway} if execution else set())
        signed = {draft.mandate_id for draft in drafts} | ({execution.mandate_id} if execution else set())
        apart = len({line.item_id for line in whole}) == len({line.family for line in whole}) == len(whole)
        if len(signed) > 1 or len(sent) > 1 or not apart or any(draft.rung not in UNASKED for draft in drafts):
            return False
        context, id = self.scene.context, None if execution is None else execution.execution_id
        mandate = next((one for one in context.mandates if one.mandate_id in signed), None)
        return not rules.objections(whole, mandate, context, self.scene.now, execution_id=id)

    def _joining(self, execution: Execution, parts: Parts) -> float:
        own = [self.parts[n] for n in parts]
        arrival = Arrival(day=execution.deliver_by, slot=execution.slot) if execution.deliver_by else None
        if arrival not in self.arrivals or any(part.draft.rung < execution.rung for part in own):
            return inf
        if not self._one_order(parts, _lines(execution), execution):
            return inf
        latest = self._latest(own, arrival, execution)
        if latest is None or latest < self._due(own, execution):
            return inf
        place = self.arrivals.index(arrival)
        return float(sum(part.costs[place] for part in own))

    def _latest(self, parts: Sequence[_Part], arrival: Arrival, execution: Execution | None = None) -> datetime | None:
        """Until when an order must be placed so that all of it arrives in time."""
        lines = [line for part in parts for line in part.draft.lines]
        lines += [] if execution is None else _lines(execution)
        return place_by(arrival, self.calendar, [_lead(line.item_id, self.calendar, self.scene) for line in lines])

    def _due(self, parts: Sequence[_Part], execution: Execution) -> datetime:
        """When an order under way is placed with more lines: no sooner than each may be stopped until."""
        return max(execution.due_at, self._ready(parts, execution.rung))

    def _new(self, parts: Sequence[_Part], best: int) -> Iterator[tuple[int, ExecutionDraft]]:
        arrival = self.arrivals[best]
        latest = self._latest(parts, arrival)
        assert latest is not None  # the curve is finite there
        ready = self._ready(parts)
        asked = any(part.draft.rung not in UNASKED for part in parts)
        due = ready if asked else self._permitted(parts, ready, max(ready, latest - self.calendar.slack))
        lines = tuple(line for part in parts for line in part.draft.lines)
        yield from self._whole(parts, lines, arrival, latest, due)

    def _permitted(self, parts: Sequence[_Part], ready: datetime, wanted: datetime) -> datetime:
        """When it may be placed by its mandate: as wanted, else the first time from when it is ready."""
        signed, zone = {part.draft.mandate_id for part in parts}, self.scene.context.zone
        mandate = next((one for one in self.scene.context.mandates if one.mandate_id in signed), None)
        if mandate is None or windows.permitted(mandate, zone, wanted):
            return wanted
        return windows.first(mandate, zone, ready) or wanted

    def _added(self, parts: Sequence[_Part], execution: Execution) -> Iterator[tuple[int, ExecutionDraft]]:
        assert execution.deliver_by is not None
        arrival = Arrival(day=execution.deliver_by, slot=execution.slot)
        latest = self._latest(parts, arrival, execution)
        assert latest is not None  # it was joined at a price
        lines = (*_lines(execution), *(line for part in parts for line in part.draft.lines))
        before = {
            line.need: Occurrence(cycle=line.cycle, probability=_sure(line, execution)) for line in execution.lines
        }
        for place, draft in self._whole(parts, lines, arrival, latest, self._due(parts, execution), execution.rung):
            known = before | dict(draft.occurrences or _occurrences(parts))
            yield place, replace(draft, joins=execution.execution_id, occurrences=known)

    def _whole(
        self,
        parts: Sequence[_Part],
        lines: tuple[DraftLine, ...],
        arrival: Arrival,
        latest: datetime,
        due: datetime,
        rung: Rung = Rung.SILENT,
    ) -> Iterator[tuple[int, ExecutionDraft]]:
        """The draft of each part: they tell of the same order, each of its own need."""
        lowest, total = min(rung, *(part.draft.rung for part in parts)), rules.total_of(lines)
        assert total is not None  # all of one currency: it was checked when they were put together
        places = tuple(part.place for part in parts if part.place is not None)
        several = len(parts) > 1
        for place, part in zip(places, parts, strict=True):
            yield (
                place,
                replace(
                    part.draft,
                    rung=lowest,
                    lines=lines,
                    total=total,
                    due_at=due,
                    send_at=execute.notice(lowest, self.scene)[0],
                    deliver_by=arrival.day,
                    slot=arrival.slot,
                    place_by=latest,
                    counted=tuple(one for each in parts for one in each.draft.counted),
                    occurrences=_occurrences(parts) if several else {},
                    together=places if several else (),
                ),
            )


def coming(drafts: Mapping[int, ExecutionDraft], scene: Scene) -> list[ExecutionDraft]:
    """What would be ordered unasked but that too little of its usual gap is over, the first to come first.

    Where nothing that is to be ordered now may be joined, nothing is waited for.
    """
    if scene.model is None or not any(draft.rung in UNASKED for draft in drafts.values()):
        return []
    served = {line.family for draft in drafts.values() for line in draft.lines}
    served |= {line.need for one in scene.context.executions if one.state in UNSETTLED for line in one.lines}
    known = scene.model.rhythms(scene.context.history, scene.day, Sought(least=scene.policy.min_probability))
    found = [_coming(one, scene) for one in known if one.order.family not in served and execute.early(one.order)]
    return sorted((one for one in found if one is not None), key=lambda one: (one.due_at, one.lines[0].family))


def _coming(rhythm: Rhythm, scene: Scene) -> ExecutionDraft | None:
    """The order that will be announced when its time has come; None where it would not be made unasked."""
    order, evidence = rhythm.order, rhythm.order.evidence
    planned = execute.plan(rhythm.need, scene)
    if not isinstance(planned, execute.Plan) or planned.objections or planned.mandate is None:
        return None
    category, context = _category(planned.line.item_id, scene), scene.context
    kept_out = [
        *gate.masked(Rung.VETO, order.family, (category,), scene.policy),
        *agency.removals(context, Rung.VETO, order.family, category, scene.now),
        *gate.removals(gate.certificate(scene.model, Rung.VETO, order, scene.policy), order, scene.conduct.higher),
        *earned.removals(
            Rung.VETO,
            earned.standing_of(order.family, scene),
            agency.lowest(context, order.family, category),
            scene,
        ),
    ]
    judgment = execute.ruled(Rung.VETO, planned, order, None, scene, ())
    if kept_out or judgment.objections:
        return None
    opens = scene.now + timedelta(days=DUE * evidence.median_gap_days - evidence.since_days)
    draft = execute.draft(Rung.VETO, planned, None, order, scene, judgment)
    return replace(draft, due_at=opens + (judgment.veto_window or scene.policy.veto_window))


def _chances(drafts: Iterable[ExecutionDraft], scene: Scene) -> Mapping[str, Floats]:
    """By family, when its need is foreseen; none where the model cannot tell."""
    families = {line.family for draft in drafts for line in draft.lines}
    return {} if scene.model is None else scene.model.chances(scene.context.history, scene.day, families)


def _part(place: int | None, draft: ExecutionDraft, chances: Mapping[str, Floats], plan: _Plan) -> _Part:
    (line,) = draft.lines
    lead = _lead(line.item_id, plan.calendar, plan.scene)
    latest = [place_by(one, plan.calendar, [lead]) for one in plan.arrivals]
    return _Part(place=place, draft=draft, costs=_costs(line, chances.get(line.family), plan), latest=latest)


def _costs(line: DraftLine, chances: Floats | None, plan: _Plan) -> Floats:
    """By arrival, what it costs to have a line then: early or late against when the need is foreseen."""
    scene = plan.scene
    days = np.array([day_of(middle(one, plan.calendar)) - scene.day for one in plan.arrivals])
    worth = scene.policy.worth_of(_category(line.item_id, scene))
    return timing.soon(days, worth) if chances is None else timing.cost(days, chances, worth)


def _may_be_joined(execution: Execution, now: datetime) -> bool:
    """Whether an order may still be given another line: nobody was asked about it, and it was never sent."""
    waits = execution.state is State.WAITING and execution.attempt == 0 and now < execution.due_at
    return waits and execution.rung in UNASKED and execution.deliver_by is not None


def _occurrences(parts: Collection[_Part]) -> dict[str, Occurrence]:
    drafts = [part.draft for part in parts]
    return {
        line.family: Occurrence(cycle=draft.cycle, probability=draft.probability)
        for draft in drafts
        for line in draft.lines
    }


def _lines(execution: Execution) -> list[DraftLine]:
    return [
        DraftLine(item_id=line.item_id, family=line.need, quantity=line.quantity, unit_price=line.unit_price)
        for line in execution.lines
    ]


def _sure(line: ExecutionLine, execution: Execution) -> float | None:
    return execution.probability if line.probability is None else line.probability


def _lead(item_id: str, calendar: Calendar, scene: Scene) -> Lead:
    return calendar.lead_of(_category(item_id, scene))


def _category(item_id: str, scene: Scene) -> tuple[str, ...]:
    item = scene.shelf.item(item_id)
    return () if item is None else item.category
