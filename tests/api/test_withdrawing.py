"""What a customer takes back stops what rests on it at once, and they are told."""

from __future__ import annotations

import pytest

from engine.domain.executions import State
from engine.store import executions, nudges
from tests.api.acting import execution
from tests.api.conftest import Place
from tests.api.problems import assert_problem

MANDATE = {"families": ["need of x1"], "wording": "v3"}
GRANTED = {"automation": "granted"}


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann, who lets orders be made for her."""
    either_place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    either_place.backend.post("/v1/items", {"item_id": "beans", "price": "4.99", "name": "Beans"})
    for who in ("ann", "bob"):
        either_place.backend.put(f"/v1/customers/{who}/consents", GRANTED)
    return either_place


def standing(place: Place) -> dict[str, tuple[str, str | None]]:
    """Where executions stand, and why."""
    found = place.operator.get("/v1/executions").get_json()["executions"]
    return {one["execution_id"]: (one["state"], one["reason"]) for one in found}


def texts(place: Place) -> list[str]:
    """What ann was told."""
    with place.db.read() as tx:
        return [one.text for one in nudges.of_customer(tx, "ann")]


@pytest.mark.parametrize("purpose", ["automation", "personalization"])
@pytest.mark.parametrize("state", ["refused", "unset"])
def test_a_withdrawn_consent_cancels_what_is_pending_with_a_notice(ann: Place, purpose: str, state: str) -> None:
    execution(ann, "x1")
    execution(ann, "x2")
    execution(ann, "other", customer_id="bob")
    ann.customer("ann").put("/v1/customers/ann/consents", {purpose: state})
    unset = (purpose, state) == ("personalization", "unset")  # counts as granted by the shop's default
    stopped = ("waiting", None) if unset else ("refused", f"consents.{purpose}")
    assert standing(ann) == {"x1": stopped, "x2": stopped, "other": ("waiting", None)}
    assert len(texts(ann)) == (0 if unset else 2)
    if not unset:
        assert texts(ann)[0].startswith("Not ordered: 2 × Beans, because you took back that we may ")


def test_what_is_being_placed_is_let_go_on(ann: Place) -> None:
    execution(ann, "x1")
    with ann.db.begin() as tx:
        executions.move(tx, "x1", [State.WAITING], State.PLACING, "worker", None, ann.settings.clock.now())
    ann.customer("ann").put("/v1/customers/ann/consents", {"automation": "refused"})
    assert standing(ann) == {"x1": ("placing", None)}
    assert texts(ann) == []


def test_the_step_names_who_took_it_back(ann: Place) -> None:
    execution(ann, "x1")
    ann.customer("ann").put("/v1/customers/ann/consents", {"automation": "refused"})
    with ann.db.read() as tx:
        last = executions.moves(tx, "x1")[-1]
    assert (last.actor.partition(":")[0], last.reason, last.after) == ("app", "consents.automation", State.REFUSED)


def test_an_order_that_was_decided_before_is_not_taken_up_after(ann: Place) -> None:
    """The planner read the consent, then it was taken back, then the planner writes."""
    ann.customer("ann").put("/v1/customers/ann/consents", {"automation": "refused"})
    with pytest.raises(AssertionError):
        execution(ann, "x1")
    assert standing(ann) == {}


@pytest.mark.parametrize("how", ["revoked", "replaced by one that has ended"])
def test_a_mandate_taken_back_cancels_what_is_drawn_on_it(ann: Place, how: str) -> None:
    path = "/v1/customers/ann/mandates"
    mine, other = (ann.customer("ann").post(path, MANDATE).get_json()["mandate_id"] for _ in range(2))
    execution(ann, "x1", mandate_id=mine)
    execution(ann, "x2", mandate_id=other)
    if how == "revoked":
        ann.customer("ann").delete(f"{path}/{mine}")
        reason = "mandate.revoked"
    else:
        ann.customer("ann").put(f"{path}/{mine}", {**MANDATE, "expires_at": "2017-11-30T00:00:00Z"})
        reason = "mandate.expired"
    assert standing(ann) == {"x1": ("refused", reason), "x2": ("waiting", None)}
    assert len(texts(ann)) == 1


def test_a_mandate_that_was_revoked_carries_no_new_order(ann: Place) -> None:
    path = "/v1/customers/ann/mandates"
    mine = ann.customer("ann").post(path, MANDATE).get_json()["mandate_id"]
    ann.customer("ann").delete(f"{path}/{mine}")
    with pytest.raises(AssertionError):
        execution(ann, "x1", mandate_id=mine)


def test_erasure_leaves_nothing_to_place(ann: Place) -> None:
    execution(ann, "x1")
    ann.backend.delete("/v1/customers/ann")
    assert standing(ann) == {}
    assert_problem(ann.backend.get("/v1/executions/x1"), 404)


# --- windows and quiet dates on the wire

WHEN = {
    "windows": [{"days": ["mon", "fri"], "start": "18:00", "end": "02:00"}],
    "quiet_dates": [{"first": "2017-12-24", "last": "2017-12-26"}, {"first": "2018-01-01"}],
}


def test_windows_and_quiet_dates_are_kept(ann: Place) -> None:
    path = "/v1/customers/ann/mandates"
    made = ann.customer("ann").post(path, {**MANDATE, **WHEN}).get_json()
    read = ann.customer("ann").get(f"{path}/{made['mandate_id']}").get_json()
    assert read == made
    assert read["windows"] == WHEN["windows"]
    assert read["quiet_dates"] == [WHEN["quiet_dates"][0], {"first": "2018-01-01", "last": "2018-01-01"}]


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("windows", [{"start": "18:00", "end": "25:00"}], "/windows/0/end"),
        ("windows", [{"start": "18:00"}], "/windows/0/end"),
        ("windows", [{"days": [], "start": "18:00", "end": "20:00"}], "/windows/0/days"),
        ("windows", [{"days": ["today"], "start": "18:00", "end": "20:00"}], "/windows/0/days/0"),
        ("quiet_dates", [{"first": "2017-13-01"}], "/quiet_dates/0/first"),
        ("quiet_dates", [{"first": "2017-12-24", "last": "2017-12-23"}], "/quiet_dates/0/last"),
    ],
)
def test_what_is_no_window_or_date_is_422(ann: Place, field: str, value: object, pointer: str) -> None:
    answer = ann.customer("ann").post("/v1/customers/ann/mandates", {**MANDATE, field: value})
    assert_problem(answer, 422, pointer=pointer)
