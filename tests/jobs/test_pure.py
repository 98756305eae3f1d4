"""A decision hangs on what it is made from and on nothing else: not on the process, nor on how its hashes fall."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Goal, GoalKind, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.store import consents, goals, mandates, preferences
from engine.store.database import Database
from tests.builders import a_mandate, usd
from tests.jobs.told import told
from tests.shops import NOW, earned, open_shop

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A shop in which some let much be done."""
    home = tmp_path_factory.mktemp("pure")
    settings = Settings.from_env({"RAPPORT_HOME": str(home)})
    db = Database.open(settings.database_url)
    db.upgrade()
    open_shop(db, settings)
    some = [f"c{n}" for n in range(8)]
    earned(db, some, Rung.SILENT)
    with db.begin() as tx:
        for n, id in enumerate(some):
            said = [Consent(purpose=purpose, state=Grant.GRANTED, at=NOW) for purpose in Purpose]
            consents.put(tx, id, said[: 2 + n % 4])
            preferences.put(tx, id, Preferences(ceiling=list(Rung)[n % 6]), NOW)
            families = frozenset({"coffee", "milk", "bread", "tea"})
            mandates.add(tx, a_mandate(f"m{n}", customer_id=id, families=families, price_high=usd(900)))
            goal = {"goal_id": f"g{n}", "customer_id": id, "kind": GoalKind.NOT_RUN_OUT, "family": "milk"}
            goals.add(tx, Goal(**goal, created_at=NOW))
    db.close()
    return home


def test_two_processes_decide_alike_to_the_byte(home):
    here = told(Settings.from_env({"RAPPORT_HOME": str(home)}))
    for seed in ("1", "4711"):
        env = {**os.environ, "RAPPORT_HOME": str(home), "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "tests.jobs.told"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.returncode) == (here, 0), done.stderr
