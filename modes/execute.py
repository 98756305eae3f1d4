"""Orders made for the customer: what would be ordered, when, under which mandate, and how it is announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from engine.domain.context import Context
from engine.domain.customers import Mandate
from engine.domain.decisions import (
    Decision,
    DraftLine,
    ExecutionDraft,
    Occurrence,
    Removal,
    Rung,
    Stage,
)
from engine.domain.executions import SPENT, UNSETTLED, Execution, ExecutionLine, State
from engine.domain.history import day_of
from engine.domain.nudges import Nudge, NudgeKind
from engine.domain.values import Money
from engine.learn.base import Certificate, Forecast, is_due
from modes import attention, habits, notices, rules, substitutes, windows
from modes.rules.facts import Subject
from modes.rules.judging import Judgment, judged
from modes.scene import Scene

EXECUTE = (Rung.APPROVE, Rung.VETO, Rung.SILENT)
RETURNS = timedelta(days=28)  # how long after an order it may still come back


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What would be ordered for a need, and under which mandate; without one it can only be asked about."""

    line: DraftLine
    total: Money
    mandate: Mandate | None
    objections: tuple[rules.Objection, ...]  # of the mandate


def cycle(family: str, context: Context) -> str:
    """Which occurrence of the need it is: it begins with the last purchase or placed execution of the family."""
    return _cycle(habits.last_day(context.history, family), family, context)


def eligibility(family: str | None, forecast: Forecast | None, scene: Scene) -> list[Removal]:
    """Why nothing can be ordered for this need now, whatever the customer signed."""
    if family is None or forecast is None:
        return [_not("forecast.none")]
    own = [one for one in scene.context.executions if any(line.need == family for line in (*one.lines, *one.dropped))]
    return [
        *_open(own),
        *(_same_cycle(own, family, _cycle(scene.last_day(family), family, scene.context)) if own else ()),
        *_recent(own, forecast.window_days, scene.now),
    ]


def plan(forecast: Forecast, scene: Scene, already: Sequence[Execution] = ()) -> Plan | Removal:
    """The order for a need: the usual item, or the first substitute the customer signed for; else what is in the way.

    Of several that can be had, the first one that the mandate carries, else the first.
    """
    quantity = _quantity(forecast, scene)
    wanted = _signed_for(forecast, scene)
    scene.shelf.load(wanted)
    meant = [id for id in wanted if id == forecast.item_id or _stands_in(id, forecast, scene)]
    lines = [_ordered(item_id, forecast.family, quantity, scene) for item_id in meant]
    plans = [_under(line, scene, already) for line in lines if isinstance(line, DraftLine)]
    fitting = [made for made in plans if not made.objections] or plans
    return fitting[0] if fitting else next(line for line in lines if isinstance(line, Removal))


def early(order: Forecast) -> list[Removal]:
    """Nothing is ordered, and nobody asked, before so much of the usual gap is over."""
    since, gap = order.evidence.since_days, order.evidence.median_gap_days
    if is_due(since, gap):
        return []
    return [_not("execution.early", since_days=round(since, 2), every_days=round(gap, 2))]


def notice(rung: Rung, scene: Scene, veto_window: timedelta | None = None) -> tuple[datetime | None, datetime]:
    """When an execution of this rung is announced or asked about (None: it is not), and from when it may be placed.

    Parameters
    ----------
    veto_window : that operators' rules want; None: the usual one
    """
    policy = scene.policy
    usual = policy.veto_window if veto_window is None else veto_window
    waits = {Rung.APPROVE: policy.approval_window, Rung.VETO: usual}
    if rung not in waits:
        return None, scene.now
    send_at = attention.send_at(scene.now, scene.context.preferences.quiet_hours, scene.context.zone)
    return send_at, send_at + waits[rung]


def ruled(
    rung: Rung, made: Plan, forecast: Forecast, threshold: float | None, scene: Scene, already: Sequence[Execution]
) -> Judgment:
    """What the operators' rules say of ordering it so."""
    subject = Subject(
        context=scene.context,
        line=made.line,
        item=scene.shelf.item(made.line.item_id),
        rung=rung,
        probability=forecast.probability,
        total=made.total,
        now=scene.now,
    )
    return judged(
        [subject],
        scene.house,
        threshold=threshold,
        due=lambda window: notice(rung, scene, window)[1],
        already=already,
    )


def draft(
    rung: Rung,
    made: Plan,
    certificate: Certificate | None,
    forecast: Forecast,
    scene: Scene,
    judgment: Judgment,
    announced: Judgment | None = None,
) -> ExecutionDraft:
    """The execution as it would be stored; it is due at a time at which the mandate lets orders be placed.

    Parameters
    ----------
    announced : what rules say of it should it be announced after all; None: the same
    """
    asked = rung is Rung.APPROVE
    mandate, (send_at, due_at) = None if asked else made.mandate, notice(rung, scene, judgment.veto_window)
    return ExecutionDraft(
        rung=rung,
        lines=(made.line,),
        total=made.total,
        mandate_id=None if mandate is None else mandate.mandate_id,
        wording=None if mandate is None else mandate.wording,
        certificate_id=None if asked or certificate is None else certificate.certificate_id,
        cycle=_cycle(scene.last_day(made.line.family), made.line.family, scene.context),
        due_at=windows.first(mandate, scene.context.zone, due_at) or due_at,
        probability=forecast.probability,
        window_days=round(forecast.window_days),
        send_at=send_at,
        gateway=judgment.gateway,
        threshold=None if asked or certificate is None else certificate.threshold,
        counted=judgment.counted,
        veto_window=(announced or judgment).veto_window,
    )


def stored(draft: ExecutionDraft, decision: Decision, position: int, now: datetime) -> Execution:
    """The execution of the experience at ``position``, as it waits in the ledger. Its id follows from the decision."""
    return Execution(
        execution_id=draft.joins or str(uuid5(NAMESPACE_OID, f"{decision.decision_id}/{position}/execution")),
        customer_id=decision.customer_id,
        state=State.WAITING,
        rung=draft.rung,
        lines=tuple(_kept(line, draft) for line in draft.lines),
        total=draft.total,
        mandate_id=draft.mandate_id,
        certificate_id=draft.certificate_id,
        decision_id=decision.decision_id,
        probability=_least(draft),
        wording=draft.wording,
        due_at=draft.due_at,
        deliver_by=draft.deliver_by,
        slot=draft.slot,
        announced_at=draft.send_at,
        gateway=draft.gateway,
        threshold=draft.threshold,
        counted=draft.counted,
        created_at=now,
    )


def announce(draft: ExecutionDraft, decision: Decision, position: int, now: datetime) -> tuple[Execution, Nudge | None]:
    """What to store for the experience at ``position``: the execution, and the message that tells of it or asks.

    A silent execution has no message. Where the ledger does not take the execution, the message is not to be sent.
    """
    execution = stored(draft, decision, position, now)
    if draft.send_at is None:
        return execution, None
    asks = draft.rung is Rung.APPROVE
    message = Nudge(
        nudge_id=str(uuid5(NAMESPACE_OID, f"{decision.decision_id}/{position}/message")),
        customer_id=decision.customer_id,
        kind=NudgeKind.APPROVAL if asks else NudgeKind.NOTICE,
        text=decision.experiences[position].reason,
        facts=notices.facts(execution),
        execution_id=execution.execution_id,
        decision_id=decision.decision_id,
        created_at=now,
        send_at=draft.send_at,
    )
    return execution, message


def pending(draft: ExecutionDraft, customer_id: str, now: datetime) -> Execution:
    """The execution as others of the same decision must reckon with it, before it has an id."""
    return Execution(
        execution_id="",
        customer_id=customer_id,
        state=State.WAITING,
        rung=draft.rung,
        lines=tuple(_kept(line, draft) for line in draft.lines),
        total=draft.total,
        mandate_id=draft.mandate_id,
        due_at=draft.due_at,
        counted=draft.counted,
        created_at=now,
    )


def _least(draft: ExecutionDraft) -> float:
    """How sure the least sure of the needs is that an order is for."""
    return min((one.probability or 0.0 for one in draft.occurrences.values()), default=draft.probability)


def _placed_day(family: str, context: Context) -> float | None:
    placed = [
        day_of(one.placed_at or one.due_at)
        for one in context.executions
        if one.state in SPENT and any(line.need == family for line in one.lines)
    ]
    return max(placed, default=None)


def _cycle(bought: float | None, family: str, context: Context) -> str:
    """The same where it is known when the family was last bought."""
    days = [day for day in (bought, _placed_day(family, context)) if day is not None]
    return habits.occurrence(max(days, default=None))


def _open(own: Sequence[Execution]) -> list[Removal]:
    return [_not("execution.open", execution_id=one.execution_id) for one in own if one.state in UNSETTLED][:1]


def _same_cycle(own: Sequence[Execution], family: str, now_in: str) -> list[Removal]:
    """An occurrence of a need is acted on once, whatever became of it."""
    same = [
        one for one in own if any(line.need == family and line.cycle == now_in for line in (*one.lines, *one.dropped))
    ]
    return [_not("execution.this_cycle", state=one.state.value) for one in same[:1] if one.state not in UNSETTLED]


def _recent(own: Sequence[Execution], window_days: float, now: datetime) -> list[Removal]:
    """After a placed order of ours, its window passes before the next."""
    rest = timedelta(days=window_days)
    placed = [one.placed_at for one in own if one.placed_at is not None and now < one.placed_at + rest]
    return [_not("execution.recent", placed_at=max(placed).isoformat())] if placed else []


def _quantity(forecast: Forecast, scene: Scene) -> int:
    """The customer's usual quantity of the usual item."""
    own = {habit.item_id: habit.quantity for habit in scene.habits(forecast.family)}
    return own.get(forecast.item_id, 1)


def _signed_for(forecast: Forecast, scene: Scene) -> list[str]:
    """The usual item, then the substitutes of mandates for it, in the customer's order."""
    meant = sorted(
        _live(forecast.item_id, forecast.family, scene), key=lambda one: (-one.signed_at.timestamp(), one.mandate_id)
    )
    return list(dict.fromkeys([forecast.item_id, *(item for mandate in meant for item in mandate.substitutes)]))


def _stands_in(item_id: str, forecast: Forecast, scene: Scene) -> bool:
    """Whether a mandate that lists the item means it for this need."""
    item, live = scene.shelf.item(item_id), _live(forecast.item_id, forecast.family, scene)
    listing = [one for one in live if item_id in one.substitutes]
    return item is None or any(substitutes.stands_in(item, forecast.family, one) for one in listing)


def _ordered(item_id: str, family: str, quantity: int, scene: Scene) -> DraftLine | Removal:
    """The line for one item, or why it cannot be ordered."""
    item = scene.shelf.item(item_id)
    if item is None or not item.available:
        return _gone(item_id)
    if not scene.shelf.wanted(item):
        return Removal(stage=Stage.AVAILABILITY, rule="item.excluded", detail={"item_id": item_id})
    if item.price is None:
        return Removal(stage=Stage.AVAILABILITY, rule="item.price_unknown", detail={"item_id": item_id})
    return DraftLine(item_id=item_id, family=family, quantity=quantity, unit_price=item.price)


def _under(line: DraftLine, scene: Scene, already: Sequence[Execution]) -> Plan:
    """The line under the mandate that suits it best, in the usual quantity as far as that was signed for."""
    plans = [_plan(replace(line, quantity=n), scene, already) for n in _quantities(line, scene, already)]
    return next((made for made in plans if not made.objections), plans[0])


def _plan(line: DraftLine, scene: Scene, already: Sequence[Execution]) -> Plan:
    mandate, objections = rules.nearest([line], scene.context, scene.now, already)
    total = rules.total_of([line])
    assert total is not None  # its price is known
    return Plan(line=line, total=total, mandate=mandate, objections=tuple(objections))


def _quantities(line: DraftLine, scene: Scene, already: Sequence[Execution]) -> list[int]:
    """The usual quantity within what each mandate has room for, the most first."""
    signed = _live(line.item_id, line.family, scene)
    rooms = {rules.room(line, mandate, scene.context, scene.now, already) for mandate in signed}
    found = sorted({min(line.quantity, room) for room in rooms if room}, reverse=True)
    return found or [min(line.quantity, max((one.max_quantity for one in signed), default=line.quantity))]


def _live(item_id: str, family: str, scene: Scene) -> list[Mandate]:
    """The mandates in force for an item."""
    return [one for one in scene.context.mandates if one.live(scene.now) and one.covers(item_id, family)]


def _kept(line: DraftLine, draft: ExecutionDraft) -> ExecutionLine:
    price = line.unit_price or Money(minor=0, currency=draft.total.currency)
    one = draft.occurrences.get(line.family, Occurrence(cycle=draft.cycle, probability=None))
    return ExecutionLine(
        item_id=line.item_id,
        need=line.family,
        cycle=one.cycle,
        quantity=line.quantity,
        unit_price=price,
        probability=one.probability,
    )


def _gone(item_id: str) -> Removal:
    return Removal(stage=Stage.AVAILABILITY, rule="item.unavailable", detail={"item_id": item_id})


def _not(rule: str, **detail: object) -> Removal:
    return Removal(stage=Stage.ELIGIBILITY, rule=rule, detail=detail)
