"""Held-out time replayed day by day: what each mode would have done, against what customers then did by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache

from engine.assignment import uniform
from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.history import History, day_of
from engine.domain.shopping import Event, Item
from engine.domain.signals import Record
from engine.errors import InputError, Unavailable
from engine.learn.base import Model
from engine.learn.training import Trained, train
from engine.store import consents, customers, events, items, orders, placements
from engine.store import context as contexts
from engine.store.database import Database
from jobs import shadow, shopping
from jobs.backtest import trials
from jobs.backtest.report import Fit, Report, Settled
from jobs.backtest.rows import Sheet
from jobs.backtest.trials import Memory
from jobs.backtest.truth import Truth
from jobs.train import SEED, factorize
from modes import capability, gate
from modes.decide import decide, needs
from modes.parameters import policy_of
from modes.policy import Policy
from modes.scene import Scene
from modes.shelf import Shelf
from modes.value import EXECUTES

Say = Callable[[str, int, int], None]
MORNING = time(8)  # of the business, when it is decided
TURN = 7  # days between two decisions for a customer
LEARNED = 28  # days between two trainings
LONGEST = 28.0  # days, of a window
BATCH = 100  # customers read together
LIMIT = 10  # of a list
EVERY = 1_000_000  # needs; the counterfactuals leave none out


@dataclass(kw_only=True)
class Replay:
    """One replay while it goes on. Nothing is stored."""

    db: Database
    settings: Settings
    truth: Truth
    ids: Sequence[str]
    begin: datetime
    shelf: Mapping[str, Item]
    decided: Sheet = field(default_factory=Sheet)
    modes: Sheet = field(default_factory=Sheet)
    memories: dict[str, Memory] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)  # where customers stood when it was learned last
    personas: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    decisions: int = 0
    led: dict[str, int] = field(default_factory=dict)
    without_forecast: int = 0  # experiences for which no window says when they were right

    def __post_init__(self) -> None:
        self.owners = {id: n for n, id in enumerate(self.ids)}
        self.policy = policy_of(self.settings)
        self.everything = replace(self.policy, max_needs=EVERY)
        default = Grant(self.settings.personalization_default)
        self.known: dict[str, Context] = {}
        with self.db.read() as tx:
            self.placements = placements.all(tx)
            for start in range(0, len(self.ids), BATCH):
                some = self.ids[start : start + BATCH]
                found = contexts.read_many(
                    tx, some, self.begin, zone=self.settings.timezone, personalization_default=default
                )
                self.known |= {id: self._at_begin(one) for id, one in found.items()}

    def day(self, now: datetime, model: Model) -> None:
        """The morning of one day."""
        for context in self._contexts(now):
            self._turn(context, now, model)

    def _contexts(self, now: datetime) -> Iterator[Context]:
        """Those whose turn it is, as known then."""
        ids = [id for id in self.ids if weekday(id) == now.toordinal() % TURN]
        with self.db.read() as tx:
            happened = events.recent(tx, ids, now - contexts.EVENTS, now)
        for id in ids:
            yield self._as_known(self.known[id], now, happened.get(id, ()))

    def _turn(self, context: Context, now: datetime, model: Model) -> None:
        id = context.customer.customer_id
        memory = self.memories.setdefault(id, Memory.empty())
        context = memory.of(context, now)
        decision = decide(
            context,
            model,
            now,
            catalogue=self._items,
            policy=self.policy,
            decision_id=f"backtest/{id}/{now.date()}",
            limit=LIMIT,
            placements=self.placements,
        )
        self.decisions += 1
        self.led[decision.mode.value] = self.led.get(decision.mode.value, 0) + 1
        scene = Scene(
            context=capability.reduced(context),
            model=model,
            now=now,
            policy=self.everything,
            shelf=Shelf(self._items),
            present=False,
            limit=LIMIT,
        )
        wanted = {
            one.need.family: one
            for one in needs(scene.context, model, now, None, self.everything, scene.shelf)
            if one.need.family is not None
        }
        memory.note(decision, now)
        chosen = list(trials.decided(decision, wanted))
        self.without_forecast += len(decision.experiences) - len(chosen)
        tried = [trial for one in wanted.values() for trial in trials.counterfactual(one, scene, memory)]
        self._written(context, now, model, chosen, tried)

    def _as_known(self, context: Context, now: datetime, happened: tuple[Event, ...]) -> Context:
        """With what the customer did by that morning."""
        own = self.truth.histories.get(context.customer.customer_id, History.empty())
        goals = tuple(goal for goal in context.goals if goal.ended_at is None or goal.ended_at > now)
        record = self._record(context)
        return replace(context, history=own.before(day_of(now)), events=happened, goals=goals, record=record)

    def _at_begin(self, context: Context) -> Context:
        """Without what Rapport did since the replay began; what is read of a past instant may hold what came later."""
        return replace(
            context,
            history=History.empty(),
            executions=tuple(one for one in context.executions if one.created_at < self.begin),
            messages=tuple(at for at in context.messages if at < self.begin),
            coached={goal: at for goal, at in context.coached.items() if at < self.begin},
            shown=tuple(one for one in context.shown if one.at < self.begin),
        )

    def _record(self, context: Context) -> Record:
        """Where the customer stood by the days before the latest learning, and what was heard before the replay."""
        now, stood = context.record, self.records.get(context.customer.customer_id, Record())
        stated = now.stated_at is not None and now.stated_at < self.begin
        return replace(
            stood,
            heard=tuple(one for one in now.heard if one.at < self.begin and one.signal not in shadow.SHADOWS),
            stated_agency=now.stated_agency if stated else None,
            stated_trust=now.stated_trust if stated else None,
            stated_at=now.stated_at if stated else None,
        )

    def _written(
        self,
        context: Context,
        now: datetime,
        model: Model,
        chosen: Sequence[trials.Trial],
        tried: Sequence[trials.Trial],
    ) -> None:
        id, day = context.customer.customer_id, day_of(now)
        persona = self._persona(context, model, day)
        ahead = self.truth.ahead(id, day, LONGEST)
        week = (now - self.begin) // timedelta(days=7)
        for sheet, some in ((self.decided, chosen), (self.modes, tried)):
            for trial in some:
                owner = self.owners[id]
                sheet.add(trial, ahead, owner=owner, week=week, persona=persona, until=self.truth.until)

    def _persona(self, context: Context, model: Model, day: float) -> int:
        """The code of the persona that a customer showed at their first turn; -1: none."""
        id = context.customer.customer_id
        if id not in self.personas:
            found = model.persona(context.history, day)
            if found is not None and found.name not in self.names:
                self.names.append(found.name)
            self.personas[id] = -1 if found is None else self.names.index(found.name)
        return self.personas[id]

    def _items(self, ids: object) -> Mapping[str, Item]:
        return {id: item for id in ids if (item := self.shelf.get(id)) is not None}  # type: ignore[attr-defined]


@cache
def weekday(customer_id: str) -> int:
    """The day of the week on which it is decided for a customer, 0 to 6; the same in every replay.

    Examples
    --------
    >>> 0 <= weekday("c1") < 7
    True
    """
    return int(uniform("turn", "backtest", customer_id) * TURN)


def run(
    db: Database, settings: Settings, *, first: date, last: date, customers_at_most: int | None = None, say: Say
) -> Report:
    """Replay the days from ``first`` to ``last``, both included.

    The model is learned anew, and published nowhere, on what lies before ``first``, and again every 28 days.

    Parameters
    ----------
    customers_at_most : decide for so many of them only, the same in every replay; it is learned from all

    Raises
    ------
    InputError
        where the days end before they begin
    Unavailable
        where there is nothing to learn from before them, or nothing that came of them
    """
    if last < first:
        raise InputError.of("--to", f"a date from {first} on, as --from says", last.isoformat())
    begin, end = (datetime.combine(day, time(), settings.timezone) for day in (first, last + timedelta(days=1)))
    horizon = _horizon(db, begin, end)
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, horizon)
    if not len(read.lines.before(day_of(begin))):
        raise Unavailable(f"nothing to learn from: no orders that may be used from before {first}")
    replay, refused = _replay(db, settings, begin, horizon, customers_at_most)
    fits: list[Fit] = []
    days = [begin + timedelta(days=n) for n in range((horizon.astimezone(begin.tzinfo).date() - first).days + 1)]
    days = [day for day in days if day < horizon]
    model: Model | None = None
    for n, day in enumerate(days):
        if n % LEARNED == 0:
            learned = _learned(read, settings, day, model, say)
            model = learned.model
            heard = shadow.told(learned.shadows, read.customer_ids, read.catalogue.families)
            replay.records = shadow.stood(heard, model, day, replay.policy)
            fits.append(_fit(model, day, replay.policy))
        say(f"deciding, {day.date()}", n, len(days))
        assert model is not None
        replay.day(datetime.combine(day.date(), MORNING, settings.timezone), model)
    say("counting", 0, 1)
    return Report.of(
        Settled(
            first=first,
            last=last,
            until=horizon,
            days=len(days),
            customers=len(replay.ids),
            sampled=customers_at_most,
            refused=refused,
            decisions=replay.decisions,
            led=replay.led,
            without_forecast=replay.without_forecast,
            fits=tuple(fits),
            personas=tuple(replay.names),
            purchases=tuple(replay.truth.purchases(id, day_of(begin)) for id in replay.ids),
            consented=_consented(db, replay.ids),
            promises={rung: gate.promise(rung, replay.policy) for rung in EXECUTES},
        ),
        replay.decided,
        replay.modes,
    )


def _horizon(db: Database, begin: datetime, end: datetime) -> datetime:
    """Until when it is known what came: the newest order, or the end of the replay."""
    with db.read() as tx:
        newest = orders.newest(tx)
    if newest is None:
        raise Unavailable("nothing to replay: no orders are stored")
    if newest < begin:
        raise Unavailable(f"nothing is held out: the newest order is of {newest.date()}, before {begin.date()}")
    return min(end, newest + timedelta(microseconds=1))


def _replay(
    db: Database, settings: Settings, begin: datetime, horizon: datetime, most: int | None
) -> tuple[Replay, int]:
    """What the replay goes over, and how many customers are left out since they refused that their orders be used."""
    with db.read() as tx:
        refusing = shopping.refusing(tx, settings)
        everybody = customers.ids(tx)
        columns = orders.columns(tx, horizon, refusing)
        shelf = {item.item_id: item for item in items.everything(tx)}
    ids = sorted((id for id in everybody if id not in refusing), key=lambda id: uniform("sample", "backtest", id))
    truth = Truth.of(columns.histories(), day_of(horizon))
    known = sorted(ids[:most])
    replay = Replay(db=db, settings=settings, truth=truth, ids=known, begin=begin, shelf=shelf)
    return replay, len(everybody) - len(ids)


def _learned(read: shopping.Shopping, settings: Settings, day: datetime, before: Model | None, say: Say) -> Trained:
    """The model of that day, which saw nothing from then on."""
    return train(
        read.lines,
        read.catalogue,
        model_id=f"backtest-{day:%Y%m%d}",
        created_at=day,
        as_of=day,
        amounts=read.amounts,
        before=None if before is None or before.kinds is None else before.kinds.personas,
        factorize=factorize(settings),
        stakes=policy_of(settings).bounds,
        seed=SEED,
        say=lambda stage, done, total: say(f"learning for {day.date()}: {stage}", done, total),
    )


def _fit(model: Model, day: datetime, policy: Policy) -> Fit:
    proofs = {
        (rung, window): model.certificate(window, gate.promise(rung, policy)).threshold
        for rung in EXECUTES
        for window in sorted(model.evidence)
    }
    lines = model.metrics["lines"]
    assert isinstance(lines, int)
    return Fit(day=day.date(), lines=lines, thresholds=proofs)


def _consented(db: Database, ids: Sequence[str]) -> dict[str, int]:
    """How many customers granted each purpose that an experience needs."""
    with db.read() as tx:
        said = consents.current_many(tx, ids)
    wanted = (Purpose.COACHING, Purpose.AUTOMATION)
    return {
        purpose.value: sum(purpose in one and one[purpose].state is Grant.GRANTED for one in said.values())
        for purpose in wanted
    }


__all__ = ["Report", "Rung", "run", "weekday"]
