"""One customer's story over HTTP: from unknown to silent, and back after a return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from api.app import create_app
from engine.config import Settings
from engine.learn.base import Certificate, Model
from engine.store.database import Database
from jobs import shadow
from jobs.evaluate import served
from jobs.sweep import Sweep
from tests.api.conftest import Caller, Place, settings_at
from tests.fakes import FakeGateway
from tests.shops import NOW, open_shop

WEEK = timedelta(days=7)
EVERY = {"automation": "granted", "coaching": "granted", "behaviour": "granted"}


@dataclass(frozen=True)
class Proved:
    """The trained model, with certificates that many more customers would have given."""

    model: Model

    def __getattr__(self, name: str) -> object:
        return getattr(self.model, name)

    def certificate(self, window_days: int, promise: float) -> Certificate:
        """Open from seven in ten."""
        return Certificate(certificate_id="given", promise=promise, window_days=window_days, threshold=0.7)


class Days:
    """A seeded shop whose clock the test moves on, and the one customer of whom the story is told."""

    def __init__(self, db: Database, home) -> None:
        self.db, self.home, self.now = db, home, NOW
        self.gateway = FakeGateway()
        self.said: dict[str, str] = {}  # the reason that Dora was last given for milk, by rung
        self.settings = settings_at(home)
        open_shop(db, self.settings)
        self.model = Proved(served(self.settings))

    def at(self, now: datetime) -> Days:
        """The same, later."""
        self.now = now
        self.settings = Settings.from_env(
            {
                "RAPPORT_HOME": str(self.home),
                "RAPPORT_NOW": now.isoformat(),
                "RAPPORT_SECRET_KEY": "a secret for tests that is long enough",
            }
        )
        return self

    @property
    def backend(self) -> Caller:
        """The shop's backend, at the instant it is now."""
        app = create_app(self.settings, self.db, model=lambda: self.model)
        return Place(app=app, db=self.db, settings=self.settings).backend

    def buys(self, item: str = "milk-2") -> None:
        """The customer orders by themselves."""
        line = {
            "order_id": f"own-{self.now.isoformat()}",
            "customer_id": "dora",
            "ordered_at": self.now.isoformat(),
            "item_id": item,
            "unit_price": "1.20",
            "currency": "USD",
        }
        assert self.backend.post("/v1/orders", line).status_code in (200, 201)

    def needs(self) -> dict[str, dict]:
        """What each need is given when the shop asks for somebody who is not there."""
        made = self.backend.post("/v1/decisions", {"customer_id": "dora"}).json
        found = {one["need"]["family"]: one for one in made["experiences"]}
        if "milk" in found:
            self.said[found["milk"]["rung"]] = found["milk"]["reason"]
        return found

    def reviewed(self) -> None:
        """The weekly review."""
        shadow.run(self.db, self.model, self.now, self.settings)  # type: ignore[arg-type]

    def swept(self) -> None:
        """What is due is placed."""
        now = self.now
        Sweep(db=self.db, gateway=self.gateway, settings=self.settings, clock=lambda: now, owner="story").run()

    def rung(self) -> str:
        """Where the customer stands for milk."""
        found = self.backend.get("/v1/customers/dora/ladder").json["standings"]
        return next((one["rung"] for one in found if one["need"] == "milk"), "coach")


@pytest.fixture
def days(sqlite_db, tmp_path) -> Days:
    """The shop on its first morning."""
    return Days(sqlite_db, tmp_path / "home")


CYCLE = timedelta(days=4)  # in which Dora drinks her milk


def lived(days: Days, cycles: int) -> list[str]:
    """So many times the milk runs low; answers what Dora was given each time. She likes all of it."""
    given = []
    for _ in range(cycles):
        days.at(days.now + CYCLE / 2)
        milk = days.needs().get("milk")
        given.append("respond" if milk is None else milk["rung"])
        taken(days, milk)
        days.at(days.now + CYCLE / 2).reviewed()
    return given


def taken(days: Days, milk: dict | None, outcome: str = "kept") -> None:
    """What Dora does with what she is given."""
    order = (milk or {}).get("execution")
    if order is None:
        days.at(days.now + timedelta(hours=6)).buys()
        return
    if order["rung"] == "approve":
        assert days.backend.post(f"/v1/executions/{order['execution_id']}/approve").status_code == 200
    else:
        days.at(max(days.now, datetime.fromisoformat(order["due_at"]) + timedelta(minutes=1)))
    opened(days)
    days.swept()
    assert order["execution_id"] in days.gateway.orders, days.backend.get(
        f"/v1/executions/{order['execution_id']}"
    ).json
    if order["rung"] != "approve" or outcome != "kept":
        made = days.backend.get(f"/v1/executions/{order['execution_id']}").json
        told = days.backend.post(
            f"/v1/decisions/{made['decision_id']}/outcomes", [{"item_id": "milk-2", "kind": outcome}]
        )
        assert told.json == {"accepted": 1, "duplicate": 0}


def opened(days: Days) -> None:
    """Dora reads her messages."""
    place = Place(app=create_app(days.settings, days.db), db=days.db, settings=days.settings)
    dora = place.customer("dora", lifetime=timedelta(days=4000))
    for nudge in dora.get("/v1/customers/dora/nudges").json["nudges"]:
        dora.post(f"/v1/nudges/{nudge['nudge_id']}/responses", {"response": "opened"})


def low(days: Days) -> dict:
    """The next time that milk is low, and the last order of it is some days ago."""
    for _ in range(6):
        days.at(days.now + CYCLE / 2)
        milk = days.needs().get("milk")
        held = None if milk is None else removed(milk, "silent")
        if milk is not None and (held is None or held["stage"] != "eligibility"):
            return milk
        taken(days, milk)
        days.at(days.now + CYCLE / 2)
    raise AssertionError(f"milk is never low: {milk}")


def waited(days: Days, rung: str) -> dict:
    """The next time that Dora is given this; two orders of one thing are some days apart."""
    for _ in range(4):
        days.at(days.now + CYCLE / 2)
        milk = days.needs().get("milk")
        if milk is not None and milk["rung"] == rung:
            return milk
        taken(days, milk)
        days.at(days.now + CYCLE / 2)
    raise AssertionError(f"not given {rung} any more: {milk}")


def removed(milk: dict, rung: str) -> dict | None:
    """What kept the whole of execution, or one of its rungs, from Dora."""
    execute = next(one for one in milk["considered"] if one["mode"] == "execute")
    return execute["rungs"][rung]["removed_by"]


@pytest.mark.example(10)
def test_from_unknown_to_silent_and_back(days):
    # Nobody knows Dora. She is shown what most customers choose, and is told so.
    (first,) = days.backend.post("/v1/decisions", {"customer_id": "dora", "touchpoint": "app.home"}).json["experiences"]
    assert first["rung"] == "curate"
    assert "We do not know your habits" in first["reason"]

    # She buys milk every four days. Nothing is done unasked for somebody who allowed nothing.
    days.buys()
    assert set(lived(days, 8)) <= {"respond", "curate"}
    assert all("You buy milk about every 4 days" in reason for reason in days.said.values())
    days.at(days.now + CYCLE / 2)
    milk = days.needs()["milk"]
    assert removed(milk, "approve")["detail"]["sentence"] == "You have not allowed us to order for you."
    taken(days, milk)
    days.at(days.now + CYCLE / 2).reviewed()

    # She lets orders be made for her, signs for milk, and says that all may be done: what she did so far has earned
    # her as much as nobody has to be announced to yet.
    assert days.backend.put("/v1/customers/dora/consents", EVERY).status_code == 200
    assert days.backend.put("/v1/customers/dora/preferences", {"ceiling": "silent"}).status_code == 200
    signed = {"families": ["milk"], "price_high": "2.00", "currency": "USD", "max_quantity": 3}
    assert days.backend.post("/v1/customers/dora/mandates", signed).status_code == 201
    days.at(days.now + CYCLE / 2)
    milk = days.needs()["milk"]
    assert milk["rung"] in ("approve", "veto")
    held = removed(milk, "silent")
    assert held["rule"] == "ladder.step"
    assert "not had enough of these orders yet" in held["detail"]["sentence"]
    taken(days, milk)
    days.at(days.now + CYCLE / 2).reviewed()

    # Every order that she keeps is evidence; each rung comes after the one before.
    given = lived(days, 40)
    assert "veto" in given
    assert "silent" in given[given.index("veto") :]
    assert "unless you stop it" in days.said["veto"]
    assert "is being ordered for you, as you signed for" in days.said["silent"]
    assert all("You buy milk" in days.said[rung] and "1.2" in days.said[rung] for rung in ("veto", "silent"))
    moves = days.backend.get("/v1/customers/dora/ladder").json["moves"]
    assert [(one["before"], one["after"], one["why"]) for one in moves if one["need"] == "milk"] == [
        ("coach", "approve", "review"),
        ("approve", "veto", "review"),
        ("veto", "silent", "review"),
    ]
    assert all(one["evidence"]["ready"] for one in moves)
    before = days.backend.get("/v1/customers/dora/beliefs").json

    # One order comes back. The rung is lost at once, without waiting for a review, and she is told why.
    milk = waited(days, "silent")
    taken(days, milk, outcome="returned")
    assert days.rung() == "veto"
    milk = low(days)
    assert milk["rung"] != "silent"
    held = removed(milk, "silent")
    assert held["rule"] == "ladder.rest"
    assert held["detail"]["earned"] == "veto"
    assert "You stopped or returned such an order lately" in held["detail"]["sentence"]
    after = days.backend.get("/v1/customers/dora/beliefs").json
    assert after["trust"]["mean"] < before["trust"]["mean"]
    assert after["signals"][0]["signal"] == "returned"

    # For four weeks nothing is gained back; the same return told again costs nothing more.
    taken(days, milk)
    days.reviewed()
    assert "silent" not in lived(days, 4)
    last = days.backend.get("/v1/customers/dora/ladder").json["moves"][-1]
    assert (last["before"], last["after"], last["why"]) == ("silent", "veto", "returned")

    # All of it is one story, that can be read from its beginning.
    story = days.backend.get("/v1/customers/dora/story?need=milk").json
    assert "milk" in story["needs"]
    assert [one["at"] for one in story["episodes"]] == sorted(one["at"] for one in story["episodes"])
    assert all(one["said"] for one in story["episodes"] if one["kind"] == "decision")
    rungs = [one["rung"] for one in story["episodes"] if one["kind"] == "decision"]
    assert rungs.index("veto") < rungs.index("silent")
    assert rungs[-1] != "silent"
    placed = {one["source"] for one in story["episodes"] if one["kind"] == "order" and one["what"] == "placed"}
    assert placed == set(days.gateway.orders)
    lost = [one for one in story["episodes"] if one["kind"] == "ladder"][-1]
    assert (lost["what"], lost["said"]) == ("returned", "from silent to veto")

    # Dora says herself what is to be believed of her; what was inferred before counts no more.
    told = days.backend.put("/v1/customers/dora/beliefs", {"agency": 0.9, "trust": 0.2}).json
    assert (told["agency"]["mean"], told["trust"]["mean"], told["at_most"]) == (0.9, 0.2, "curate")
    assert set(lived(days, 2)) <= {"respond", "curate"}


@pytest.mark.parametrize("body", [{"agency": 1.5}, {"trust": "much"}, {"moods": 1}])
def test_beliefs_that_are_none_are_refused_by_name(days, body):
    days.buys()
    answer = days.backend.put("/v1/customers/dora/beliefs", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"].strip("/") == next(iter(body))
