"""The benchmark of deciding, on a small shop: what it times is what it says, and a night leaves nobody out."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.deciding import night, one
from benchmarks.deciding.shop import NIGHT, open_shop
from engine.config import Settings
from engine.store import decisions
from engine.store.database import Database
from jobs.evaluate import served
from jobs.plan import TRIGGER


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> tuple[Database, Settings]:
    """Sixty customers who buy eight families each."""
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path_factory.mktemp("night")), "RAPPORT_LOG_LEVEL": "error"})
    db = Database.open(settings.database_url)
    open_shop(db, settings, 60, 8)
    yield db, settings
    db.close()


def test_a_night_plans_for_everybody_and_tells_what_it_took(shop):
    db, settings = shop
    found = night.planned(db, settings, processes=1)
    assert found.found["customers"] == 60
    assert sum(found.found.values()) > 60
    assert found.found["curate"] + found.found["approve"] > 0
    assert 0 < found.busy <= 2 * found.minutes + 0.1
    assert 0.05 < found.peak < 3.0
    with db.read() as tx:
        assert len(decisions.decided_for(tx, TRIGGER, NIGHT)) == 60
        assert decisions.count(tx) == 60


def test_decisions_are_timed_beside_a_bare_route(shop):
    db, settings = shop
    with db.read() as tx:
        found = one.Deciding.of(tx, settings, served(settings), 10)
        assert len(found.contexts) == 10
        times = one.Times.of([lambda context=each: found.made(context, None) for each in found.contexts])
        body = found.made(found.contexts[0], "app.home")
    assert times.wall.shape == times.busy.shape == (one.ROUNDS, 10)
    assert (times.medians.wall == np.median(times.wall, axis=0)).all()
    assert times.wall.min() > 0
    assert "ratio" in one.bare(body, 20, times)
