"""Training, forecasting and deciding from the command line, in the small shop."""

import json

import pytest


def test_without_orders_nothing_is_trained(rapport):
    rapport("train").failed(1, "no orders")
    rapport("recommend", "--all").failed(1, "rapport train")


def test_one_order_is_enough_to_publish(rapport, tmp_path):
    (tmp_path / "one.csv").write_text("order_id,customer_id,ordered_at,item_id\no1,c1,2017-01-01T10:00:00Z,i1\n")
    assert rapport("import", "orders", "one.csv").code == 0
    assert rapport("train", "--json").json["published"] is True
    assert [one["item_id"] for one in rapport("recommend", "c1").lines[0]["items"]] == ["i1"]


def test_trainings_are_listed_shown_and_rolled_back(in_shop):
    trained = in_shop("train", "--as-of", "2017-12-01T08:00:00Z", "--json")
    assert trained.code == 0
    assert trained.json["published"], trained.json["reason"]
    listed = in_shop("models", "list", "--json").json
    assert listed["served"] == trained.json["model_id"]
    first = listed["models"][-1]["model_id"]
    assert in_shop("models", "rollback", first).code == 0
    assert in_shop("models", "list", "--json").json["served"] == first
    assert in_shop("models", "show", first, "--json").json["metrics"]["lines"] > 1_000
    in_shop("models", "show", "nonsense").failed(1, "nonsense")
    in_shop("models", "rollback", "nonsense").failed(1, "nonsense")


def test_recommendations_are_as_many_as_asked_for(in_shop, tmp_path):
    found = in_shop("recommend", "c1", "stranger", "--k", "9").lines
    assert [row["customer_id"] for row in found] == ["c1", "stranger"]
    assert all(len(row["items"]) == 9 for row in found)
    assert not any(item["repeat"] for item in found[1]["items"])
    assert in_shop("recommend", "--all", "--out", tmp_path / "next.ndjson").code == 0
    assert len((tmp_path / "next.ndjson").read_text().splitlines()) == 40
    in_shop("recommend").failed(2, "--all")
    in_shop("recommend", "c1", "--all").failed(2, "--all")


def test_what_is_due_has_an_interval_and_evidence(in_shop):
    found = in_shop("due", "c1", "--within", "14d").lines
    assert {row["family"] for row in found} == {"coffee", "milk", "bread", "tea"}
    for row in found:
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
        assert row["evidence"]["purchases"] >= 2
    in_shop("due", "stranger").failed(1, "stranger")
    in_shop("due", "c1", "--within", "61d").failed(2, "--within")
    in_shop("due", "c1", "--within", "soon").failed(2, "--within")


def test_the_tables_of_accuracy_have_the_keys_agreed_on(in_shop):
    found = in_shop("evaluate", "--json").json
    keys = {"method", "level", "list", "recall@10", "recall@20", "ndcg@10", "phr@10", "se", "customers"}
    assert all(set(row) == keys for row in found["rows"])
    assert {(row["method"], row["level"]) for row in found["rows"]} >= {("rapport", "item"), ("rapport", "family")}
    assert all(set(row) >= {"cutoff", "window", "auc", "ece", "brier", "pairs"} for row in found["replenishment"])
    gate = in_shop("evaluate", "--gate", "--window", "14d", "--cutoffs", "2", "--json").json["cutoffs"]
    assert {"cutoff", "open", "threshold", "executions", "precision", "share_of_purchases"} == set(gate[0])
    in_shop("evaluate", "--split", "nonsense").failed(2, "--split")
    in_shop("evaluate", "--gate", "--window", "9d").failed(2, "--window")


def test_a_decision_is_readable_and_the_same_as_json(in_shop):
    at = ("--at", "2017-12-01T08:00:00Z", "--dry-run")
    found = in_shop("decide", "c1", *at, "--json").json
    plain = in_shop("decide", "c1", *at)
    assert found["mode"] in plain.out
    assert found["experiences"][0]["reason"] in plain.out
    asked = in_shop("decide", "c1", *at, "--json", "--request", json.dumps({"query": "milk"})).json
    assert asked["experiences"][0]["order"]["lines"][0]["item_id"] == "milk-2"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ("{", "--request"),
        ('{"items": [{"item_id": "nothing"}]}', "request.items.0.item_id"),
        ('{"items": [{"item_id": "milk-1", "quantity": 0}]}', "quantity"),
        ('{"wish": "milk"}', "wish"),
    ],
)
def test_a_request_that_cannot_be_names_its_field(in_shop, request_, field):
    in_shop("decide", "c1", "--request", request_).failed(2, field)


def test_a_naive_time_and_an_impossible_customer_are_refused(in_shop):
    in_shop("decide", "c1", "--at", "2017-12-01T08:00:00").failed(2, "--at")
    in_shop("decide", "a/b").failed(2, "CUSTOMER")
