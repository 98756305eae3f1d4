"""How stored decisions came about: what was chosen, what kept the rest out, what would change, what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.domain.decisions import Rung, Stage
from engine.domain.estimates import NotEstimable
from engine.domain.executions import State
from engine.domain.history import day_of
from engine.errors import ArtifactError, Unavailable
from engine.learn import base
from engine.measure import choices
from engine.measure.choices import STAGES, WORTH, Choices
from engine.measure.shares import Share, Tally
from engine.store import artifacts, decision_log, orders
from engine.store.database import Database
from engine.store.decision_log import Ordered
from jobs import shopping
from jobs.choices import terms
from jobs.choices.log import Log, read
from modes import gate
from modes.parameters import policy_of
from modes.policy import Policy
from modes.value import EXECUTES

Say = Callable[[str, int, int], None]
Ints = NDArray[np.int64]
UNKNOWN = "not known"
RIGHT = (State.KEPT, State.PLACED, State.CONFIRMED)
WRONG = (State.RETURNED, State.VETOED)
CONSTRAINTS = tuple(stage for stage in Stage if stage is not Stage.VALUE)
MOST = 20  # families that are listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixed:
    """What one group was given: a persona or a family, or everybody."""

    group: str
    n: int
    rungs: Mapping[Rung, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """How often one rule was what removed a rung first."""

    stage: str
    rule: str
    rungs: Mapping[Rung, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Without:
    """What would be chosen without a stage, or without a term of the value."""

    what: str
    changed: Share | NotEstimable  # of needs
    would_be: Mapping[Rung, int]  # of the changed ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How orders of one rung turned out."""

    rung: Rung
    states: Mapping[str, int]
    right: Share | NotEstimable  # kept, placed and confirmed, against returned and vetoed
    settled: Share | NotEstimable  # kept, against returned and vetoed
    said: float | None  # mean probability of those that are judged
    promise: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All of it."""

    first: datetime
    last: datetime
    decisions: int
    needs: int
    customers: int
    led: Mixed
    by_persona: Sequence[Mixed] | NotEstimable  # of what led decisions
    by_family: Sequence[Mixed]  # of needs
    moves: Ints  # from rung, to rung
    removed: Sequence[Removed]
    explained: Share | NotEstimable  # of needs: the best by the stored values is what was chosen
    without_stage: Sequence[Without]
    without_term: Sequence[Without | tuple[str, NotEstimable]]
    closed: Mapping[str, int]  # customers for whom never anything but respond was open, by what stood before it
    kept: Sequence[Kept]


def run(db: Database, settings: Settings, *, since: datetime | None, say: Say) -> Report:
    """The report on all stored decisions, or on those from an instant on.

    Raises
    ------
    Unavailable
        where there are none
    """
    say("reading decisions", 0, 1)
    with db.read() as tx:
        rows = decision_log.candidates(tx, since)
        placed = decision_log.placed(tx, since)
    if not rows:
        raise Unavailable(f"nothing to report on: no decisions are stored{f' from {since}' if since else ''}")
    log, policy = read(rows), policy_of(settings)
    say("reading orders", 0, 1)
    personas = _personas(db, settings, log)
    say("counting", 0, 1)
    found = log.choices
    led = found.leads
    return Report(
        first=log.first,
        last=log.last,
        decisions=log.decisions,
        needs=len(found),
        customers=len(log.customers),
        led=_mixed(["all"], np.zeros(int(led.sum()), np.int64), found.chosen[led])[0],
        by_persona=personas
        if isinstance(personas, NotEstimable)
        else _mixed(personas[0], personas[1][found.customers[led]], found.chosen[led]),
        by_family=_by_family(log),
        moves=choices.moves(found),
        removed=_removed(log),
        explained=_explained(found, policy, len(log.customers)),
        without_stage=[_without_stage(found, stage, policy, len(log.customers)) for stage in CONSTRAINTS],
        without_term=[_without_term(found, term, policy, len(log.customers)) for term in terms.TERMS] + _not_stored(),
        closed=_closed(log),
        kept=[_kept(rung, placed, policy) for rung in (Rung.APPROVE, *EXECUTES)],
    )


def _mixed(names: Sequence[str], groups: Ints, rungs: Ints) -> list[Mixed]:
    table = choices.mix(groups, rungs, len(names))
    return [
        Mixed(group=name, n=int(row.sum()), rungs=_by_rung(row))
        for name, row in zip(names, table, strict=True)
        if row.sum()
    ]


def _by_rung(row: Ints) -> dict[Rung, int]:
    return {rung: int(row[rung]) for rung in Rung}


def _by_family(log: Log) -> list[Mixed]:
    known = log.choices.families >= 0
    found = _mixed(log.families, log.choices.families[known], log.choices.chosen[known])
    return sorted(found, key=lambda one: (-one.n, one.group))[:MOST]


def _personas(db: Database, settings: Settings, log: Log) -> tuple[list[str], Ints] | NotEstimable:
    """Names, and the place of each customer's among them, as the served model sees them after the last decision."""
    model = _served(settings)
    if model is None or model.kinds is None:
        why = "no model is served" if model is None else "the served model tells no kinds of customers apart"
        return NotEstimable(reason=why, needed="a training on enough customers (rapport train)")
    with db.read() as tx:
        columns = orders.columns(tx, log.last, shopping.refusing(tx, settings))
    wanted: Collection[str] = set(log.customers)
    named = {
        id: persona.name
        for id, history in columns.histories()
        if id in wanted and (persona := model.persona(history, day_of(log.last))) is not None
    }
    names = [*sorted(set(named.values())), UNKNOWN]
    return names, np.array([names.index(named.get(id, UNKNOWN)) for id in log.customers], np.int64)


def _served(settings: Settings) -> base.Model | None:
    served = artifacts.served_id(settings.models)
    try:
        return None if served is None else base.decode(artifacts.read(settings.models, served))
    except ArtifactError:
        return None


def _removed(log: Log) -> list[Removed]:
    counted = Counter(log.rules)
    by_rule: dict[tuple[str, str], dict[Rung, int]] = {}
    for (stage, rule, rung), n in counted.items():
        by_rule.setdefault((stage, rule), {})[rung] = n
    places = {stage.value: n for n, stage in enumerate(Stage)}
    ordered = sorted(by_rule.items(), key=lambda one: (places[one[0][0]], -sum(one[1].values()), one[0][1]))
    return [Removed(stage=stage, rule=rule, rungs=rungs) for (stage, rule), rungs in ordered]


def _explained(found: Choices, policy: Policy, n_customers: int) -> Share | NotEstimable:
    worth = choices.worthwhile(found, found.values, policy.min_value, policy.min_probability)
    same = choices.best(found.values, choices.kept_in(found) & worth) == found.chosen
    valued = np.isfinite(found.need)
    return Tally.of(found.customers[valued], same[valued], n_customers=n_customers).share()


def _without_stage(found: Choices, stage: Stage, policy: Policy, n_customers: int) -> Without:
    """The best of what is open and of what this stage was the first to remove."""
    worth = choices.worthwhile(found, found.values, policy.min_value, policy.min_probability)
    before = choices.best(found.values, choices.kept_in(found) & worth)
    after = choices.best(found.values, choices.kept_in(found, stage) & worth)
    return _changed(stage.value, found, before, after, n_customers)


def _without_term(found: Choices, term: str, policy: Policy, n_customers: int) -> Without:
    """The best of what nothing but its value keeps out, by stored values less a term."""
    lesser = terms.without(found, term, policy.worth)
    before, after = (
        choices.best(
            values,
            choices.kept_in(found) & choices.worthwhile(found, values, policy.min_value, policy.min_probability),
        )
        for values in (found.values, lesser)
    )
    return _changed(term, found, before, after, n_customers)


def _not_stored() -> list[tuple[str, NotEstimable]]:
    needed = "their share of each value in the log of decisions"
    return [(term, NotEstimable(reason="the log does not hold it", needed=needed)) for term in ("discomfort", "margin")]


def _changed(what: str, found: Choices, before: Ints, after: Ints, n_customers: int) -> Without:
    """Of the needs that could be valued."""
    valued = np.isfinite(found.need)
    changed = (before != after) & valued
    tally = Tally.of(found.customers[valued], changed[valued], n_customers=n_customers)
    would_be = np.bincount(after[changed], minlength=len(Rung))
    return Without(what=what, changed=tally.share(), would_be=_by_rung(would_be))


def _closed(log: Log) -> dict[str, int]:
    last = choices.served_at_most_respond(log.choices, len(log.customers))
    return {stage.value: n for place, stage in enumerate(STAGES[:WORTH]) if (n := int(np.count_nonzero(last == place)))}


def _kept(rung: Rung, placed: Sequence[Ordered], policy: Policy) -> Kept:
    own = [one for one in placed if one.rung == rung.label]
    states = dict(Counter(one.state for one in own))
    right, said = _turned_out(own, RIGHT)
    settled, _ = _turned_out(own, (State.KEPT,))
    promised = gate.promise(rung, policy) if rung in EXECUTES else None
    return Kept(rung=rung, states=states, right=right, settled=settled, said=said, promise=promised)


def _turned_out(own: Sequence[Ordered], good: Sequence[State]) -> tuple[Share | NotEstimable, float | None]:
    """The share of good ones among those and the wrong ones, and the mean of what was said of them."""
    judged = [one for one in own if one.state in good or one.state in WRONG]
    owners = {id: n for n, id in enumerate(sorted({one.customer_id for one in judged}))}
    tally = Tally.of(
        np.array([owners[one.customer_id] for one in judged], np.int64),
        np.array([one.state in good for one in judged], bool),
        np.array([one.probability or 0.0 for one in judged], np.float64),
        n_customers=len(owners),
    )
    return tally.share(), tally.mean_said
