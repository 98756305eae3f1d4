"""A small shop with habits that are known, and a model trained on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.shopping import Item, OrderLine
from engine.domain.signals import Standing
from engine.domain.values import Money
from engine.store import customers, items, ladders, orders
from engine.store.database import Database
from jobs import train

NOW = datetime(2017, 12, 1, 8, tzinfo=UTC)
DAYS = 140
CUSTOMERS = 40
FAMILIES = {"coffee": 7, "milk": 4, "bread": 3, "tea": 14}  # family -> days between two purchases
PRICES = {"coffee": 499, "milk": 120, "bread": 250, "tea": 300}


def stocked() -> list[Item]:
    """Two items of each family, and one that nobody ever bought."""
    made = [
        Item(
            item_id=f"{family}-{n}",
            name=f"{family.title()} number {n}",
            category=("FOOD", family.upper()),
            family=family,
            price=Money(minor=price + n, currency="USD"),
        )
        for family, price in PRICES.items()
        for n in (1, 2)
    ]
    return [*made, Item(item_id="new", name="Something new", category=("FOOD",), family="new")]


def bought(seed: int = 1) -> list[OrderLine]:
    """What customers ``c0`` to ``c39`` bought: each its own item of each family, at the family's pace, give or take."""
    rng = np.random.default_rng(seed)
    lines = []
    for n in range(CUSTOMERS):
        for family, gap in FAMILIES.items():
            day = float(rng.uniform(0, gap))
            while day < DAYS:
                at = NOW - timedelta(days=DAYS - day)
                lines.append(
                    OrderLine(
                        order_id=f"c{n}-{int(day)}",
                        customer_id=f"c{n}",
                        ordered_at=at.replace(hour=7, minute=n, second=0, microsecond=0),
                        item_id=f"{family}-{1 + n % 2}",
                        amount=Money(minor=PRICES[family], currency="USD"),
                    )
                )
                day += gap + float(rng.normal(0, 0.15 * gap))
    return lines


def earned(db: Database, ids: Iterable[str], rung: Rung = Rung.APPROVE) -> None:
    """Let customers have earned so much for every family, as if they had been reviewed."""
    standings = {family: Standing(rung=rung, hits=(10.0,) * 3, shadows=(10.0,) * 3) for family in FAMILIES}
    with db.begin() as tx:
        ladders.put(tx, dict.fromkeys(ids, standings), {}, NOW)


def open_shop(db: Database, settings: Settings) -> None:
    """Stock it, let everybody have bought what they did, and train on that."""
    number = orders.new_import()
    with db.begin() as tx:
        items.put(tx, stocked())
        customers.ensure(tx, [f"c{n}" for n in range(CUSTOMERS)], NOW)
        orders.put_lines(tx, bought(), import_id=number)
    train.run(db, settings, as_of=NOW, now=NOW)
