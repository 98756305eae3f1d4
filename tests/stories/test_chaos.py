"""Workers are killed and the database crashes while hundreds of orders are due; ``benchmarks.chaos`` does thousands."""

import pytest

from benchmarks.chaos import Chaos, fragile_postgres, told
from engine.store.database import Database

DUE = 400


@pytest.mark.long
def test_none_is_lost_and_none_doubled_while_workers_are_killed(db: Database) -> None:
    ending = told(db, Chaos(due=DUE, kill_every=0.5))
    assert ending.kills, "nobody was killed: it tells nothing"
    assert ending.reckoning.exactly_once(DUE), ending.reckoning
    assert ending.surplus > 0, "no order was ever asked for twice: it tells nothing"


@pytest.mark.long
def test_none_is_lost_and_none_doubled_while_the_database_crashes() -> None:
    with fragile_postgres() as (db, restart):
        ending = told(db, Chaos(due=DUE, restart_every=2.0), restart)
    assert ending.restarts, "the database never crashed: it tells nothing"
    assert ending.reckoning.exactly_once(DUE), ending.reckoning


@pytest.mark.long
def test_without_the_key_orders_are_doubled(sqlite_db: Database) -> None:
    ending = told(sqlite_db, Chaos(due=DUE, kill_every=0.5, keyless=True))
    assert ending.reckoning.doubled > 0
    assert ending.lost == 0
