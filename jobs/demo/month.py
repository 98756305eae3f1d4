"""December, lived day by day: who is decided for, what is ordered, how households answer, what they really bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter, sleep

import pandas as pd

from engine.config import Settings
from engine.domain.decisions import Outcome, OutcomeKind, Rung
from engine.domain.executions import State
from engine.errors import Conflict
from engine.store import customers, executions, outcomes, signals
from engine.store.database import Database, Tx
from jobs import reconcile, shadow
from jobs.demo.assignment import Assigned
from jobs.demo.data import Journey
from jobs.demo.hands import PRESENT, Hands
from jobs.demo.households import Truth
from jobs.demo.place import CUT, deliver, signed
from jobs.demo.shop import TERMS, Shop
from jobs.evaluate import served
from jobs.sweep import Sweep
from modes.document import Json
from modes.hearing import heard

MORNING, EVENING = time(8), time(20)
WEEK = timedelta(days=7)
REST = timedelta(days=3)  # after a decision, before a household is looked at for something due
LAST = date(2017, 12, 31)
RECONCILED = 6  # day of the week, Sunday
TRIES = 20  # at what the gateway lost on the last day


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """One order made for a household, and what it rests on."""

    execution_id: str
    decision_id: str
    customer_id: str
    family: str
    item_id: str
    rung: Rung
    probability: float
    decided_at: datetime
    window: timedelta


@dataclass(kw_only=True)
class Diary:
    """What was decided and done."""

    decisions: int = 0
    modes: Counter[str] = field(default_factory=Counter)  # of the leading experience
    by_day: dict[date, Counter[str]] = field(default_factory=dict)
    why: Counter[str] = field(default_factory=Counter)  # visiting, asked, due, weekly
    orders: list[Ordered] = field(default_factory=list)
    nudges: int = 0
    stopped: int = 0
    approved: int = 0
    swept: Counter[str] = field(default_factory=Counter)
    accepted: int = 0  # items of a list shown to a visitor that went into that day's basket
    shown: int = 0  # visitors who were shown a list
    seconds: Counter[str] = field(default_factory=Counter)  # by kind of work

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the time of some work."""
        start = perf_counter()
        yield
        self.seconds[what] += perf_counter() - start


@dataclass(frozen=True, kw_only=True)
class Month:
    """Everything the month is lived with."""

    db: Database
    settings: Settings
    journey: Journey
    assigned: Sequence[Assigned]
    truth: Truth
    hands: Hands
    shop: Shop
    diary: Diary = field(default_factory=Diary)

    def live(self, bar: Callable[[int, int], None]) -> Diary:
        """From the cut to the end of the year."""
        days = (LAST - CUT.date()).days + 1
        last = self._spread_over_a_week()
        for n, (day, lines) in enumerate(self.journey.days(CUT.date(), LAST)):
            self._day(day, lines, last)
            bar(n + 1, days)
        evening = datetime.combine(LAST, EVENING, UTC)
        self._finish(evening)
        self._settle(evening + timedelta(hours=4))
        return self.diary

    def _spread_over_a_week(self) -> dict[str, datetime]:
        """When each household was decided for last, as if each had its weekday."""
        with self.db.read() as tx:
            ids = customers.ids(tx)
        return {id: CUT - WEEK + timedelta(days=n % 7) for n, id in enumerate(ids)}

    def _day(self, day: date, lines: pd.DataFrame, last: dict[str, datetime]) -> None:
        morning, evening = (datetime.combine(day, hour, UTC) for hour in (MORNING, EVENING))
        self._sweep(morning)
        made = self._decided(day, morning, lines, last)
        self._note(day, made, morning)
        self._answered(made, morning)
        self._shown(made, lines)
        self._sweep(evening)
        with self.diary.timed("taking in the day's orders"):
            known = Journey(items=self.journey.items, lines=lines, redemptions=self.journey.redemptions)
            deliver(self.db, self.settings, Path(self.settings.home) / "files", known, evening)
        self._settle(evening)

    def _decided(self, day: date, now: datetime, lines: pd.DataFrame, last: dict[str, datetime]) -> list[Json]:
        """The decisions of a morning: for visitors, for those something is due for, and the weekly turn."""
        visits = lines.groupby("customer_id", sort=True)["item_id"].agg(list).to_dict()
        known = set(last)
        visitors = [id for id in visits if id in known]
        names = dict(zip(self.journey.items["item_id"], self.journey.items["name"], strict=True))
        requests = self.truth.requests({id: visits[id] for id in visitors}, names, day.isoformat())
        with self.diary.timed("finding who is due"):
            families = {id: mandate.families for id, mandate in signed(self.assigned).items() if id not in visits}
            due = self.hands.due({id: own for id, own in families.items() if now - last[id] >= REST}, now)
        weekly = [id for id in sorted(known) if now - last[id] >= WEEK and id not in visits and id not in set(due)]
        with self.diary.timed("deciding"):
            made = self.hands.decide({PRESENT: visitors, None: [*due, *weekly]}, now, requests)
        for id in (*visitors, *due, *weekly):
            last[id] = now
        self.diary.why.update(
            {"visiting": len(visitors) - len(requests), "asking": len(requests), "due": len(due), "weekly": len(weekly)}
        )
        return made

    def _note(self, day: date, made: Sequence[Json], now: datetime) -> None:
        diary = self.diary
        diary.decisions += len(made)
        mix = Counter(one["mode"] for one in made)
        diary.modes += mix
        diary.by_day[day] = mix
        for decision in made:
            for experience in decision["experiences"]:
                diary.nudges += experience["nudge"] is not None
                if experience["execution"] is not None and experience["execution"]["execution_id"] is not None:
                    diary.orders.append(_ordered(decision, experience["execution"], now))

    def _answered(self, made: Sequence[Json], now: datetime) -> None:
        """Questions are answered and announced orders stopped, three hours after they were sent."""
        fresh = {one["decision_id"] for one in made}
        at = now + timedelta(hours=3)
        for order in self.diary.orders:
            if order.decision_id in fresh:
                self._answer(order, at)

    def _answer(self, order: Ordered, at: datetime) -> None:
        actor = f"customer:{order.customer_id}"
        try:
            if order.rung is Rung.APPROVE:
                if self.truth.says_yes(order.customer_id, order.family, order.decided_at):
                    with self.db.begin() as tx:
                        executions.approve(tx, order.execution_id, actor, at)
                    self.diary.approved += 1
            elif order.rung is Rung.VETO and self.truth.stops(
                order.customer_id, order.family, order.decided_at, order.window
            ):
                with self.db.begin() as tx:
                    executions.veto(tx, order.execution_id, actor, at)
                    outcomes.add_many(tx, order.decision_id, [_said(order, OutcomeKind.VETOED, at)])
                self.diary.stopped += 1
        except Conflict:
            self.diary.swept["too late to answer"] += 1

    def _shown(self, made: Sequence[Json], lines: pd.DataFrame) -> None:
        """What visitors took of the lists they were shown is told back."""
        baskets = lines.groupby("customer_id")["item_id"].agg(set).to_dict()
        told = []
        for decision in made:
            basket = baskets.get(decision["customer_id"])
            offers = {offer["item_id"] for one in decision["experiences"] for offer in one["offers"]}
            if basket is not None and offers:
                told.append((decision, sorted(offers & basket)))
        at = lines["ordered_at"].max().to_pydatetime() if len(lines) else None
        with self.diary.timed("telling outcomes"), self.db.begin() as tx:
            for decision, taken in told:
                said = [Outcome(item_id=id, kind=OutcomeKind.ACCEPTED, at=at) for id in taken]
                ignored = Outcome(item_id=None, kind=OutcomeKind.IGNORED, at=at)
                outcomes.add_many(tx, decision["decision_id"], said or [ignored])
                signals.add(tx, {decision["customer_id"]: heard(decision, said or [ignored])})
                self.diary.accepted += len(taken)
        self.diary.shown += len(told)

    def _sweep(self, now: datetime) -> None:
        with self.diary.timed("placing"):
            sweep = Sweep(
                db=self.db,
                gateway=self.shop.gateway,
                settings=self.settings,
                clock=lambda: now,
                owner="demo",
                terms=TERMS,
                failing=lambda gateway, reasons: None,  # it loses answers on purpose, and the report counts them
            )
            self.diary.swept += sweep.run()

    def _finish(self, now: datetime) -> None:
        """Ask again for the answers that the gateway lost at last, when their time has come, until all are known."""
        for _ in range(TRIES):
            with self.db.read() as tx:
                if not executions.counts(tx).get(State.PLACING, 0):
                    return
            sleep(TERMS.timeout.total_seconds())
            self._sweep(now)

    def _settle(self, now: datetime) -> None:
        """What the gateway lost is looked up; whatever's window is over is kept or sent back."""
        with self.diary.timed("settling"):
            if now.weekday() == RECONCILED or now.date() >= LAST:
                reconcile.run(self.db, self.shop.gateway, now)
                shadow.run(self.db, served(self.settings), now, self.settings)
            over = [one for one in self.diary.orders if now - timedelta(days=1) < one.decided_at + one.window <= now]
            with self.db.begin() as tx:
                standing = {one.execution_id: one for one in executions.get_many(tx, [o.execution_id for o in over])}
                for order in over:
                    if standing[order.execution_id].state in (State.PLACED, State.CONFIRMED):
                        self._kept(tx, order, now)

    def _kept(self, tx: Tx, order: Ordered, now: datetime) -> None:
        came = self.truth.buys(order.customer_id, order.family, order.decided_at, order.window)
        if came is not None:
            to, kind = (State.KEPT, OutcomeKind.KEPT) if came else (State.RETURNED, OutcomeKind.RETURNED)
            states, actor = (State.PLACED, State.CONFIRMED), f"customer:{order.customer_id}"
            executions.move(tx, order.execution_id, states, to, actor, None, now)
            outcomes.add_many(tx, order.decision_id, [_said(order, kind, now)])


def _ordered(decision: Json, execution: Mapping[str, object], now: datetime) -> Ordered:
    line = execution["lines"][0]  # type: ignore[index]
    return Ordered(
        execution_id=str(execution["execution_id"]),
        decision_id=decision["decision_id"],
        customer_id=decision["customer_id"],
        family=line["family"],
        item_id=line["item_id"],
        rung=Rung.of(str(execution["rung"])),
        probability=float(execution["probability"]),  # type: ignore[arg-type]
        decided_at=now,
        window=timedelta(days=int(execution["window_days"])),  # type: ignore[call-overload]
    )


def _said(order: Ordered, kind: OutcomeKind, at: datetime) -> Outcome:
    return Outcome(item_id=order.item_id, kind=kind, at=at)
