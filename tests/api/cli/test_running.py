"""Running the place from the command line."""

import subprocess
import sys

import httpx
import pytest

from engine.domain.customers import Consent, Grant, Purpose
from engine.store import consents
from engine.store.database import Database
from tests.api.cli.conftest import Environment
from tests.builders import NOON

COMMANDS = [
    ["db", "upgrade"], ["import"], ["train"], ["models", "list"], ["models", "show"], ["models", "rollback"],
    ["recommend"], ["due"], ["evaluate"], ["decide"], ["serve"], ["worker"], ["jobs", "list"], ["jobs", "run"],
    ["gateway-example"], ["doctor"], ["settings"], ["keys", "create"], ["keys", "list"], ["keys", "revoke"], ["demo"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(rapport, command):
    said = rapport(*command, "--help")
    assert said.code == 0
    assert "Example" in said.out


@pytest.mark.parametrize("words", [["nonsense"], ["decide"], ["train", "--nonsense"], ["jobs", "run"]])
def test_wrong_usage_is_2(rapport, words):
    rapport(*words).failed(2)


def test_settings_mask_secrets_and_show_defaults(rapport):
    said = rapport("settings", "--json", RAPPORT_SECRET_KEY="hush hush", RAPPORT_GATEWAY_SECRET="hush hush")
    assert said.code == 0
    assert "hush" not in said.out
    assert said.json["RAPPORT_VETO_WINDOW"] == {"value": "86400s", "default": "86400s"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAPPORT_TIMEZONE", "Mars/Olympus"),
        ("RAPPORT_NOW", "yesterday"),
        ("RAPPORT_CURRENCY", "dollars"),
        ("RAPPORT_VETO_WINDOW", "-1h"),
        ("RAPPORT_PERSONALIZATION_DEFAULT", "maybe"),
        ("RAPPORT_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(rapport, name, value):
    rapport("settings", **{name: value}).failed(2, name, repr(value))


def test_the_doctor_looks_at_an_empty_place(rapport):
    said = rapport("doctor", "--json")
    assert said.code == 1
    assert [finding["check"] for finding in said.json["findings"]] == ["schema"]
    assert rapport("db", "upgrade").code == 0
    found = {finding["check"]: finding["well"] for finding in rapport("doctor", "--json").json["findings"]}
    assert found["schema"]
    assert not found["model"]
    assert not found["worker"]


def test_jobs_are_listed_and_run(rapport):
    assert {job["job"] for job in rapport("jobs", "list", "--json").json["jobs"]} >= {"sweep", "plan", "train"}
    assert rapport("jobs", "run", "purge", "--json").json == {"replies": 0, "runs": 0, "links": 0}
    listed = {job["job"]: job["last_state"] for job in rapport("jobs", "list", "--json").json["jobs"]}
    assert listed["purge"] == "done"
    said = rapport("jobs", "run", "sweep", "--at", "2017-12-01", RAPPORT_GATEWAY_URL="http://127.0.0.1:9/orders").out
    assert "sweep, as of 2017-12-01T00:00:00Z" in said
    assert "nothing to do" in said
    rapport("jobs", "run", "nonsense").failed(1, "nonsense")
    rapport("jobs", "run", "sweep").failed(1, "RAPPORT_GATEWAY_URL")
    rapport("jobs", "run", "plan", "--at", "2017-12-01T08:00:00").failed(2, "--at")


def test_keys_are_made_listed_and_revoked(rapport):
    made = rapport("keys", "create", "--scope", "backend", "--name", "shop", "--json").json
    listed = rapport("keys", "list", "--json")
    assert made["id"] in listed.out
    assert made["key"] not in listed.out
    assert rapport("keys", "revoke", made["id"]).code == 0
    rapport("keys", "revoke", "nonsense").failed(1, "nonsense")
    rapport("keys", "create", "--scope", "king").failed(2, "--scope")
    rapport("keys", "create").failed(2, "--scope")


def test_the_example_gateway_keeps_orders(tmp_path):
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "gateway-example",
        "--port",
        "18977",
        "--database",
        tmp_path / "book.db",
    ]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert "18977" in process.stdout.readline()
        order = {"execution_id": "e1", "lines": []}
        answers = [
            httpx.post("http://127.0.0.1:18977/orders", json=order, headers={"Idempotency-Key": "e1"}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 409]
        assert answers[0].json() == answers[1].json()
        assert httpx.get("http://127.0.0.1:18977/orders/e1").json() == answers[0].json()
        assert httpx.get("http://127.0.0.1:18977/orders/e2").status_code == 404
    finally:
        process.kill()
        process.wait()


def test_a_test_order_is_made_by_command(in_shop, stocked_home) -> None:
    in_shop("test-order", "c1", "milk-1").failed(1, "consents.automation")
    with Database.open(Environment(home=stocked_home).settings.database_url).begin() as tx:
        consents.put(tx, "c1", [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOON)])
    made = in_shop("test-order", "c1", "milk-1=2", "--json").json
    assert (made["test"], made["state"], made["lines"][0]["quantity"], made["total"]) == (True, "waiting", 2, "2.42")
    assert in_shop("test-order", "c1", "milk-1=0").code == 2
    assert in_shop("test-order", "c1", "unknown").code == 2
    assert in_shop("test-order", "nobody", "milk-1").code == 1
