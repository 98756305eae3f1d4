"""Running the place over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.domain.artifacts import Artifact
from engine.domain.jobs import RunState
from engine.store import artifacts, job_runs, models
from tests.api.conftest import Place
from tests.api.problems import assert_problem

AT = datetime(2017, 11, 30, tzinfo=UTC)


def trained(place: Place, model_id: str) -> None:
    """A model that was trained and published."""
    artifact = Artifact(
        model_id=model_id, created_at=AT, as_of=AT, settings={}, metrics={"recall": 0.2}, arrays={"a": np.arange(3)}
    )
    artifacts.publish(place.settings.models, artifact)
    with place.db.begin() as tx:
        row = models.Trained(
            model_id=model_id, created_at=AT, as_of=AT, published=True, reason="the first", metrics={"recall": 0.2}
        )
        models.add(tx, row)


def test_there_are_no_rules_yet(place: Place) -> None:
    assert place.operator.get("/v1/rules").get_json() == {"rules": []}


def test_no_model_is_an_empty_list(place: Place) -> None:
    assert place.operator.get("/v1/models").get_json() == {"models": [], "served": None}


def test_models_are_listed_shown_and_rolled_back(either_place: Place) -> None:
    operator = either_place.operator
    trained(either_place, "m1")
    trained(either_place, "m2")
    assert operator.get("/v1/models").get_json()["served"] == "m2"
    assert operator.get("/v1/models/m1").get_json()["metrics"] == {"recall": 0.2}
    assert operator.post("/v1/models/m1/rollback").get_json()["served"] is True
    listed = operator.get("/v1/models").get_json()
    assert {model["model_id"]: model["served"] for model in listed["models"]} == {"m1": True, "m2": False}
    assert operator.get("/v1/audit").get_json()["entries"][0]["action"] == "model.rollback"


def test_a_model_that_was_altered_is_not_rolled_back_to(place: Place) -> None:
    trained(place, "m1")
    trained(place, "m2")
    array = next(Path(place.settings.models / "m1").glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-1] + b"x")
    assert_problem(place.operator.post("/v1/models/m1/rollback"), 409)
    assert place.operator.get("/v1/models").get_json()["served"] == "m2"
    assert "model.rollback" not in str(place.operator.get("/v1/audit").get_json())


@pytest.mark.parametrize("job", ["sweep", "plan", "train", "reconcile"])
def test_a_run_asked_for_is_a_row_that_a_worker_takes(either_place: Place, job: str) -> None:
    asked = either_place.operator.post(f"/v1/jobs/{job}/runs", {"at": "2017-11-30T00:00:00Z"})
    assert asked.status_code == 202
    with either_place.db.read() as tx:
        run = job_runs.get(tx, asked.get_json()["id"])
    assert run is not None
    assert (run.job, run.state, run.at) == (job, RunState.ASKED, AT)
    listed = either_place.operator.get("/v1/jobs").get_json()["runs"]
    assert [(one["job"], one["state"], one["at"]) for one in listed] == [(job, "asked", "2017-11-30T00:00:00Z")]


def test_a_job_that_is_none_is_404(place: Place) -> None:
    assert_problem(place.operator.post("/v1/jobs/dance/runs"), 404)


def test_the_audit_goes_on_where_the_cursor_says(place: Place) -> None:
    operator = place.operator
    for _ in range(4):
        operator.post("/v1/jobs/plan/runs")
    first = operator.get("/v1/audit?limit=2").get_json()
    second = operator.get(f"/v1/audit?limit=2&cursor={first['next_cursor']}").get_json()
    ids = [entry["id"] for entry in first["entries"] + second["entries"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4
    assert_problem(operator.get("/v1/audit?cursor=nonsense"), 422, pointer="/cursor")


def test_no_secret_is_told(place: Place) -> None:
    operator = place.operator
    everything = " ".join(operator.get(path).get_data(as_text=True) for path in ("/v1/audit", "/v1/jobs", "/readyz"))
    assert operator.key is not None
    assert operator.key not in everything
    assert place.settings.secret_key not in everything
