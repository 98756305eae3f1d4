"""A customer with a mandate, a catalogue, a gateway and a clock that is moved by hand: what sweeps are tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State
from engine.domain.nudges import Nudge
from engine.domain.shopping import Customer
from engine.store import consents, customers, executions, items, mandates, nudges, preferences
from engine.store.database import Database
from jobs.gateway import Gateway, Terms
from jobs.sweep import Point, Sweep, nothing
from tests.builders import a_mandate, an_item, usd
from tests.fakes import FakeGateway
from tests.ledgers import execution, line

NOON = datetime.fromisoformat("2017-12-01T12:00:00+00:00")  # a Friday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WIDE = Preferences(ceiling=Rung.SILENT)


@dataclass
class Stage:
    """One customer, anna, who lets everything be done and signed for coffee, milk and tea."""

    db: Database
    gateway: Gateway = field(default_factory=FakeGateway)
    now: datetime = NOON
    settings: Settings = field(default_factory=lambda: Settings.from_env({}))
    terms: Terms = field(default_factory=Terms)

    @classmethod
    def set(cls, db: Database, *script: Any, zone: str = "UTC", **signed: Any) -> Stage:
        """The stage, with what the gateway does at the next calls, and what else the mandate says."""
        made = cls(db=db, gateway=FakeGateway(script))
        with db.begin() as tx:
            customers.put(tx, [Customer(customer_id="anna", timezone=zone)], made.now - 99 * DAY)
            preferences.put(tx, "anna", WIDE, made.now - 99 * DAY)
        made.say(Grant.GRANTED, Purpose.AUTOMATION)
        made.stock(beans=499, dark=450, mild=520, milk=120, tea=300)
        known = {
            "customer_id": "anna",
            "families": frozenset({"coffee", "milk", "tea"}),
            "substitutes": ("dark", "mild"),
            "max_quantity": 5,
            "price_high": usd(600),
            "wording": "v7",
            "signed_at": made.now - 99 * DAY,
        }
        made.sign(a_mandate(**{**known, **signed}))
        return made

    def say(self, state: Grant, *purposes: Purpose) -> None:
        """What anna says of purposes."""
        with self.db.begin() as tx:
            consents.put(tx, "anna", [Consent(purpose=one, state=state, at=self.now) for one in purposes])

    def sign(self, mandate: Mandate) -> None:
        """Sign, in place of one of the same id."""
        with self.db.begin() as tx:
            found = mandates.get(tx, mandate.mandate_id)
            (mandates.add if found is None else mandates.replace)(tx, mandate)

    def prefer(self, **stated: Any) -> None:
        """What anna prefers."""
        with self.db.begin() as tx:
            preferences.put(tx, "anna", Preferences(**{"ceiling": Rung.SILENT, **stated}), self.now)

    def stock(self, **prices: int | None) -> None:
        """What items cost, in cents; None: they are not to be had."""
        family = {"milk": "milk", "tea": "tea"}
        given = [(id, family.get(id, "coffee"), price) for id, price in prices.items()]
        with self.db.begin() as tx:
            items.put(
                tx,
                [
                    an_item(id, name=id.title(), family=of, price=usd(price or 1), available=price is not None)
                    for id, of, price in given
                ],
            )

    def plan(self, *lines: ExecutionLine, id: str = "e1", rung: Rung = Rung.VETO, due: datetime | None = None) -> None:
        """An announced order of anna's, due now."""
        signed = None if rung is Rung.APPROVE else "m1"
        made = execution(id, "anna", *lines, rung=rung, due=due or self.now, mandate=signed)
        with self.db.begin() as tx:
            assert executions.add(tx, made, self.now) is not None

    def sweep(self, after: timedelta = timedelta(0), at: Callable[[Point], None] = nothing) -> Counter[str]:
        """Let time pass, then place what is due; ``at`` is told of the boundaries of its steps."""
        self.now += after
        sweep = Sweep(
            db=self.db,
            gateway=self.gateway,
            settings=self.settings,
            clock=lambda: self.now,
            owner="w",
            terms=self.terms,
            at=at,
        )
        return sweep.run()

    def all(self) -> dict[str, Execution]:
        """Anna's executions."""
        with self.db.read() as tx:
            return {one.execution_id: one for one in executions.of_customer(tx, "anna")}

    def one(self, id: str = "e1") -> Execution:
        """One of them."""
        return self.all()[id]

    def next(self, id: str = "e1") -> Execution:
        """The one that carries another on."""
        (found,) = [one for one in self.all().values() if one.follows == id]
        return found

    def told(self) -> list[Nudge]:
        """What anna was told, the oldest first."""
        with self.db.read() as tx:
            return nudges.of_customer(tx, "anna")

    def texts(self) -> list[str]:
        """In which words."""
        return [one.text for one in self.told()]

    def reasons(self, id: str = "e1") -> list[str | None]:
        """The reasons of the steps in the life of one."""
        with self.db.read() as tx:
            return [one.reason for one in executions.moves(tx, id)]


def ids(lines: Sequence[ExecutionLine]) -> list[str]:
    """The items of lines."""
    return [one.item_id for one in lines]


def two() -> tuple[ExecutionLine, ExecutionLine]:
    """An order of beans and milk."""
    return line("beans", "coffee", "c1", 499), line("milk", "milk", "c1", 120)


__all__ = ["DAY", "HOUR", "NOON", "Stage", "State", "ids", "line", "two"]
