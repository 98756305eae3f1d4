"""One need before the choice: what each rung would be, and everything that keeps it from being chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.domain.decisions import RUNGS, NudgeDraft, Offer, OrderDraft, Phase, Removal, Rung, Source, Stage
from engine.domain.executions import Execution
from engine.domain.signals import Standing
from engine.learn.base import Certificate
from modes import agency, capability, coach, curate, earned, execute, gate, respond, stopping
from modes.execute import Plan
from modes.needs import Wanted
from modes.request import Request
from modes.rules.judging import Judgment
from modes.scene import Scene
from modes.value import EXECUTES

PROACTIVE = tuple(rung for rung in RUNGS if rung is not Rung.RESPOND)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A need with what could be put before the customer for it; the same whatever the customer's settings are."""

    wanted: Wanted
    category: tuple[str, ...] = ()  # of the usual item
    options: tuple[Offer, ...] = ()
    order: OrderDraft | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prospect:
    """A candidate under the customer's settings. ``removals``: per rung, in the order of the stages."""

    candidate: Candidate
    removals: Mapping[Rung, tuple[Removal, ...]]
    plan: Plan | None = None
    certificates: Mapping[Rung, Certificate]
    judgments: Mapping[Rung, Judgment] = field(default_factory=dict)  # of the operators' rules
    nudge: NudgeDraft | None = None

    @property
    def wanted(self) -> Wanted:
        """The need."""
        return self.candidate.wanted

    def open(self, rung: Rung) -> bool:
        """Whether nothing keeps the rung from being chosen so far."""
        return not self.removals[rung]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Proposed:
    """What would be ordered for a need, and what speaks of it whatever rung that is by."""

    planned: Plan | Removal | None
    certificates: Mapping[Rung, Certificate]
    judgments: Mapping[Rung, Judgment]  # of the operators' rules
    ceilings: Sequence[agency.Ceiling]  # that the customer set
    most: Rung  # that these leave
    categories: Sequence[tuple[str, ...]]  # of the usual item, and of what would be ordered in its place
    standing: Standing  # on the ladder of the need
    ineligible: Sequence[Removal]
    stopped: Sequence[Removal]  # by operators

    def judged(self, rung: Rung) -> Judgment:
        """What rules say of a rung; nothing where they were not asked."""
        return self.judgments.get(rung, Judgment())


def candidate(wanted: Wanted, request: Request | None, scene: Scene) -> Candidate:
    """What could be put before the customer for the need."""
    if wanted.need.source is Source.REQUEST and request is not None:
        answer = respond.answer(request, scene)
        options = answer.options or curate.recommended(scene, scene.limit, {})
        return Candidate(wanted=wanted, options=options, order=answer.order)
    if wanted.need.family is None:
        return Candidate(wanted=wanted, options=() if not wanted.buys else curate.recommended(scene, scene.limit, {}))
    options = curate.of_family(wanted.need.family, wanted.forecast, scene)
    order = respond.usual(wanted.need.family, scene)
    return Candidate(wanted=wanted, category=_category(wanted, options, scene), options=options, order=order)


def prospect(candidate: Candidate, scene: Scene, already: Sequence[Execution] = ()) -> Prospect:
    """The candidate under the customer's settings. ``already``: executions decided in this decision before it."""
    wanted = candidate.wanted
    planned = _plan(wanted, scene, already)
    ceilings = tuple(agency.ceilings(scene.context.preferences, wanted.need.family, candidate.category))
    certificates = _certificates(candidate, planned, scene)
    judgments = _judgments(wanted, planned, certificates, scene, already)
    proposed = _Proposed(
        planned=planned,
        certificates=certificates,
        judgments=judgments,
        ceilings=ceilings,
        most=agency.least(ceilings),
        categories=_categories(candidate, planned, scene),
        standing=earned.standing_of(wanted.need.family, scene),
        ineligible=_executable(wanted, scene),
        stopped=_stopped(wanted, scene),
    )
    removals = {rung: tuple(_removals(rung, candidate, proposed, scene)) if rung in PROACTIVE else () for rung in RUNGS}
    return Prospect(
        candidate=candidate,
        removals=removals,
        plan=planned if isinstance(planned, Plan) else None,
        certificates=certificates,
        judgments=judgments,
        nudge=None if wanted.progress is None else coach.draft(wanted.progress, scene),
    )


def _category(wanted: Wanted, options: Sequence[Offer], scene: Scene) -> tuple[str, ...]:
    ids = [wanted.forecast.item_id] if wanted.forecast is not None else [option.item_id for option in options[:1]]
    items = [scene.shelf.item(id) for id in ids]
    return next((item.category for item in items if item is not None), ())


def _certificates(candidate: Candidate, planned: Plan | Removal | None, scene: Scene) -> dict[Rung, Certificate]:
    order, category = candidate.wanted.order, candidate.category
    if order is None:
        return {}
    total = planned.total if isinstance(planned, Plan) else None
    found = {rung: gate.certificate(scene.model, rung, order, scene.policy, category, total) for rung in EXECUTES}
    return {rung: certificate for rung, certificate in found.items() if certificate is not None}


def _plan(wanted: Wanted, scene: Scene, already: Sequence[Execution]) -> Plan | Removal | None:
    return None if wanted.forecast is None else execute.plan(wanted.forecast, scene, already)


def _judgments(
    wanted: Wanted,
    planned: Plan | Removal | None,
    certificates: Mapping[Rung, Certificate],
    scene: Scene,
    already: Sequence[Execution],
) -> dict[Rung, Judgment]:
    """What the operators' rules say of each way of ordering it."""
    if not scene.house.rules or not isinstance(planned, Plan):
        return {}
    found = {}
    for rung in (Rung.APPROVE, *EXECUTES):
        forecast = wanted.order if rung in EXECUTES else wanted.forecast
        threshold = certificates[rung].threshold if rung in certificates else None
        if forecast is not None:
            found[rung] = execute.ruled(rung, planned, forecast, threshold, scene, already)
    return found


def _removals(rung: Rung, candidate: Candidate, proposed: _Proposed, scene: Scene) -> list[Removal]:
    wanted, context, planned = candidate.wanted, scene.context, proposed.planned
    found = [*capability.removals(context, rung)]
    found += agency.kept_out(rung, proposed.ceilings, context.preferences, scene.now)
    found += _phase(rung, candidate)
    masks = gate.masked(rung, wanted.need.family, proposed.categories, scene.policy)
    if rung is Rung.CURATE:
        return found + _curable(candidate) + masks
    if rung is Rung.COACH:
        found += [] if wanted.progress is not None else [_not("goals.none")]
        return found + masks + earned.removals(rung, proposed.standing, proposed.most, scene)
    found += proposed.ineligible
    if isinstance(planned, Removal):
        found.append(planned)
    if rung in EXECUTES and isinstance(planned, Plan):
        found += [objection.removal() for objection in planned.objections]
    found += masks
    found += proposed.stopped
    found += [objection.removal() for objection in proposed.judged(rung).objections]
    if rung in EXECUTES and wanted.order is not None:
        shut_at = scene.house.shut.get(rung)
        found += gate.removals(proposed.certificates.get(rung), wanted.order, scene.conduct.higher, shut_at=shut_at)
    return found + earned.removals(rung, proposed.standing, proposed.most, scene)


def _categories(candidate: Candidate, planned: Plan | Removal | None, scene: Scene) -> list[tuple[str, ...]]:
    """Of the usual item, and of what would be ordered in its place."""
    item = scene.shelf.item(planned.line.item_id) if isinstance(planned, Plan) else None
    return [candidate.category, *([] if item is None else [item.category])]


def _phase(rung: Rung, candidate: Candidate) -> list[Removal]:
    """Somebody who asks or is looking is answered; nothing is started beside it."""
    need = candidate.wanted.need
    if need.phase is not Phase.RECOGNIZE and rung >= Rung.COACH:
        return [Removal(stage=Stage.PHASE, rule="phase.asked", detail={"phase": need.phase.value})]
    if need.source is Source.REQUEST and rung is Rung.CURATE and candidate.order is not None:
        return [Removal(stage=Stage.PHASE, rule="phase.order_ready")]
    return []


def _curable(candidate: Candidate) -> list[Removal]:
    if not candidate.wanted.buys:
        return [_not("goal.no_purchase")]
    return [] if candidate.options else [_not("offers.none")]


def _stopped(wanted: Wanted, scene: Scene) -> list[Removal]:
    """While operators have stopped orders, none is announced or asked about that could not be placed."""
    families = [] if wanted.need.family is None else [wanted.need.family]
    return [one.removal() for one in stopping.objections(families, None, scene.now, scene.house)]


def _executable(wanted: Wanted, scene: Scene) -> list[Removal]:
    if not wanted.buys:
        return [_not("goal.no_purchase")]
    early = [] if wanted.order is None else execute.early(wanted.order)
    return execute.eligibility(wanted.need.family, wanted.forecast, scene) + early


def _not(rule: str) -> Removal:
    return Removal(stage=Stage.ELIGIBILITY, rule=rule)
