"""The choice: one rung for each need, the needs competing for the customer's attention.

What is worth how much, whose turn it is and which part chance has in it is computed by ``selection`` on arrays, of
which this customer is one row; here it is said why, and budgets of mandates are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import RUNGS, ExecutionDraft, Removal, Rung, Source, Stage
from engine.domain.executions import Execution
from modes import agency, attention, conduct, execute, selection
from modes.assess import Candidate, Prospect, prospect
from modes.draws import draw
from modes.policy import Worth
from modes.rules.judging import Judgment
from modes.scene import Scene
from modes.value import EXECUTES, Stakes, before_messages

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BEYOND = conduct.beyond(agency.UNSTATED)
UNVALUED = np.full(len(RUNGS), np.nan)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a need is given. ``values`` and ``removals`` are as they stood when it was chosen."""

    prospect: Prospect
    rung: Rung
    values: Mapping[Rung, float | None]
    propensities: Mapping[Rung, float]
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contender:
    """A need whose turn has not come, with what hangs on no other need's turn but an order's.

    Attributes
    ----------
    kept_out : by rung, what keeps it out whatever it is worth
    parameters : what acting is worth in its category
    worth : float array of shape (6,), see ``worths_before``; None where the need's probability is not known
    draw : from [0, 1), what chance holds for the need
    """

    prospect: Prospect
    kept_out: Mapping[Rung, tuple[Removal, ...]]
    parameters: Worth
    worth: Floats | None
    draw: float

    @classmethod
    def of(cls, found: Sequence[Prospect], scene: Scene) -> list[Contender]:
        """Prospects in the order of their names, looked at once however many turns they wait."""
        parameters = [scene.policy.worth_of(one.candidate.category) for one in found]
        each = (
            cls(
                prospect=one,
                kept_out=_all_kept_out(one, scene),
                parameters=own,
                worth=worth,
                draw=_draw(one, scene),
            )
            for one, own, worth in zip(found, parameters, worths_before(found, parameters, scene), strict=True)
        )
        return sorted(each, key=lambda one: one.name)

    def after(self, made: Sequence[Execution], scene: Scene) -> Contender:
        """The same once those executions are decided: they draw on mandates and caps, and change no value."""
        if self.prospect.wanted.forecast is None:
            return self
        found = prospect(self.prospect.candidate, scene, made)
        return replace(self, prospect=found, kept_out=_all_kept_out(found, scene))

    @property
    def name(self) -> tuple[str, str]:
        """By which equals are put in order."""
        need = self.prospect.wanted.need
        return need.family or "", need.source.value


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contest:
    """Needs side by side, in the order of their names, as one customer's arrays; they hold until an order is made.

    Attributes
    ----------
    worth, allowed : arrays of shape (1, n, 6), see ``Contender``; nan where a need is not valued
    draws : float array of shape (n,)
    worths : what each need's category is worth; one where all are worth the same
    """

    needs: Sequence[Contender]
    worth: Floats
    allowed: Bools
    draws: Floats
    worths: Sequence[Worth]

    @classmethod
    def of(cls, needs: Sequence[Contender]) -> Contest:
        """Of those whose turn is to come."""
        worths = [one.parameters for one in needs]
        return cls(
            needs=needs,
            worth=np.array([[UNVALUED if one.worth is None else one.worth for one in needs]]),
            allowed=np.array([[[not one.kept_out[rung] for rung in RUNGS] for one in needs]]),
            draws=np.array([one.draw for one in needs]),
            worths=worths[:1] if all(one is worths[0] for one in worths) else worths,
        )

    def turns(self, left: Sequence[int], spent: Spent, scene: Scene) -> Iterator[tuple[int, Choice]]:
        """Places and choices of those that are ``left``, in turn; they hold until something is spent by one of them."""
        unvalued = [place for place in left if self.needs[place].worth is None]
        if unvalued:
            yield from ((place, _unvalued(self.needs[place].prospect, spent, scene)) for place in unvalued)
            return
        known = selection.priced(
            self.worth,
            self.allowed,
            load=np.array([spent.load]),
            left=np.array([spent.left]),
            policy=scene.policy,
            here=np.full((1, 1, 1), scene.present),
            worths=self.worths,
        )
        everywhere = (np.zeros(len(self.needs), np.int64), np.arange(len(self.needs)))
        given = known.given(
            everywhere, self.draws, scene.policy.chance, np.full(len(self.needs), scene.conduct.curious)
        )
        order = known.order[0].tolist()
        for place in sorted(left, key=lambda place: -order[place]):
            values = dict(zip(RUNGS, given.value[place].tolist(), strict=True))
            one = self.needs[place]
            yield (
                place,
                Choice(
                    prospect=one.prospect,
                    rung=Rung(int(given.rung[place])),
                    values=values,
                    propensities=dict(zip(RUNGS, given.propensity[place].tolist(), strict=True)),
                    removals={rung: (*one.kept_out[rung], *_late(rung, values[rung], spent, scene)) for rung in RUNGS},
                ),
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What of the customer's attention is spent."""

    load: float  # messages of the last seven days
    left: float  # that may still be sent

    def after(self, spoke: bool) -> Spent:
        """With one more message, where there is one."""
        return replace(self, load=self.load + spoke, left=self.left - spoke)


def choose(candidates: Sequence[Candidate], scene: Scene) -> tuple[Choice, ...]:
    """A rung for every need, the leading one first."""
    return tuple(sorted(chosen(candidates, scene), key=lambda choice: choice.order))


def chosen(candidates: Sequence[Candidate], scene: Scene) -> Iterator[Choice]:
    """A rung for every need, one after another, in the order of their turns.

    Executions that announce themselves take their message first, then the needs by value, each at the price that
    attention has by then; budgets of mandates are drawn in the same order.
    """
    contest = Contest.of(Contender.of([prospect(one, scene) for one in candidates], scene))
    left = list(range(len(candidates)))
    made = list[Execution]()
    known = scene.conduct
    spent = Spent(load=attention.load(scene.context.messages, scene.now), left=known.budget - known.spent)
    while left:
        for place, one in contest.turns(tuple(left), spent, scene):
            yield one
            left.remove(place)
            speaks, executes = attention.speaks(one.rung, scene.present), one.rung in EXECUTES
            if speaks or executes:  # what follows has another price, or draws on what is left
                break
        spent = spent.after(speaks)
        if executes:
            made.append(execute.pending(execution(one, scene), scene.context.customer.customer_id, scene.now))
            contest = Contest.of([contest.needs[place].after(made, scene) for place in left])
            left = list(range(len(left)))


def execution(choice: Choice, scene: Scene) -> ExecutionDraft:
    """The execution of a choice that executes."""
    found = choice.prospect
    forecast = found.wanted.order if choice.rung in EXECUTES else found.wanted.forecast
    assert found.plan is not None  # eligibility saw to it
    assert forecast is not None
    certificate, judgment = found.certificates.get(choice.rung), found.judgments.get(choice.rung, Judgment())
    announced = found.judgments.get(Rung.VETO, judgment)
    return execute.draft(choice.rung, found.plan, certificate, forecast, scene, judgment, announced)


def worths_before(found: Sequence[Prospect], parameters: Sequence[Worth], scene: Scene) -> list[Floats | None]:
    """The value of every rung of each need without what its message costs, shape (6,).

    None of a need whose probability is not known. Needs whose ``parameters`` are the same are valued together.
    """
    known: list[Floats | None] = [None] * len(found)
    sure = [n for n, one in enumerate(found) if one.wanted.probability is not None]
    while sure:
        worth = parameters[sure[0]]
        alike = [n for n in sure if parameters[n] is worth]
        for place, values in zip(alike, _before([found[n] for n in alike], worth, scene), strict=True):
            known[place] = values
        sure = [n for n in sure if parameters[n] is not worth]
    return known


def _before(found: Sequence[Prospect], worth: Worth, scene: Scene) -> Floats:
    """The same of needs whose categories are worth the same, shape (n, 6)."""
    context, wanted = scene.context, [one.wanted for one in found]
    unstated = [not agency.stated(context, one.wanted.need.family, one.candidate.category) for one in found]
    stakes = Stakes(
        probability=np.array([one.probability for one in wanted], float),
        order=np.array([one.probability if one.order is None else one.order.probability for one in wanted], float),
        goal=np.array([np.nan if one.progress is None else one.progress.risk for one in wanted], float)
        if any(one.progress is not None for one in wanted)
        else None,
        buys=np.array([one.buys for one in wanted], bool),
        present=np.full(len(found), scene.present),
        load=np.full(len(found), float(attention.load_before(context.messages, scene.now))),
        agency=scene.conduct.wish(worth.agency - scene.policy.worth.agency),
        success=scene.conduct.uptake([one.need.family for one in wanted], worth),
        beyond=np.array(unstated, float)[:, None] * BEYOND if any(unstated) else None,
    )
    return before_messages(stakes, worth)


def _unvalued(found: Prospect, spent: Spent, scene: Scene) -> Choice:
    """What was asked for, and those of whom nothing is known, are shown a choice; the others their favourites."""
    removals = {rung: (*found.removals[rung], *_unsure(rung, found, scene)) for rung in RUNGS}
    if attention.speaks(Rung.CURATE, scene.present) and spent.left < 1:
        removals[Rung.CURATE] = (*removals[Rung.CURATE], _spent(spent, scene))
    rung = Rung.RESPOND if removals[Rung.CURATE] else Rung.CURATE
    return Choice(
        prospect=found,
        rung=rung,
        values={rung: 0.0 if rung is Rung.RESPOND else None for rung in RUNGS},
        propensities={one: float(one is rung) for one in RUNGS},
        removals=removals,
    )


def _unsure(rung: Rung, found: Prospect, scene: Scene) -> list[Removal]:
    """With no likely need, those who are known are left to their favourites; who asked or is new is shown a choice."""
    if rung is Rung.RESPOND or found.wanted.need.source is Source.REQUEST or not len(scene.context.history):
        return []
    return [Removal(stage=Stage.VALUE, rule="need.none_likely", detail={"least": scene.policy.min_probability})]


def _all_kept_out(found: Prospect, scene: Scene) -> dict[Rung, tuple[Removal, ...]]:
    return {rung: _kept_out(rung, found, scene) for rung in RUNGS}


def _kept_out(rung: Rung, found: Prospect, scene: Scene) -> tuple[Removal, ...]:
    """What keeps a rung out whatever it is worth."""
    if rung is Rung.RESPOND:
        return ()
    removed, least = found.removals[rung], scene.policy.min_probability
    if (found.wanted.probability or 0.0) >= least:
        return removed
    facts = {"probability": round(found.wanted.probability or 0.0, 4), "least": least}
    return (*removed, Removal(stage=Stage.VALUE, rule="probability.low", detail=facts))


def _late(rung: Rung, value: float, spent: Spent, scene: Scene) -> list[Removal]:
    """What only the choice itself can tell: no attention is left, or acting is not worth it."""
    if rung is Rung.RESPOND:
        return []
    late, least = [], scene.policy.min_value
    if attention.speaks(rung, scene.present) and spent.left < 1:
        late.append(_spent(spent, scene))
    if value < least:
        late.append(Removal(stage=Stage.VALUE, rule="value.low", detail={"value": round(value, 4), "least": least}))
    return late


def _spent(spent: Spent, scene: Scene) -> Removal:
    facts = {"messages": round(spent.load), "budget": scene.conduct.budget}
    return Removal(stage=Stage.ATTENTION, rule="attention.spent", detail=facts)


def _draw(found: Prospect, scene: Scene) -> float:
    policy, need = scene.policy, found.wanted.need
    return draw(policy.chance.seed, scene.context.customer.customer_id, need.family or need.source, scene.now)
