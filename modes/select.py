"""The choice: one rung for each need, the needs competing for the customer's attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.domain.decisions import ExecutionDraft, Removal, Rung, Source, Stage
from engine.domain.executions import Execution
from modes import attention, execute
from modes.assess import Candidate, Prospect, prospect
from modes.scene import Scene
from modes.value import EXECUTES, Stakes, expected


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a need is given. ``values`` and ``removals`` are as they stood when it was chosen."""

    prospect: Prospect
    rung: Rung
    values: Mapping[Rung, float | None]
    removals: Mapping[Rung, tuple[Removal, ...]] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """Of the chosen rung; 0 where nothing could be valued."""
        return self.values[self.rung] or 0.0

    @property
    def order(self) -> tuple[bool, float, bool, float, str]:
        """What was asked for first, then by value; the surer need of equals."""
        need = self.prospect.wanted.need
        unsure = 1 - (self.prospect.wanted.probability or 0.0)
        return need.source is not Source.REQUEST, -self.value, self.rung is Rung.RESPOND, unsure, need.family or ""


def choose(candidates: Sequence[Candidate], scene: Scene) -> tuple[Choice, ...]:
    """A rung for every need, the leading one first.

    Executions that announce themselves take their message first, then the needs by value, each at the price that
    attention has by then; budgets of mandates are drawn in the same order.
    """
    left, chosen = [prospect(one, scene) for one in candidates], list[Choice]()
    load, drawn = attention.load(scene.context.messages, scene.now), list[Execution]()
    while left:
        taken = min((_choice(found, load, scene) for found in left), key=_turn)
        chosen.append(taken)
        left = [found for found in left if found is not taken.prospect]
        load += attention.speaks(taken.rung, scene.present)
        if taken.rung in EXECUTES:
            drawn.append(execute.pending(execution(taken, scene), scene.context.customer.customer_id, scene.now))
            left = [prospect(found.candidate, scene, drawn) for found in left]
    return tuple(sorted(chosen, key=lambda choice: choice.order))


def execution(choice: Choice, scene: Scene) -> ExecutionDraft:
    """The execution of a choice that executes."""
    found = choice.prospect
    forecast = found.wanted.order if choice.rung in EXECUTES else found.wanted.forecast
    assert found.plan is not None  # eligibility saw to it
    assert forecast is not None
    certificate = found.certificates.get(choice.rung)
    proof = None if certificate is None else certificate.certificate_id
    return execute.draft(choice.rung, found.plan, proof, forecast, scene)


def best(values: Mapping[Rung, float], margin: Mapping[Rung, float]) -> Rung:
    """The rung of the highest value; of equals the one with more margin, then the one that does less.

    Examples
    --------
    >>> best({Rung.RESPOND: 0.0, Rung.CURATE: 0.2, Rung.APPROVE: 0.2}, {Rung.APPROVE: 1.0}).label
    'approve'
    """
    return max(values, key=lambda rung: (round(values[rung], 9), margin.get(rung, 0.0), -rung))


def values_of(found: Prospect, load: int, scene: Scene) -> dict[Rung, float | None]:
    """The value of every rung; None where no probability is known."""
    wanted, worth = found.wanted, scene.policy.worth
    if wanted.probability is None:
        return {rung: 0.0 if rung is Rung.RESPOND else None for rung in Rung}
    stakes = Stakes(
        probability=wanted.probability,
        order=None if wanted.order is None else wanted.order.probability,
        goal=None if wanted.progress is None else wanted.progress.risk,
        buys=wanted.buys,
        present=scene.present,
        load=load,
    )
    return dict(zip(Rung, expected(stakes, worth).tolist(), strict=True))


def _choice(found: Prospect, load: int, scene: Scene) -> Choice:
    values = values_of(found, load, scene)
    removals = {rung: (*found.removals[rung], *_late(rung, found, values[rung], load, scene)) for rung in Rung}
    free = {rung: values[rung] or 0.0 for rung in Rung if not removals[rung]}
    rung = best(free, scene.policy.worth.margin)
    if found.wanted.probability is None and rung is Rung.RESPOND and Rung.CURATE in free:
        rung = Rung.CURATE
    return Choice(prospect=found, rung=rung, values=values, removals=removals)


def _late(rung: Rung, found: Prospect, value: float | None, load: int, scene: Scene) -> list[Removal]:
    """What only the choice itself can tell: no attention is left, or acting is not worth it."""
    if rung is Rung.RESPOND:
        return []
    policy, speaks = scene.policy, attention.speaks(rung, scene.present)
    late = []
    if speaks and load >= policy.messages:
        late.append(
            Removal(stage=Stage.ATTENTION, rule="attention.spent", detail={"messages": load, "budget": policy.messages})
        )
    return late + _worthless(rung, found, value, scene)


def _worthless(rung: Rung, found: Prospect, value: float | None, scene: Scene) -> list[Removal]:
    wanted, policy = found.wanted, scene.policy
    if wanted.probability is None or value is None:
        return _unsure(found, scene)
    if wanted.probability < policy.min_probability:
        facts = {"probability": round(wanted.probability, 4), "least": policy.min_probability}
        return [Removal(stage=Stage.VALUE, rule="probability.low", detail=facts)]
    if value < policy.min_value:
        return [
            Removal(stage=Stage.VALUE, rule="value.low", detail={"value": round(value, 4), "least": policy.min_value})
        ]
    return []


def _unsure(found: Prospect, scene: Scene) -> list[Removal]:
    """With no likely need, those who are known are left to their favourites; who asked or is new is shown a choice."""
    if found.wanted.need.source is Source.REQUEST or not len(scene.context.history):
        return []
    return [Removal(stage=Stage.VALUE, rule="need.none_likely", detail={"least": scene.policy.min_probability})]


def _turn(choice: Choice) -> tuple[bool, float, str]:
    """Announced executions first, then what is worth most."""
    return choice.rung is not Rung.VETO, -choice.value, choice.prospect.wanted.need.family or ""
