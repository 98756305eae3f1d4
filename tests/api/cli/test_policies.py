"""The shop's parameters on the command line."""

from __future__ import annotations

import yaml

from modes import parameters


def test_what_is_in_force_is_told(rapport, environment):
    assert yaml.safe_load(rapport("modes", "policy").out) == parameters.told(parameters.LIVE)
    environment.home.mkdir()
    (environment.home / "policy.yaml").write_text("promise: 0.8")
    found = rapport("modes", "policy", "--json").json
    assert found["policy"]["promise"] == 0.8
    assert found["file"] == str(environment.home / "policy.yaml")


def test_a_file_is_checked_and_everything_wrong_is_told(rapport, tmp_path):
    (tmp_path / "mine.yaml").write_text("promise: most\nworth: {agency: 3}")
    said = rapport("modes", "policy", "mine.yaml")
    said.failed(2, "mine.yaml: promise: expected a number from 0.5 to 0.999, came 'most'", "worth.agency")
    rapport("modes", "policy", "none.yaml").failed(2, "FILE", "none.yaml")
    (tmp_path / "mine.yaml").write_text("messages: 5")
    assert yaml.safe_load(rapport("modes", "policy", "mine.yaml").out)["messages"] == 5


def test_the_example_is_a_file_to_begin_with(rapport, tmp_path):
    (tmp_path / "mine.yaml").write_text(rapport("modes", "policy", "--example").out)
    assert yaml.safe_load(rapport("modes", "policy", "mine.yaml").out) == parameters.told(parameters.LIVE)
    rapport("modes", "policy", "mine.yaml", "--example").failed(2, "--example")


def test_the_example_is_put_in_a_home_that_is_not_there_yet(rapport, environment):
    target = environment.home / "policy.yaml"
    assert not environment.home.exists()
    assert rapport("modes", "policy", "--example", "--out", target).code == 0
    assert rapport("modes", "policy", "--json").json["file"] == str(target)
    rapport("modes", "policy", "--example", "--out", target).failed(2, "--out", "not there yet")
    rapport("modes", "policy", "--out", "other.yaml").failed(2, "--out", "--example")


def test_a_file_that_is_none_stops_serve_and_worker_at_their_start_with_a_sentence(rapport, environment, tmp_path):
    (tmp_path / "mine.yaml").write_text("promises: 1")
    for command in ("serve", "worker"):
        rapport(command, RAPPORT_POLICY="mine.yaml").failed(2, "mine.yaml: promises", "an unknown field")
        rapport(command, RAPPORT_POLICY="none.yaml").failed(2, "RAPPORT_POLICY", "none.yaml")


def test_doctor_looks_at_the_file(rapport, tmp_path):
    rapport("db", "upgrade")
    (tmp_path / "mine.yaml").write_text("promises: 1")
    found = {one["check"]: one for one in rapport("doctor", "--json", RAPPORT_POLICY="mine.yaml").json["findings"]}
    assert not found["policy"]["well"]
    assert "mine.yaml: promises" in found["policy"]["found"]


def test_what_data_say_is_told_and_a_file_is_written_only_where_asked(rapport, tmp_path):
    rapport("db", "upgrade")
    found = rapport("modes", "fit", "--contact-cost", "6.5", "--json").json["parameters"]
    assert {one["parameter"] for one in found} >= {"wrong.veto", "wrong.silent", "out_of_stock"}
    assert all(one["estimate"] is None and one["needed"] for one in found)
    assert not list(tmp_path.glob("*.yaml"))
    rapport("modes", "fit", "--out", "mine.yaml").failed(2, "--contact-cost")
    said = rapport("modes", "fit", "--contact-cost", "6.5", "--out", "mine.yaml")
    assert said.code == 0
    assert "leaves no trace" in said.out
    assert yaml.safe_load(rapport("modes", "policy", "mine.yaml").out) == parameters.told(parameters.LIVE)
    rapport("modes", "fit", "--contact-cost", "6.5", "--out", "mine.yaml").failed(2, "--out", "not there yet")
    rapport("modes", "fit", "--within", "0d").failed(2, "--within")
