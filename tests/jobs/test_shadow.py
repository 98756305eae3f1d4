"""The weekly review of ladders: nobody waits to write while it looks, and of two reviews at once one counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.signals import Heard, Signal
from engine.store import customers, ladders, signals
from engine.store.database import Database
from jobs import shadow
from modes.climb import boundary
from modes.policy import Policy

NOW = datetime(2018, 1, 9, 3, tzinfo=UTC)
PEOPLE = ["ann", "bea"]


@pytest.fixture
def watched(db: Database) -> Database:
    """Two customers whose past foresaw much that came."""
    seen = [
        Heard(
            signal=Signal.SHADOW_RIGHT,
            at=NOW - timedelta(days=300 - 7 * n),
            need="coffee",
            probability=0.9,
            source=f"past {n}",
        )
        for n in range(40)
    ]
    with db.begin() as tx:
        customers.ensure(tx, PEOPLE, NOW - timedelta(days=400))
        signals.add(tx, dict.fromkeys(PEOPLE, seen))
    return db


def review(db: Database, ids: list[str]) -> dict[str, int]:
    """The job's review of some customers, nothing proved."""
    return shadow.reviewed(db, ids, None, NOW, Policy())


def test_somebody_writes_while_ladders_are_climbed(watched, monkeypatch):
    climbed, wrote = shadow.climbed, []

    def while_climbing(*given):
        with watched.begin() as tx:
            customers.ensure(tx, ["carl"], NOW)
        wrote.append(True)
        return climbed(*given)

    monkeypatch.setattr(shadow, "climbed", while_climbing)
    found = review(watched, PEOPLE)
    assert wrote == [True]
    assert found["customers"] == 2
    assert found["moves"] > 0


def test_whoever_is_reviewed_by_another_meanwhile_is_reviewed_once(watched, monkeypatch):
    climbed = shadow.climbed

    def overtaken(*given):
        monkeypatch.setattr(shadow, "climbed", climbed)
        assert review(watched, ["ann"])["customers"] == 1
        return climbed(*given)

    monkeypatch.setattr(shadow, "climbed", overtaken)
    assert review(watched, PEOPLE)["customers"] == 1
    with watched.read() as tx:
        seen, moves = ladders.reviewed(tx, PEOPLE), [ladders.moves(tx, id) for id in PEOPLE]
    assert seen == dict.fromkeys(PEOPLE, boundary(NOW))
    assert moves[0] == moves[1]
    assert moves[0]
