"""The demo's own place: a home beside the user's, made anew by every run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.config import Clock, Settings
from engine.domain.customers import Mandate
from engine.store import consents, customers, goals, mandates, preferences
from engine.store.database import Database
from jobs import intake
from jobs.demo.assignment import Assigned
from jobs.demo.data import Journey, write

CUT = datetime(2017, 11, 30, tzinfo=UTC)  # what lies before is history, what lies after is lived
AFTER = datetime(2018, 1, 1, 8, tzinfo=UTC)  # when the place stands still, to be looked at
Bar = Callable[[int, int], None]


def settings(given: Settings) -> Settings:
    """The settings of the demo's place: its own home and embedded database, its clock at the end of the data."""
    home = given.home / "demo"
    return replace(
        given,
        home=home,
        database_url=f"sqlite:///{home / 'rapport.db'}",
        clock=Clock(fixed=AFTER),
        gateway_url=None,
        personalization_default="granted",
        currency="USD",
    )


def fresh(here: Settings) -> Database:
    """An empty place; whatever an earlier demo left is gone."""
    shutil.rmtree(here.home, ignore_errors=True)
    here.home.mkdir(mode=0o700, parents=True)
    db = Database.open(here.database_url)
    db.upgrade()
    return db


def stock(db: Database, here: Settings, known: Journey, bar: Bar) -> int:
    """Import what was known at the cut, from the files a shop would hand over; how many order lines."""
    folder = here.home / "files"
    files = dict(zip(("items", "customers", "orders"), write(known, folder), strict=True))
    for kind in ("items", "customers"):
        intake.run(db, kind, [files[kind]], settings=here, now=CUT)
    return intake.run(db, "orders", [files["orders"]], settings=here, now=CUT, progress=bar).stored


def deliver(db: Database, here: Settings, folder: Path, day: Journey, now: datetime) -> None:
    """Import the orders of one day."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"orders-{now:%Y-%m-%d}.parquet"
    day.lines.to_parquet(file)
    intake.run(db, "orders", [file], settings=here, now=now)


def settle_in(db: Database, assigned: Sequence[Assigned], now: datetime) -> None:
    """Keep what households are taken to have said."""
    with db.begin() as tx:
        customers.ensure(tx, [one.customer_id for one in assigned], now)
        for one in assigned:
            preferences.put(tx, one.customer_id, one.preferences, now)
            if one.consents:
                consents.put(tx, one.customer_id, one.consents)
            if one.mandate is not None:
                mandates.add(tx, one.mandate)
            if one.goal is not None:
                goals.add(tx, one.goal)


def signed(assigned: Sequence[Assigned]) -> dict[str, Mandate]:
    """The mandates by household."""
    return {one.customer_id: one.mandate for one in assigned if one.mandate is not None}
