"""A whole decision, from what is known of one customer to an experience for each need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from engine.domain.context import Context
from engine.domain.decisions import (
    Considered,
    Decision,
    ExecutionDraft,
    Experience,
    Mode,
    Offer,
    Removal,
    Rung,
    RungChoice,
    Stage,
)
from engine.domain.house import House
from engine.domain.placements import Placement
from engine.learn.base import Forecast, Model
from modes import capability, curate, delivery, execute, explain
from modes.assess import candidate
from modes.filters import Filter
from modes.lever import Trials, lever
from modes.needs import Wanted, needs
from modes.policy import Policy
from modes.recall import Recalled
from modes.request import Request
from modes.scene import Scene
from modes.select import Choice, choose, execution
from modes.shelf import Browse, Catalogue, Shelf

__all__ = ["Catalogue", "Policy", "Request", "decide", "needs"]

STAGES = {stage: place for place, stage in enumerate(Stage)}
RUNGS_OF = {mode: tuple(rung for rung in Rung if rung.mode is mode) for mode in Mode}


def decide(
    context: Context,
    model: Model | None,
    now: datetime,
    *,
    request: Request | None = None,
    catalogue: Catalogue,
    policy: Policy,
    decision_id: str,
    touchpoint: str | None = None,
    limit: int = 10,
    exclude: Collection[str] = frozenset(),
    filter: str | None = None,
    placements: Sequence[Placement] = (),
    house: House = House(),
    browse: Browse = tuple,
) -> Decision:
    """Which experience each need of one customer is given now. The same input gives the same decision.

    Parameters
    ----------
    catalogue : from ids to the items there are among them; asked a few times
    touchpoint : where the customer is; None and no request: the customer is not here
    limit : of the offers of one experience
    exclude : items never to be offered
    filter : a condition on what is offered, see ``modes.filters``
    placements : what operators put forward
    house : what operators set for the whole place
    browse : every item there is; gone through where a condition leaves out nearly everything

    Raises
    ------
    InputError
        for a requested item that the catalogue does not know, or a filter that is none
    """
    condition = None if filter is None else Filter.parse(filter)
    known = None if model is None else cast(Model, Recalled(model))
    scene = Scene(
        context=capability.reduced(context),
        model=known,
        now=now,
        policy=policy,
        shelf=Shelf(catalogue, exclude, condition, browse),
        present=touchpoint is not None or (request is not None and not request.empty),
        limit=limit,
        touchpoint=touchpoint,
        placements=tuple(placements),
        house=house,
    )
    wanted = needs(scene.context, known, now, request, policy, scene.shelf)
    candidates = [candidate(one, request, scene) for one in wanted]
    choices = choose(candidates, scene)
    drafts = delivery.arranged(
        {n: execution(one, scene) for n, one in enumerate(choices) if one.rung.mode is Mode.EXECUTE}, scene
    )
    trials = Trials(candidates, scene)
    experiences = tuple(_experience(one, drafts.get(n), trials, scene, request) for n, one in enumerate(choices))
    return Decision(
        decision_id=decision_id,
        customer_id=context.customer.customer_id,
        decided_at=now,
        model_id=None if model is None else model.model_id,
        touchpoint=touchpoint,
        locale=scene.context.customer.locale,
        experiences=_filled(experiences, wanted, scene),
    )


def _experience(
    choice: Choice,
    draft: ExecutionDraft | None,
    trials: Trials,
    scene: Scene,
    request: Request | None,
) -> Experience:
    found = choice.prospect
    nudge = found.nudge if choice.rung is Rung.COACH else None
    return Experience(
        need=found.wanted.need,
        rung=choice.rung,
        reason=explain.experience(choice, scene, request, nudge, draft),
        considered=tuple(_considered(mode, choice) for mode in RUNGS_OF),
        lever=lever(choice, trials),
        offers=found.candidate.options[: scene.limit] if choice.rung in (Rung.RESPOND, Rung.CURATE) else (),
        nudge=nudge,
        execution=draft,
        order=found.candidate.order if choice.rung is Rung.RESPOND else None,
        order_window=_order_window(found.wanted),
    )


def _order_window(wanted: Wanted) -> int | None:
    return None if wanted.order is None or execute.early(wanted.order) else round(wanted.order.window_days)


def _considered(mode: Mode, choice: Choice) -> Considered:
    rungs = RUNGS_OF[mode]
    free = [rung for rung in rungs if not choice.removals[rung]]
    values = [value for rung in free or rungs if (value := choice.values[rung]) is not None]
    return Considered(
        mode=mode,
        allowed=bool(free),
        value=max(values, default=None),
        probability=_probability(mode, choice.prospect.wanted),
        propensity=sum(choice.propensities[rung] for rung in rungs),
        rungs=tuple(_rung(rung, choice) for rung in rungs),
        removed_by=None if free else _nearest(rungs, choice),
    )


def _probability(mode: Mode, wanted: Wanted) -> float | None:
    """What the mode rests on: that the need is real, or that an order made unasked would be right."""
    return wanted.order.probability if mode is Mode.EXECUTE and wanted.order is not None else wanted.probability


def _rung(rung: Rung, choice: Choice) -> RungChoice:
    return RungChoice(
        rung=rung,
        value=choice.values[rung],
        propensity=choice.propensities[rung],
        removed_by=next(iter(choice.removals[rung]), None),
    )


def _nearest(rungs: Sequence[Rung], choice: Choice) -> Removal:
    """What removed the rung of a mode that came furthest; of equals the one that does least."""
    first = [choice.removals[rung][0] for rung in rungs]
    return max(first, key=lambda removal: STAGES[removal.stage])


def _filled(experiences: tuple[Experience, ...], wanted: Sequence[Wanted], scene: Scene) -> tuple[Experience, ...]:
    """The first list to choose from, filled up with what else the customer may want."""
    place = next((n for n, one in enumerate(experiences) if one.rung is Rung.CURATE and one.need.family), None)
    if place is None:
        return experiences
    shown = {offer.item_id for one in experiences for offer in one.offers}
    more = curate.recommended(scene, scene.limit - len(experiences[place].offers), _forecasts(wanted), leave=shown)
    offers = _ranked((*experiences[place].offers, *more))
    return (*experiences[:place], replace(experiences[place], offers=offers), *experiences[place + 1 :])


def _forecasts(wanted: Sequence[Wanted]) -> dict[str, Forecast]:
    return {one.forecast.family: one.forecast for one in wanted if one.forecast is not None}


def _ranked(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Offers of several origins with scores that fall with their place."""
    return tuple(replace(offer, score=1 / (place + 1)) for place, offer in enumerate(offers))
