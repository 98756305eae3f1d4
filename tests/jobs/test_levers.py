"""Every lever that a seeded shop offers is followed: it gives what it promises, and no part of it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks import levers
from engine.config import Settings
from engine.domain.customers import Consent, Goal, GoalKind, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.learn.base import Certificate, Model
from engine.store import consents, goals, mandates, preferences
from engine.store.database import Database
from jobs.evaluate import served
from tests.builders import a_mandate, usd
from tests.shops import CUSTOMERS, NOW, earned, open_shop

FAMILIES = frozenset({"coffee", "milk", "bread", "tea"})
TERMS = (
    {},
    {"price_high": usd(100)},
    {"budget": usd(200), "budget_period": timedelta(days=28)},
    {"order_limit": usd(120), "price_low": usd(300)},
    {"expires_at": NOW - timedelta(days=1)},
    None,
)


class Proved:
    """The trained model, with certificates that many more customers would have given."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __getattr__(self, name: str) -> object:
        return getattr(self.model, name)

    def certificate(self, window_days: int, promise: float) -> Certificate:
        """Open from six in ten."""
        return Certificate(certificate_id="given", promise=promise, window_days=window_days, threshold=0.6)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> tuple[Database, Settings]:
    """Customers of all kinds, none of whom said all that could be said."""
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path_factory.mktemp("levers"))})
    db = Database.open(settings.database_url)
    db.upgrade()
    open_shop(db, settings)
    ids = [f"c{n}" for n in range(CUSTOMERS)]
    earned(db, ids, Rung.SILENT)
    with db.begin() as tx:
        for n, id in enumerate(ids):
            state = (Grant.GRANTED, Grant.GRANTED, Grant.UNSET, Grant.REFUSED)[n % 4]
            said = {Purpose.AUTOMATION: state, Purpose.COACHING: (Grant.UNSET, Grant.GRANTED)[n % 2]}
            consents.put(tx, id, [Consent(purpose=purpose, state=one, at=NOW) for purpose, one in said.items()])
            ceiling = (None, *Rung)[n % 7]
            low = {"milk": Rung.CURATE} if n % 5 == 0 else {}
            stated = Preferences(ceiling=ceiling, family_ceilings=low, paused=n % 11 == 0)
            preferences.put(tx, id, replace(stated, category_ceilings={"TEA": Rung.COACH} if n % 3 == 0 else {}), NOW)
            terms = TERMS[n % len(TERMS)]
            if terms is not None:
                signed = {"price_high": usd(900), "signed_at": NOW - timedelta(days=9), **terms}
                mandates.add(tx, a_mandate(f"m{n}", customer_id=id, families=FAMILIES, **signed))
            aim = {"goal_id": f"g{n}", "customer_id": id, "kind": GoalKind.NOT_RUN_OUT, "family": "bread"}
            goals.add(tx, Goal(**aim, created_at=NOW))
    yield db, settings
    db.close()


@pytest.mark.long
@pytest.mark.example(15)
def test_every_lever_gives_what_it_promises_and_no_part_of_it_does(shop):
    db, settings = shop
    found = levers.tried(db, settings, Proved(served(settings)), NOW)
    assert found.faults == ()
    assert found.decisions == CUSTOMERS
    assert found.kept == found.levers >= 10
    assert (found.loose, found.subsets > found.levers) == (0, True)
    assert len(found.settings) >= 4  # consents, ceilings, mandates and their terms
