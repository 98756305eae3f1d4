"""Keys from the command line open the API, until they are revoked."""

import pytest

from api.app import create_app
from engine.store.database import Database


@pytest.fixture
def status(environment):
    """The status that a key is answered with at a route."""

    def ask(key, path):
        client = create_app(environment.settings, Database.open(environment.settings.database_url)).test_client()
        return client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code

    return ask


def made(rapport, *words):
    """A new key or token."""
    said = rapport("keys", "create", *words, "--json")
    assert set(said.json) == {"id", "key"}
    return said.json


@pytest.mark.parametrize(("scope", "models"), [("backend", 403), ("operator", 200)])
def test_a_key_opens_what_its_scope_does(rapport, status, scope, models):
    key = made(rapport, "--scope", scope)["key"]
    assert status(key, "/v1/customers/c1") == 404
    assert status(key, "/v1/models") == models


def test_a_token_opens_its_own_customer_alone(rapport, status, tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nc1\nc2\n")
    assert rapport("import", "customers", "customers.csv").code == 0
    key = made(rapport, "--customer", "c1")["key"]
    assert status(key, "/v1/customers/c1/goals") == 200
    assert status(key, "/v1/customers/c2/goals") == 404
    assert status(key, "/v1/customers/c1") == 403


def test_a_revoked_key_opens_nothing(rapport, status):
    one = made(rapport, "--scope", "operator")
    assert rapport("keys", "revoke", one["id"], "--json").json == {"id": one["id"], "revoked": True}
    assert status(one["key"], "/v1/models") == 401
    (row,) = rapport("keys", "list", "--json").json["keys"]
    assert row["revoked_at"] is not None


def test_the_list_tells_scope_name_and_times_and_no_secret(rapport):
    one = made(rapport, "--scope", "backend", "--name", "the shop")
    token = made(rapport, "--customer", "c1")
    listed = rapport("keys", "list", "--json")
    first, second = listed.json["keys"]
    assert (first["scope"], first["name"], first["expires_at"]) == ("backend", "the shop", None)
    assert (second["scope"], second["customer_id"]) == ("app", "c1")
    assert second["expires_at"].endswith("Z")
    for secret in (one["key"], token["key"]):
        assert secret not in listed.out + rapport("keys", "list").out


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--scope", "app"], "--scope"),
        (["--scope", "backend", "--customer", "c1"], "--scope"),
        (["--customer", "a/b"], "--customer"),
        (["--customer", ""], "--customer"),
    ],
)
def test_what_cannot_be_made_names_its_field(rapport, words, field):
    rapport("keys", "create", *words).failed(2, field)
    assert rapport("keys", "list", "--json").json == {"keys": []}
