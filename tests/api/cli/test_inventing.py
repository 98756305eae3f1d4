"""`rapport simulate` from the command line."""

from pathlib import Path

import pytest

SMALL = "like: regular\ncustomers: 15\nneeds: 2\ndays: 60\nburn_in: 30\n"


@pytest.fixture
def small(environment) -> str:
    """A scenario in the current folder."""
    Path("small.yaml").write_text(SMALL)
    return "small.yaml"


def test_the_answer_has_the_keys_agreed_on(rapport, small):
    said = rapport("simulate", small, "--seeds", 2, "--json")
    assert said.code == 0
    rows = {row["policy"]: row for row in said.json["policies"]}
    for row in rows.values():
        assert set(row) == {
            "policy",
            "share_of_oracle",
            "share_se",
            "opt_out_percent",
            "unwanted_per_customer_year",
            "margin",
        }
    assert {"selector", "oracle", "always respond", "curate at p >= .5, at most 3 a week"} < set(rows)
    assert rows["oracle"]["share_of_oracle"] == 1
    assert 0 < rows["selector"]["share_of_oracle"] < 1.2
    assert rows["selector"]["share_se"] > 0
    assert rapport("simulate", small, "--seeds", 2, "--json").json == said.json
    assert rapport("simulate", small, "--seeds", 2, "--first-seed", 3, "--json").json != said.json


def test_one_seed_has_no_standard_error(rapport, small):
    rows = rapport("simulate", small, "--seeds", 1, "--json").json["policies"]
    assert {row["share_se"] for row in rows} == {None}


def test_a_person_can_read_it(rapport, small):
    said = rapport("simulate", small, "--seeds", 1)
    assert said.code == 0
    assert said.out.splitlines()[0].strip() == "small, seed 100"
    assert any(line.startswith("selector ") for line in said.out.splitlines())


def test_what_is_wrong_is_told(rapport, environment):
    rapport("simulate", "weekly").failed(2, "SCENARIO", "grocery, regular, touchy", "weekly")
    Path("wrong.yaml").write_text(SMALL + "habit: {}\nmoods: {calm: much}\n")
    rapport("simulate", "wrong.yaml").failed(2, "habit: expected one of", "moods.calm: expected a number from 0 to 1")
    rapport("simulate", "no.yaml").failed(2, "a file that is there")
    rapport("simulate", "grocery", "--seeds", 0).failed(2, "--seeds")


def test_a_log_is_one_that_ope_reads(rapport, environment):
    Path("small.yaml").write_text("like: grocery\ncustomers: 60\ndays: 60\nburn_in: 30\n")
    said = rapport("simulate", "small.yaml", "--log", "day.csv", "--json")
    assert said.code == 0
    found = rapport("ope", "day.csv", "--policy", "uniform", "--json").json
    assert (found["refused"], found["rows"], found["rejected"]) == (False, said.json["rows"], 0)
    assert [one["estimator"] for one in found["estimates"]] == ["ips", "snips", "dr"]
    assert "rows" in rapport("simulate", "small.yaml", "--log", "day.csv").out
    rapport("simulate", "small.yaml", "--log", "nowhere/day.csv").failed(1, "nowhere")
