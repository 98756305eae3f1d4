"""The document against the app: whatever may or may not be sent, no server error and no undocumented answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.openapi import document
from api.topics import TOPICS
from engine.store import executions, nudges
from engine.store.database import Database
from tests.api.acting import execution, message
from tests.api.conftest import Place, settings_at
from tests.shops import open_shop

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12  # of each operation, with each key, of what may be sent and of what may not
KNOWN = {"customer_id": "c1", "execution_id": "x1", "nudge_id": "n1", "item_id": "milk-1", "job": "plan"}
SCHEMA = schemathesis.openapi.from_dict(document(TOPICS))
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop with habits, a model, and one of everything."""
    here = settings_at(tmp_path_factory.mktemp("schemathesis"))
    db = Database.open(here.database_url)
    db.upgrade()
    open_shop(db, here)
    made = Place(app=create_app(here, db), db=db, settings=here)
    yield made
    db.close()


def restocked(place: Place) -> None:
    """One of everything, again where it was erased or changed."""
    place.backend.post("/v1/customers", {"customer_id": "c1"})
    with place.db.read() as tx:
        missing = executions.get(tx, "x1") is None, nudges.get(tx, "n1") is None
    if missing[0]:
        execution(place, "x1", customer_id="c1")
    if missing[1]:
        message(place, "n1", place.settings.clock.now(), customer_id="c1")


def key(place: Place, who: str) -> str:
    """A key of a scope; a customer's is for the one whose things there are."""
    caller = place.customer("c1") if who == "app" else getattr(place, who)
    assert caller.key is not None
    return caller.key


def aimed(case: Any) -> Any:
    """Half of the cases name things that are there, so that more than 404 is reached."""
    for name, value in KNOWN.items():
        if name in case.path_parameters and len(str(case.path_parameters[name])) % 2:
            case.path_parameters[name] = value
    return case


@pytest.mark.parametrize("who", ["backend", "operator", "app"])
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_no_server_error_and_nothing_undocumented(place: Place, operation: Any, mode: str, who: str) -> None:
    restocked(place)
    headers = {"Authorization": f"Bearer {key(place, who)}"}
    if operation.path.endswith("/stream"):
        pytest.skip("a stream has no end; tests of its own read it")

    @seed(20171201)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=False
    )
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def tried(case: Any) -> None:
        aimed(case).call_and_validate(app=place.app, headers=headers, checks=CHECKS)

    try:
        tried()
    except Unsatisfiable:
        pytest.skip("nothing can be wrong with it")
