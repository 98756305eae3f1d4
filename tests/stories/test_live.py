"""The service as it runs: what happens now is in the next answer, within a second, and nothing is trained for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.auth import keys
from api.auth.caller import Scope
from engine.store.database import Database
from tests.api.conftest import settings_at
from tests.api.test_server import ask, serving
from tests.shops import open_shop

pytestmark = pytest.mark.long


class Client:
    """Speaks to the running server."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._headers = port, {"Authorization": f"Bearer {key}", "Content_Type": "application/json"}

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        sent = None if body is None else orjson.dumps(body)
        status, answer = ask(self._port, method, path, sent, **self._headers)
        assert status < 300, answer
        return orjson.loads(answer)

    def offers(self, customer: str) -> list[str]:
        """What a customer is offered."""
        return [one["item_id"] for one in self("GET", f"/v1/customers/{customer}/offers")["offers"]]

    def due(self, customer: str) -> dict[str, float]:
        """What a customer will need within three days."""
        found = self("GET", f"/v1/customers/{customer}/due?within=3d")["due"]
        return {one["family"]: one["probability"] for one in found}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_order_or_event_is_in_the_next_answer_within_a_second(
    tmp_path: Path, database_url: str, workers: int
) -> None:
    more = {"DATABASE_URL": database_url}
    settings, db = settings_at(tmp_path, **more), Database.open(database_url)
    open_shop(db, settings)
    key = keys.create_key(db, Scope.BACKEND).key
    db.close()
    with serving(tmp_path, workers, **more) as (_, port):
        client = Client(port, key)
        model = client("GET", "/readyz")["model_id"]
        client("PUT", "/v1/customers/c3/consents", {"behaviour": {"state": "granted"}})
        offers, due = client.offers("c3"), client.due("c3")
        family = max(due, key=due.__getitem__)

        begun = time.monotonic()
        at = "2017-12-01T07:59:00Z"
        lines = [
            {"order_id": "live", "customer_id": "c3", "ordered_at": at, "item_id": i} for i in (f"{family}-2", "new")
        ]
        client("POST", "/v1/orders", lines)
        ordered, then = client.offers("c3"), client.due("c3")
        assert time.monotonic() - begun < 1.0
        assert then[family] != due[family]
        assert ordered.index("new") < offers.index("new")

        begun = time.monotonic()
        event = {"event_id": "live", "customer_id": "c3", "occurred_at": at, "kind": "cart", "item_id": "tea-1"}
        client("POST", "/v1/events", event)
        looked = client.offers("c3")
        assert time.monotonic() - begun < 1.0
        assert looked.index("tea-1") < ordered.index("tea-1")
        assert client("GET", "/readyz")["model_id"] == model
