"""The persona of a customer, told from live orders where these may be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.app import create_app
from engine.store.database import Database
from jobs.evaluate import served
from tests.api.conftest import Place, settings_at
from tests.shops import open_shop


@pytest.fixture
def shop(tmp_path: Path, sqlite_db: Database) -> Place:
    """The small shop with its model."""
    here = settings_at(tmp_path / "home")
    open_shop(sqlite_db, here)
    model = served(here)
    return Place(app=create_app(here, sqlite_db, model=lambda: model), db=sqlite_db, settings=here)


def test_the_profile_tells_the_persona_as_long_as_it_may(shop: Place) -> None:
    said = shop.backend.get("/v1/customers/c1").get_json()["persona"]
    assert said == {
        "persona_id": 1,
        "name": "everybody",
        "probability": pytest.approx(1),
        "share": pytest.approx(1),
        "tentative": False,
    }
    shop.customer("c1").put("/v1/customers/c1/consents", {"personalization": "refused"})
    assert shop.backend.get("/v1/customers/c1").get_json()["persona"] is None


def test_whoever_bought_nothing_has_none(shop: Place) -> None:
    shop.backend.post("/v1/customers", {"customer_id": "ann"})
    assert shop.backend.get("/v1/customers/ann").get_json()["persona"] is None
