"""The document against the app: whatever it allows to be sent, no server error and no undocumented answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.checks import (
    CheckFunction,
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from engine.store.database import Database
from tests.api.acting import execution, message
from tests.api.conftest import Place, settings_at

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12  # a case: positive and negative, of each operation, with each key
KNOWN = {"customer_id": "ann", "execution_id": "x1", "nudge_id": "n1", "item_id": "beans", "job": "plan"}

pytestmark = pytest.mark.long
_place: dict[str, Place] = {}
_tried: set[str] = set()


def document() -> dict[str, object]:
    """The document, from an app that serves nothing else."""
    db = Database.open("sqlite://")
    from api.openapi import document as written
    from api.topics import TOPICS

    db.close()
    return written(TOPICS)


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place with one of everything, so that more than 404 is reached."""
    home = tmp_path_factory.mktemp("schemathesis")
    here = settings_at(home)
    db = Database.open(here.database_url)
    db.upgrade()
    made = Place(app=create_app(here, db, model=lambda: None), db=db, settings=here)
    yield made
    db.close()


def filled(place: Place) -> None:
    """One of everything, again where it was erased or changed."""
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    place.backend.post("/v1/items", {"item_id": "beans", "family": "coffee", "price": "4.99"})
    with place.db.read() as tx:
        from engine.store import executions

        if executions.get(tx, "x1") is None:
            now = place.settings.clock.now()
            tx.close()
            execution(place, "x1")
            message(place, "n1", now)


@pytest.mark.parametrize("who", ["backend", "operator", "app"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_nothing_undocumented_and_no_server_error(
    place: Place,
    operation: schemathesis.APIOperation,
    who: str,  # type: ignore[name-defined]
) -> None:
    filled(place)
    pass
