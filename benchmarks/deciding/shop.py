"""A shop of seeded customers who buy so many families each, at a pace of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.shopping import Item, OrderLine
from engine.domain.values import Money
from engine.store import consents, customers, items, mandates, orders, preferences
from engine.store.database import Database, Tx
from jobs import train

NIGHT = datetime(2017, 12, 1, 2, tzinfo=UTC)
DAYS = 150  # of history
LEARNED = 4_000  # customers that are learned from
CHUNK = 500  # customers written at once
SEED = 0


def open_shop(db: Database, settings: Settings, n: int, families: int) -> None:
    """A shop of so many customers: it is learned on some, then the others come."""
    db.upgrade()
    with db.begin() as tx:
        items.put(tx, list(_stock(families)))
    for start in range(0, n, CHUNK):
        if start == LEARNED:
            train.run(db, settings, as_of=NIGHT, now=NIGHT)
        _come(db, range(start, min(start + CHUNK, n)), families)
    if n <= LEARNED:
        train.run(db, settings, as_of=NIGHT, now=NIGHT)


def _stock(families: int) -> Iterator[Item]:
    """Three items of each of twice as many kinds as a customer buys."""
    for family in range(2 * families):
        for n in range(3):
            price = Money(minor=100 + 7 * family + n, currency="USD")
            path = ("FOOD", f"SHELF {family % 9}")
            name = f"Thing {family}, {n}"
            yield Item(item_id=f"f{family}-{n}", name=name, category=path, family=f"f{family}", price=price)


def _come(db: Database, some: Sequence[int], families: int) -> None:
    """Customers with what they bought and said; on one day they make one order."""
    with db.begin() as tx:
        customers.ensure(tx, [f"c{n:06d}" for n in some], NIGHT - timedelta(days=DAYS))
        lines = [line for n in some for line in _bought(n, families)]
        orders.put_lines(tx, lines, import_id=orders.new_import())
        for n in some:
            _said(tx, n, families)


def _bought(n: int, families: int) -> Iterator[OrderLine]:
    """Each family at a pace of its own, at the hour the customer comes, of late no sooner than half a day ago."""
    rng = np.random.default_rng((SEED, n))
    for family in rng.choice(2 * families, families, replace=False).tolist():
        gap, spread = float(rng.uniform(18, 60)), float(rng.uniform(0.05, 0.4))
        item, day = f"f{family}-{rng.integers(0, 3)}", float(rng.uniform(0, gap))
        while day < DAYS - 1:
            at = (NIGHT - timedelta(days=DAYS - int(day))).replace(hour=18, minute=n % 60)
            yield OrderLine(
                order_id=f"o{n:06d}-{int(day)}",
                customer_id=f"c{n:06d}",
                ordered_at=at - timedelta(days=1),
                item_id=item,
                amount=Money(minor=100 + 7 * family, currency="USD"),
            )
            day += max(gap * float(rng.lognormal(0, spread)), 1.0)


def _said(tx: Tx, n: int, families: int) -> None:
    """Everybody lets be ordered for; half of them sign, and say how far it may go."""
    id, at = f"c{n:06d}", NIGHT - timedelta(days=20)
    said = [Consent(purpose=one, state=Grant.GRANTED, at=at) for one in (Purpose.AUTOMATION, Purpose.COACHING)]
    consents.put(tx, id, said)
    if n % 2:
        return
    preferences.put(tx, id, Preferences(ceiling=(Rung.VETO, Rung.SILENT)[n // 2 % 2]), at)
    mandates.add(
        tx,
        Mandate(
            mandate_id=f"m{n:06d}",
            customer_id=id,
            families=frozenset(f"f{family}" for family in range(2 * families)),
            max_quantity=2,
            price_high=Money(minor=2_000, currency="USD"),
            budget=Money(minor=10_000, currency="USD"),
            budget_period=timedelta(days=28),
            signed_at=at,
        ),
    )
