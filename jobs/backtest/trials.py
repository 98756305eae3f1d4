"""What was decided for a customer on a morning, and what each mode would have done had it been allowed and chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.domain.context import Context
from engine.domain.decisions import Decision, Experience, Rung, Source
from engine.domain.executions import Execution, State
from engine.learn.base import Certificate, Forecast
from modes import agency, attention, capability, curate, execute, gate
from modes.deeds import deeds
from modes.execute import Plan
from modes.needs import Wanted
from modes.scene import Scene
from modes.value import EXECUTES

ORDERS = (Rung.APPROVE, *EXECUTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One need and one rung: what was put before the customer, said or ordered, before it is known what came."""

    rung: Rung
    family: str
    said: float  # probability it rests on
    window: float  # days, within which that is to come true
    items: tuple[str, ...] = ()
    quantity: int = 1
    wider: float | None = None  # days, the window an order made unasked would have; of a question
    allowed: bool = True  # by what the customer has stored
    speaks: bool = False  # whether it is a message


@dataclass(kw_only=True, slots=True)
class Memory:
    """What the replay did for one customer so far; nothing of it is stored."""

    messages: list[datetime]
    executions: list[Execution]
    ordered: dict[tuple[Rung, str], tuple[str, datetime]]  # counterfactual: rung and family -> cycle, and when

    @classmethod
    def empty(cls) -> Memory:
        """Nothing yet."""
        return cls(messages=[], executions=[], ordered={})

    def of(self, context: Context, now: datetime) -> Context:
        """The context with what was done in the replay; no question was answered, whatever was announced went out."""
        since = now - attention.SPAN
        return replace(
            context,
            messages=(*context.messages, *(at for at in self.messages if since <= at)),
            executions=(*context.executions, *(_by_then(one, now) for one in self.executions)),
        )

    def note(self, decision: Decision, now: datetime) -> None:
        """Keep what a decision does."""
        for deed in deeds(decision, now):
            if deed.execution is not None:
                self.executions.append(deed.execution)
            if deed.message is not None:
                self.messages.append(deed.message.send_at)

    def takes(self, rung: Rung, family: str, cycle: str, rest: float, now: datetime) -> bool:
        """Whether a counterfactual order may be made, one a cycle and none while the last is fresh; then it is kept."""
        last = self.ordered.get((rung, family))
        if last is not None and (last[0] == cycle or now < last[1] + timedelta(days=rest)):
            return False
        self.ordered[rung, family] = cycle, now
        return True


def _by_then(one: Execution, now: datetime) -> Execution:
    if now < one.due_at:
        return one
    if one.rung is Rung.APPROVE:
        return replace(one, state=State.SKIPPED)
    return replace(one, state=State.PLACED, placed_at=one.due_at)


def decided(decision: Decision, wanted: dict[str, Wanted]) -> Iterator[Trial]:
    """What was chosen for the needs that were forecast."""
    for experience in decision.experiences:
        one = wanted.get(experience.need.family or "")
        if one is not None and one.forecast is not None:
            yield _chosen(experience, one)


def _chosen(experience: Experience, wanted: Wanted) -> Trial:
    assert wanted.forecast is not None
    draft, forecast = experience.execution, wanted.forecast
    line = None if draft is None else draft.lines[0]
    return Trial(
        rung=experience.rung,
        family=forecast.family,
        said=forecast.probability if draft is None else draft.probability,
        window=forecast.window_days if draft is None else draft.window_days,
        items=tuple(offer.item_id for offer in experience.offers) if line is None else (line.item_id,),
        quantity=1 if line is None else line.quantity,
        wider=_wider(experience.rung, wanted),
        speaks=attention.speaks(experience.rung, present=False),
    )


def counterfactual(wanted: Wanted, scene: Scene, memory: Memory) -> Iterator[Trial]:
    """Each rung as if it had been allowed and chosen for a forecast need; the gate holds for orders made unasked."""
    forecast = wanted.forecast
    if forecast is None or not wanted.buys or wanted.need.source not in (Source.FORECAST, Source.GOAL):
        return
    plain = Trial(rung=Rung.RESPOND, family=forecast.family, said=forecast.probability, window=forecast.window_days)
    yield plain
    listed = curate.of_family(forecast.family, forecast, scene)[: scene.limit]
    if listed:
        items = tuple(offer.item_id for offer in listed)
        yield _spoken(replace(plain, rung=Rung.CURATE, items=items), wanted, scene)
    if wanted.progress is not None:
        yield _spoken(replace(plain, rung=Rung.COACH), wanted, scene)
    yield from _orders(wanted, scene, memory)


def _orders(wanted: Wanted, scene: Scene, memory: Memory) -> Iterator[Trial]:
    need, order = wanted.forecast, wanted.order
    if need is None or order is None or execute.early(order):
        return
    planned = execute.plan(need, scene)
    if not isinstance(planned, Plan):
        return
    cycle = execute.cycle(need.family, scene.context)
    for rung in ORDERS:
        unasked = rung in EXECUTES
        if unasked and gate.removals(_proof(rung, order, planned, scene), order):
            continue
        if memory.takes(rung, need.family, cycle, need.window_days, scene.now):
            over = order if unasked else need
            made = Trial(
                rung=rung,
                family=need.family,
                said=over.probability,
                window=over.window_days,
                items=(planned.line.item_id,),
                quantity=planned.line.quantity,
                wider=_wider(rung, wanted),
            )
            yield _spoken(made, wanted, scene)


def _proof(rung: Rung, order: Forecast, planned: Plan, scene: Scene) -> Certificate | None:
    return gate.certificate(scene.model, rung, order, scene.policy, _category(order.item_id, scene), planned.total)


def _category(item_id: str, scene: Scene) -> tuple[str, ...]:
    item = scene.shelf.item(item_id)
    return () if item is None else item.category


def _wider(rung: Rung, wanted: Wanted) -> float | None:
    return wanted.order.window_days if rung is Rung.APPROVE and wanted.order is not None else None


def _spoken(trial: Trial, wanted: Wanted, scene: Scene) -> Trial:
    return replace(trial, allowed=_allowed(trial, wanted, scene), speaks=attention.speaks(trial.rung, scene.present))


def _allowed(trial: Trial, wanted: Wanted, scene: Scene) -> bool:
    """Whether consents, ceilings and mandates as they are stored, and the shop, let the customer be served so."""
    assert wanted.forecast is not None
    context, usual = scene.context, wanted.forecast.item_id
    category = _category(usual, scene)
    if capability.removals(context, trial.rung) or gate.masked(trial.rung, trial.family, [category], scene.policy):
        return False
    if [*agency.removals(context, trial.rung, trial.family, category, scene.now)]:
        return False
    signed = (one.live(scene.now) and one.covers(usual, trial.family) for one in context.mandates)
    return trial.rung not in EXECUTES or any(signed)
