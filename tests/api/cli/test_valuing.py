"""`rapport ope` from the command line, and the example of its page."""

import re
from pathlib import Path

import pytest

from benchmarks import off_policy

PAGE = (Path(__file__).parents[3] / "docs" / "offpolicy.md").read_text(encoding="utf-8")


@pytest.fixture
def logged(environment):
    """A log and a policy, in the current folder."""
    off_policy.write(Path("decisions.csv"), 2_000, seed=1)


def test_the_answer_has_the_keys_agreed_on(rapport, logged):
    said = rapport("ope", "decisions.csv", "--policy", "decisions.policy.csv", "--json")
    assert said.code == 0
    found = said.json
    assert {"policy", "refused", "reason", "needed", "contexts", "rows", "logged_value", "estimates"} <= set(found)
    assert (found["refused"], found["reason"], found["rows"], found["contexts"]) == (False, None, 2_000, 2_000)
    assert [one["estimator"] for one in found["estimates"]] == ["ips", "snips", "dr"]
    for one in found["estimates"]:
        assert set(one) == {"estimator", "value", "low", "high", "se", "ess"}
        assert one["low"] < one["value"] < one["high"]
    assert set(found["logged_value"]) == {"value", "low", "high", "se"}
    assert rapport("ope", "decisions.csv", "--policy", "decisions.policy.csv", "--json").json == found
    other = rapport("ope", "decisions.csv", "--policy", "decisions.policy.csv", "--json", "--seed", "1").json
    assert other["estimates"][2]["value"] != found["estimates"][2]["value"]


def test_a_person_can_read_it(rapport, logged):
    said = rapport("ope", "decisions.csv", "--policy", "uniform")
    assert said.code == 0
    assert "uniform, on 2,000 rows of 2,000 contexts" in said.out
    assert [line.split()[0] for line in said.out.splitlines()[2:]] == ["the", "ips", "snips", "dr"]


def test_a_refusal_is_an_answer(rapport, logged):
    Path("new.csv").write_text("action,probability\nA,0.5\nF,0.5\n")
    said = rapport("ope", "decisions.csv", "--policy", "new.csv", "--json")
    assert said.code == 0
    assert said.json["refused"] is True
    assert "F" in said.json["reason"]
    assert "F" in said.json["needed"]
    assert said.json["estimates"] == []
    assert said.json["support"]["unlogged"] == {"F": 0.5}
    plain = rapport("ope", "decisions.csv", "--policy", "new.csv")
    assert "refused: 50.0% of the policy's probability" in plain.out
    forced = rapport("ope", "decisions.csv", "--policy", "new.csv", "--json", "--force").json
    assert forced["refused"] is True
    assert len(forced["estimates"]) == 3


def test_rejected_rows_are_exit_3(rapport, logged):
    with Path("decisions.csv").open("a") as log:
        log.write("c9,A,,0.5,0,0,0\n")
    said = rapport("ope", "decisions.csv", "--policy", "uniform")
    assert said.code == 3
    assert "1 rows rejected" in said.out
    assert Path("decisions.csv.rejects.ndjson").exists()
    assert rapport("ope", "decisions.csv", "--json").json["rejected"] == 1


def test_what_was_typed_wrong_is_exit_2(rapport, logged):
    rapport("ope", "nowhere.csv").failed(2, "nowhere.csv")
    rapport("ope", "decisions.csv", "--policy", "greedy").failed(2, "--policy", "uniform")
    rapport("ope", "decisions.csv", "--policy", "target").failed(2, "target_propensity")
    rapport("ope", "decisions.csv", "--features", "x1,colour").failed(2, "colour")
    assert rapport("ope", "decisions.csv", "--policy", "uniform", "--features", "", "--json").json["features"] == []
    empty = Path("empty.csv")
    empty.write_text("context_id,action,reward,propensity\nc1,A,1,0\n")
    rapport("ope", "empty.csv").failed(1, "no row that can be used")


def test_the_example_of_the_page_is_what_is_printed(rapport, environment):
    off_policy.write(Path("decisions.csv"), off_policy.ROWS, seed=off_policy.SEED)
    said = rapport("ope", "decisions.csv", "--policy", "decisions.policy.csv")
    shown = re.search(r"\$ rapport ope decisions.csv --policy decisions.policy.csv\n(.*?)```", PAGE, re.S)
    assert shown is not None
    assert [line.rstrip() for line in said.out.splitlines()] == shown[1].rstrip("\n").splitlines()


def test_the_limits_on_the_page_are_those_of_the_code():
    from engine.learn.offpolicy import reward, sums, support, value
    from engine.learn.offpolicy.log import FOLDS
    from engine.learn.offpolicy.policies import ENOUGH
    from jobs import ope

    for words in (
        f"below {sums.THIN}",
        f"more than {support.MOST_THIN:.0%}",
        f"more than {support.MOST_UNLOGGED:.1%}",
        f"below {support.LEAST:.0f}",
        f"below {support.LEAST_SHARE:.0%}",
        f"below {support.PLENTY:,.0f}",
        f"more than {support.LARGEST:.0%}",
        f"more than {support.OFF:.0f} of its standard errors and more than {support.NEAR}",
        f"fewer than {support.REWARDED:.0f} contexts",
        f"more than {ope.MOST_REJECTED:.0%} of the rows",
        f"{value.DRAWS:,} times",
        f"{FOLDS} folds",
        f"{sums.MOST:,} contexts",
        f"{reward.REGULARIZATION:.0f} rows",
        f"at least {ENOUGH} rows",
    ):
        assert words in " ".join(PAGE.split()), words
