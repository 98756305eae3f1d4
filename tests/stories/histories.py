"""Any history of one customer's orders, against a gateway that keeps a book and checks every order by a plain reading.

What may be ordered is written down here a second time, from what was signed, said and announced, in as few words as
possible; nothing of it is taken from the code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from engine.config import Settings
from engine.domain.customers import Consent, Days, Grant, Mandate, Preferences, Purpose, Window
from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Execution, ExecutionLine, Result, State, total_of
from engine.domain.nudges import NudgeKind
from engine.domain.shopping import Customer
from engine.errors import Conflict, InputError
from engine.store import (
    changing,
    checks,
    consents,
    customers,
    erasure,
    executions,
    items,
    mandates,
    nudges,
    preferences,
    withdrawing,
)
from engine.store import context as contexts
from engine.store.database import Database, Tx
from engine.store.tables import executions as executions_table
from jobs.gateway import Terms, wire
from jobs.sweep import Sweep
from modes import changes
from tests.builders import an_item, usd

BEGIN = datetime.fromisoformat("2017-11-03T14:00:00+00:00")  # a Friday; two days later the clock goes back
ZONE = ZoneInfo("America/New_York")
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
FAMILY = {"beans": "coffee", "dark": "coffee", "milk": "milk", "tea": "tea"}
PRICES = {"beans": 500, "dark": 450, "milk": 120, "tea": 300}
TERMS = Terms(first_retry=timedelta(0), at_once=1)
SETTINGS = Settings.from_env({})
ORDERED = (State.PLACED, State.CONFIRMED, State.KEPT, State.RETURNED)
_numbers = count()


class Killed(BaseException):
    """The worker dies in the middle of a call."""


@dataclass
class Book:
    """The gateway: one order a key. Before it takes a new one, it lets it be checked."""

    check: Callable[[Execution], None]
    orders: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, dict[str, object]] = field(default_factory=dict)
    script: list[Any] = field(default_factory=list)

    def place(self, execution: Execution) -> Answer:
        """Take an order as the script says: well, late, fail, killed before or after, or a refusal."""
        word = self.script.pop(0) if self.script else "well"
        if word == "killed":
            raise Killed
        if word == "fail":
            return Answer(result=Result.UNKNOWN, detail="status 500")
        if isinstance(word, Answer) and execution.key not in self.orders:
            return word
        repeat = execution.key in self.orders
        if not repeat:
            self.check(execution)
            self.orders[execution.key] = f"shop-{execution.key}"
        sent = wire(execution)
        assert self.bodies.setdefault(execution.key, sent) == sent, "another order under a key"
        if word == "killed after":
            raise Killed
        if word == "late":
            return Answer(result=Result.UNKNOWN, detail="ReadTimeout")
        return Answer(result=Result.REPEAT if repeat else Result.PLACED, order_id=self.orders[execution.key])

    def look_up(self, execution_id: str) -> Answer:
        """Whether there is an order of it."""
        if execution_id not in self.orders:
            return Answer(result=Result.NOT_FOUND, detail="none")
        return Answer(result=Result.PLACED, order_id=self.orders[execution_id])


@dataclass(frozen=True)
class Ordered:
    """One order in the book, as the plain reading remembers it."""

    mandate_id: str | None
    cents: int
    at: datetime


class History:
    """One customer, everything they said, and everything that happened to their orders."""

    def __init__(self, db: Database) -> None:
        self.db, self.id, self.now = db, f"c{next(_numbers)}", BEGIN
        self.book = Book(check=self.check)
        self.prices, self.there = dict(PRICES), set(PRICES)
        self.priced: dict[str, dict[str, int]] = {}  # when an order last waited: a call that is repeated sends the same
        self.granted, self.paused = True, False
        self.paused_until: datetime | None = None
        self.mandate: Mandate | None = None
        self.signed: dict[str, Mandate] = {}
        self.told: dict[str, dict[str, int]] = {}  # first execution -> need -> the last price that was announced
        self.approved: set[str] = set()
        self.stopped: set[str] = set()
        self.cycles: set[tuple[str, str]] = set()
        self.ordered: dict[str, Ordered] = {}
        self.returned: set[str] = set()
        self.noticed: list[str] = []  # what was wrong with an order that came
        with db.begin() as tx:
            customers.put(tx, [Customer(customer_id=self.id, timezone=ZONE.key)], self.now)
            self._catalogue(tx)
        self.prefer()
        self.consent(granted=True)
        self.sign()

    # what the customer and the shop do

    def sign(self, **given: Any) -> None:
        """Sign a new mandate; the one before stays as it is."""
        mandate = Mandate(
            **{
                "mandate_id": f"{self.id}-m{len(self.signed)}",
                "customer_id": self.id,
                "families": frozenset({"coffee", "milk", "tea"}),
                "substitutes": ("dark",),
                "price_high": usd(600),
                "order_limit": usd(1_400),
                "max_quantity": 3,
                "budget": usd(2_000),
                "budget_period": WEEK,
                "signed_at": self.now,
                **given,
            }
        )
        self.mandate = self.signed[mandate.mandate_id] = mandate
        with self.db.begin() as tx:
            mandates.add(tx, mandate)

    def amend(self, **given: Any) -> None:
        """Put other terms into the mandate."""
        if self.mandate is not None and self.mandate.revoked_at is None:
            self.mandate = self.signed[self.mandate.mandate_id] = replace(self.mandate, **given)
            with self.db.begin() as tx:
                mandates.replace(tx, self.mandate)

    def revoke(self) -> None:
        """Take the mandate back."""
        if self.mandate is None or self.mandate.revoked_at is not None:
            return
        id = self.mandate.mandate_id
        self.mandate = self.signed[id] = replace(self.mandate, revoked_at=self.now)
        with self.db.begin() as tx:
            mandates.revoke(tx, id, self.now)
            withdrawing.cancel(tx, self.id, "mandate.revoked", "customer", self.now, id)
        assert not any(one.mandate_id == id and one.state is State.WAITING for one in self.all())

    def consent(self, *, granted: bool) -> None:
        """Grant or refuse automation."""
        self.granted = granted
        said = Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED if granted else Grant.REFUSED, at=self.now)
        with self.db.begin() as tx:
            consents.put(tx, self.id, [said])
            if not granted:
                withdrawing.cancel(tx, self.id, "consents.automation", "customer", self.now)
        assert granted or not any(one.state is State.WAITING for one in self.all())

    def prefer(self, *, paused: bool = False, hours: int | None = None) -> None:
        """Stop everything, pause for some hours, or go on."""
        self.paused, self.paused_until = paused and hours is None, None if hours is None else self.now + hours * HOUR
        stated = Preferences(ceiling=Rung.SILENT, paused=paused, paused_until=self.paused_until)
        with self.db.begin() as tx:
            preferences.put(tx, self.id, stated, self.now)

    def price(self, item: str, cents: int) -> None:
        """An item costs something else."""
        self.prices[item] = cents
        with self.db.begin() as tx:
            self._catalogue(tx)

    def stock(self, item: str) -> None:
        """An item goes, or comes back."""
        self.there ^= {item}
        with self.db.begin() as tx:
            self._catalogue(tx)

    def plan(self, wanted: list[str], rung: Rung, hours: int, quantity: int, cycle: str) -> None:
        """Announce an order, whether or not that is wise: the ledger may not take it."""
        lines = tuple(
            ExecutionLine(item_id=i, need=FAMILY[i], cycle=cycle, quantity=quantity, unit_price=usd(self.prices[i]))
            for i in wanted
        )
        asks = rung is Rung.APPROVE
        made = Execution(
            execution_id=f"{self.id}-x{len(self.told)}",
            customer_id=self.id,
            state=State.WAITING,
            rung=rung,
            lines=lines,
            total=total_of(lines),
            mandate_id=None if asks or self.mandate is None else self.mandate.mandate_id,
            due_at=self.now + (48 if asks else hours) * HOUR,
            announced_at=self.now,
            created_at=self.now,
        )
        self.told[made.execution_id] = {line.need: line.unit_price.minor for line in lines}
        with self.db.begin() as tx:
            executions.add(tx, made, self.now)

    def say(self, verb: str, n: int) -> None:
        """Something the customer does with one of their open orders, if there is any."""
        open_ones = [one for one in self.all() if one.state is State.WAITING]
        if open_ones:
            with suppress(Conflict, InputError):
                getattr(self, verb)(open_ones[n % len(open_ones)])

    def veto(self, one: Execution) -> None:
        """No."""
        with self.db.begin() as tx:
            executions.veto(tx, one.execution_id, "customer", self.now)
        self.stopped.add(one.execution_id)

    def skip(self, one: Execution) -> None:
        """Not this time."""
        with self.db.begin() as tx:
            executions.skip(tx, one.execution_id, "customer", self.now)
        self.stopped.add(one.execution_id)

    def approve(self, one: Execution) -> None:
        """Yes."""
        with self.db.begin() as tx:
            executions.approve(tx, one.execution_id, "customer", self.now)
        self.approved.add(one.execution_id)

    def snooze(self, one: Execution) -> None:
        """Later."""
        with self.db.begin() as tx:
            executions.snooze(tx, one.execution_id, "customer", self.now, 5 * HOUR)

    def swap(self, one: Execution) -> None:
        """The other beans, at their price of today."""
        line = next((each for each in one.lines if each.need == "coffee"), None)
        if line is not None:
            self._change(one, line, "dark" if line.item_id == "beans" else "beans", line.quantity)

    def change(self, one: Execution) -> None:
        """One more."""
        self._change(one, one.lines[0], one.lines[0].item_id, one.lines[0].quantity + 1)

    def refund(self, n: int) -> None:
        """An order comes back."""
        placed = [one for one in self.all() if one.state is State.PLACED]
        if placed:
            one = placed[n % len(placed)]
            with self.db.begin() as tx:
                executions.move(tx, one.execution_id, [State.PLACED], State.RETURNED, "shop", None, self.now)
            self.returned.add(one.execution_id)

    def pass_time(self, hours: int) -> None:
        """The clock goes on, or is put back."""
        self.now += hours * HOUR

    def gateway(self, *words: Any) -> None:
        """What the gateway does at the next calls."""
        self.book.script = list(words)

    def sweep(self) -> None:
        """A worker places what is due; it may die of it."""
        with self.db.begin() as tx:  # the lease of whoever died has ended
            tx.execute(update(executions_table).values(lease_until=None))
        self.priced |= {one.execution_id: dict(self.prices) for one in self.all() if one.state is State.WAITING}
        sweep = Sweep(db=self.db, gateway=self.book, settings=SETTINGS, clock=lambda: self.now, owner="w", terms=TERMS)
        with suppress(Killed):
            sweep.run()
        with self.db.read() as tx:
            told = nudges.of_customer(tx, self.id)
        for one in told:
            if one.kind is NudgeKind.APPROVAL and one.nudge_id not in self.told:
                self.told[one.nudge_id] = {}
                self._ask(one.execution_id or "", one.facts)

    # the plain reading

    def check(self, one: Execution) -> None:
        """Whether this order may be placed now; where it may not, that is noticed, and the worker dies."""
        try:
            self._check(one)
        except AssertionError as broken:
            self.noticed.append(str(broken).partition("\n")[0])
            raise Killed from None

    def _check(self, one: Execution) -> None:
        assert one.customer_id == self.id, "of somebody else"
        assert self.granted, "without consent"
        assert not self.paused, "after a stop"
        assert self.paused_until is None or self.now >= self.paused_until, "in a pause"
        assert one.execution_id not in self.stopped, "vetoed or skipped"
        prices = self.prices if one.attempt == 1 else self.priced.get(one.execution_id, self.prices)
        for line in one.lines:
            assert (line.need, line.cycle) not in self.cycles, "twice in one cycle"
            assert line.item_id in self.there, "out of stock"
            assert line.unit_price.minor <= prices[line.item_id], "dearer than it is"
            assert line.unit_price.minor <= self._announced(one.execution_id, line.need), "dearer than was announced"
        assert one.total.minor == sum(line.unit_price.minor * line.quantity for line in one.lines), "a wrong total"
        if one.rung is Rung.APPROVE:
            assert self._family(one.execution_id) & self.approved, "not approved"
        else:
            self._signed_for(one)
        self.cycles |= {(line.need, line.cycle) for line in one.lines}
        self.ordered[one.execution_id] = Ordered(one.mandate_id, one.total.minor, self.now)

    def _signed_for(self, one: Execution) -> None:
        signed = self.signed[str(one.mandate_id)]
        assert signed.signed_at <= self.now, "before the signature"
        assert signed.revoked_at is None or self.now < signed.revoked_at, "revoked"
        assert signed.expires_at is None or self.now < signed.expires_at, "expired"
        local = self.now.astimezone(ZONE)
        assert not any(quiet.first <= local.date() <= quiet.last for quiet in signed.quiet_dates), "on a quiet date"
        assert not signed.windows or any(_open(window, local) for window in signed.windows), "outside the windows"
        for line in one.lines:
            assert line.quantity <= signed.max_quantity, "too many"
            assert signed.price_high is None or line.unit_price.minor <= signed.price_high.minor, "above the band"
        assert signed.order_limit is None or one.total.minor <= signed.order_limit.minor, "above the order's limit"
        if signed.budget is not None and signed.budget_period is not None:
            before = [
                each.cents
                for id, each in self.ordered.items()
                if each.mandate_id == signed.mandate_id
                and id not in self.returned
                and each.at > self.now - signed.budget_period
            ]
            assert sum(before) + one.total.minor <= signed.budget.minor, "above the budget"

    def ends(self) -> None:
        """At last the gateway is well: the book and the ledger say the same, and no cycle was ordered twice."""
        self.gateway()
        self.sweep()
        self.sweep()
        assert self.noticed == []
        placed = {one.execution_id for one in self.all() if one.state in ORDERED}
        assert placed == set(self.book.orders), "the book and the ledger differ"
        with self.db.begin() as tx:
            assert checks.doubled_cycles(tx) == checks.shared_orders(tx) == 0

    def forgotten(self) -> None:
        """Leave nothing of the customer for the next history."""
        with self.db.begin() as tx:
            erasure.erase(tx, self.id, "test", self.now)

    def all(self) -> list[Execution]:
        """The customer's executions."""
        with self.db.read() as tx:
            return executions.of_customer(tx, self.id, 1_000)

    def _announced(self, id: str, need: str) -> int:
        """The last price the customer was told for a need, in the life of an order and of those it came from."""
        for one in self._line(id):
            if need in self.told.get(one, {}):
                return self.told[one][need]
        raise AssertionError("a price that was never told")

    def _family(self, id: str) -> set[str]:
        """The order and those it came from."""
        return set(self._line(id))

    def _line(self, id: str) -> Iterator[str]:
        """The order, then the one it came from, and so on, whether or not those ever reached the gateway."""
        came_from = {one.execution_id: one.follows for one in self.all()}
        following: str | None = id
        while following is not None:
            yield following
            following = came_from.get(following)

    def _ask(self, id: str, facts: Any) -> None:
        """The customer is told of prices in a question; it is about an order that is there or was parted."""
        self.approved.discard(id)
        told = {FAMILY[one["item_id"]]: round(float(one["unit_price"]) * 100) for one in facts["lines"]}
        self.told[id] = {**self.told.get(id, {}), **told}

    def _change(self, one: Execution, line: ExecutionLine, item: str, quantity: int) -> None:
        with self.db.begin() as tx:
            before = executions.locked(tx, one.execution_id)
            context = contexts.read(tx, self.id, self.now, zone=ZONE, personalization_default=Grant.GRANTED)
            known = items.get_many(tx, [item])
            after = (
                replace(line, quantity=quantity)
                if item == line.item_id
                else changes.swapped(before, line, item, context, self.now, known)
            )
            if changes.objections(before, after, context, self.now, known):
                raise Conflict("it is not signed for")
            made = changes.with_line(before, after)
            changing.change(tx, before, made, after, "customer", "changed", self.now)
        if item != line.item_id:
            self.told.setdefault(one.execution_id, {})[line.need] = self.prices[item]

    def _catalogue(self, tx: Tx) -> None:
        known = self.prices.items()
        items.put(
            tx, [an_item(id, family=FAMILY[id], price=usd(cents), available=id in self.there) for id, cents in known]
        )


def _open(window: Window, local: datetime) -> bool:
    """Whether a local time lies in a window, read off a clock and a calendar."""
    began = local.date() if local.time() >= window.start else local.date() - timedelta(days=1)
    if window.start < window.end and not window.start <= local.time() < window.end:
        return False
    if window.start >= window.end and window.end <= local.time() < window.start:
        return False
    return began.weekday() in window.days


EVENINGS = (Window(days=frozenset(range(7)), start=time(18), end=time(1)),)
NIGHT = (Window(days=frozenset({5, 6}), start=time(1), end=time(2)),)
SUNDAY = (Days(first=date(2017, 11, 5), last=date(2017, 11, 5)),)
