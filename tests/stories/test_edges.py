"""Places at the edge of what makes sense: nothing sold, one customer, one item, somebody who orders all the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import create_app
from engine.domain.shopping import Item, OrderLine
from engine.store import customers, items, orders
from engine.store.database import Database
from tests.api.cli.conftest import Environment, Rapport, caller
from tests.api.conftest import Place
from tests.shops import NOW

MANY = 10_000


def a_line(customer: str, item: str, number: int, days: float) -> OrderLine:
    """An order of one item, so many days ago."""
    at = NOW - timedelta(days=days)
    return OrderLine(order_id=f"{customer}-{number}", customer_id=customer, ordered_at=at, item_id=item)


def often(item: str = "milk", customer: str = "ann") -> list[OrderLine]:
    """Somebody who buys an item every four days."""
    return [a_line(customer, item, n, 4.0 * n + 1) for n in range(20)]


def all_the_time() -> list[OrderLine]:
    """Somebody who orders ten thousand times in a year, of three hundred items, and another customer."""
    return [*(a_line("ann", f"i{n % 300}", n, 365.0 * n / MANY + 0.01) for n in range(MANY)), *often("i1", "bob")]


def nobody(_: Database) -> None:
    """No customer, no item, no order."""


def stocked_with(lines: Sequence[OrderLine], *more: str) -> Callable[[Database], None]:
    """A shop in which this was bought, and where these items are sold too."""

    def stock(db: Database) -> None:
        with db.begin() as tx:
            ids = sorted({line.item_id for line in lines} | set(more))
            items.put(tx, [Item(item_id=id, family=f"of {id}") for id in ids])
            customers.ensure(tx, sorted({line.customer_id for line in lines}), NOW)
            if lines:
                orders.put_lines(tx, lines, import_id=orders.new_import())

    return stock


PLACES = {
    "nothing at all": (nobody, 1, 0),
    "a catalogue and no orders": (stocked_with([], "milk", "tea"), 1, 0),
    "one order": (stocked_with(often()[:1]), 0, 1),
    "one customer": (stocked_with([*often(), *often("tea")]), 0, 2),
    "one item": (stocked_with([*often(), *often("milk", "bob")]), 0, 1),
    "one customer and one item": (stocked_with(often()), 0, 1),
    "ten thousand orders": (stocked_with(all_the_time()), 0, 10),
}


@pytest.fixture
def rapport(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Rapport:
    """``rapport`` in a place whose clock stands."""
    more = {"RAPPORT_NOW": NOW.isoformat(), "RAPPORT_SECRET_KEY": "a secret for tests that is long enough"}
    return caller(Environment(home=tmp_path / "home", more=more), monkeypatch, capfd)


def place(tmp_path: Path) -> Place:
    """The same place behind the API."""
    more = {"RAPPORT_NOW": NOW.isoformat(), "RAPPORT_SECRET_KEY": "a secret for tests that is long enough"}
    settings = Environment(home=tmp_path / "home", more=more).settings
    db = Database.open(settings.database_url)
    return Place(app=create_app(settings, db), db=db, settings=settings)


@pytest.mark.parametrize("named", PLACES)
def test_every_place_is_answered(tmp_path: Path, rapport: Rapport, named: str) -> None:
    stock, code, known = PLACES[named]
    assert rapport("db", "upgrade").code == 0
    here = place(tmp_path)
    stock(here.db)
    trained = rapport("train", "--json", "--as-of", NOW.isoformat())
    assert "Traceback" not in trained.err
    if code:
        trained.failed(1)
        rapport("recommend", "--all").failed(1)
        rapport("due").failed(1)
    else:
        assert trained.code == 0, trained.err
        assert trained.json["published"] is True
        listed = rapport("recommend", "ann", "nobody", "--k", 10, "--as-of", NOW.isoformat())
        assert listed.code == 0, listed.err
        assert [len(line["items"]) for line in listed.lines] == [known, known]
        assert rapport("due", "ann", "--as-of", NOW.isoformat()).code == 0
        rapport("due", "nobody").failed(1, "nobody")
    for customer in ("ann", "nobody"):
        backend = here.backend
        offered = backend.get(f"/v1/customers/{customer}/offers")
        assert offered.status_code == 200
        assert len(offered.json["offers"]) == known
        assert backend.get(f"/v1/customers/{customer}/offers?filter=false").json["offers"] == []
        everything = f"/v1/customers/{customer}/offers?repeat=true&min_relevance=1&diversity=1&rotate=false"
        assert backend.get(everything).status_code == 200
        assert backend.post("/v1/decisions", {"customer_id": customer, "filter": "false"}).status_code == 201
    due = here.backend.get("/v1/customers/ann/due")
    assert due.status_code == (200 if known else 404)
    here.db.close()


def test_somebody_with_ten_thousand_orders_is_answered_while_they_wait(tmp_path: Path, rapport: Rapport) -> None:
    rapport("db", "upgrade")
    here = place(tmp_path)
    PLACES["ten thousand orders"][0](here.db)
    assert rapport("train", "--as-of", NOW.isoformat()).code == 0
    backend = here.backend
    took = {}
    for path in ("offers", "offers?repeat=true&limit=100", "due"):
        begun = time.perf_counter()
        assert backend.get(f"/v1/customers/ann/{path}").status_code == 200
        took[path] = time.perf_counter() - begun
    assert max(took.values()) < 2.0, took
    here.db.close()
