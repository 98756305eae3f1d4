"""Decision logs in files: formats and chunks that change nothing, rows and policies that are wrong, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from engine.errors import InputError, Unavailable
from engine.learn.offpolicy.value import Estimator
from jobs import ope
from jobs.ope import codes, frames, tables
from jobs.ope.codes import Codes
from jobs.ope.tables import PolicyFile
from tests.engine.learn.decision_logs import ACTIONS, World

IPS, SNIPS, DR = Estimator
WORLD = World()


def table(n: int = 2_000, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A log, and the target's probabilities in its contexts."""
    log, kinds = WORLD.draw(n, seed)
    ids = [f"c{row:05d}" for row in range(n)]
    names = np.array(ACTIONS)
    rows = pd.DataFrame(
        {
            "context_id": ids,
            "action": names[log.actions],
            "position": 0,
            "reward": log.rewards,
            "propensity": log.propensities,
            "target_propensity": WORLD.target[kinds, log.actions],
            "x1": log.features[:, 0],
            "x2": log.features[:, 1],
            "x3": log.features[:, 2],
            "shown_at": "2017-12-01T08:00:00Z",
            "page": "home",
        }
    )
    policy = pd.DataFrame(
        {
            "context_id": np.repeat(ids, len(ACTIONS)),
            "action": np.tile(names, n),
            "probability": WORLD.target[kinds].ravel(),
        }
    )
    return rows, policy


def write(rows: pd.DataFrame, file: Path) -> Path:
    """The rows in a file of the kind its name says."""
    if file.suffix == ".csv":
        rows.to_csv(file, index=False)
    elif file.suffix == ".parquet":
        rows.to_parquet(file, index=False)
    else:
        file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows.to_dict("records")))
    return file


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, str]:
    """A log and a policy in CSV."""
    rows, policy = table()
    return write(rows, tmp_path / "log.csv"), str(write(policy, tmp_path / "policy.csv"))


def known(report: ope.Report) -> list[float]:
    """Every number of a report."""
    values = [report.logged, *report.estimates.values()]
    return [x for one in values for x in (one.estimate, one.low, one.high, one.se)] + [report.contexts]


def test_the_value_of_a_policy_file_holds_the_truth(files):
    report = ope.run(*files)
    assert not report.objections
    assert report.features == ("x1", "x2", "x3")
    assert report.ignored == ("shown_at", "page")
    assert list(report.estimates) == list(Estimator)
    for found in report.estimates.values():
        assert found.low <= WORLD.value <= found.high
    assert report.estimates[DR].se < report.estimates[SNIPS].se < report.estimates[IPS].se


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_formats_change_nothing(files, tmp_path, kind):
    rows, policy = table()
    other = ope.run(write(rows, tmp_path / f"log.{kind}"), str(write(policy, tmp_path / f"policy.{kind}")))
    assert known(other) == pytest.approx(known(ope.run(*files)), rel=1e-9)


@pytest.mark.parametrize("policy", ["FILE", "uniform", "best", "target", "logged"])
def test_chunks_and_the_order_of_rows_change_nothing(files, tmp_path, policy):
    log, file = files
    asked = file if policy == "FILE" else policy
    whole = ope.run(log, asked, force=True)
    values = {one: found for one, found in whole.estimates.items() if hasattr(found, "estimate")}
    again = ope.run(log, asked, block=7_000, force=True)
    assert list(again.estimates) == list(whole.estimates)
    for one, found in values.items():
        assert vars_of(again.estimates[one]) == pytest.approx(vars_of(found), rel=1e-9)
    rows, _ = table()
    shuffled = write(rows.sample(frac=1, random_state=1), tmp_path / "shuffled.parquet")
    again = ope.run(shuffled, asked, rows=300, force=True)
    for one, found in values.items():
        assert vars_of(again.estimates[one]) == pytest.approx(vars_of(found), rel=1e-6)


def vars_of(found):
    """The numbers of a value."""
    return [found.estimate, found.low, found.high, found.se]


def test_a_large_policy_is_read_in_parts(files, monkeypatch):
    whole = ope.run(*files)
    monkeypatch.setattr(tables, "ROWS", 3_000)
    sizes = []
    read = PolicyFile.read

    def noted(self, part):
        found = read(self, part)
        sizes.append(len(found.keys))
        return found

    monkeypatch.setattr(PolicyFile, "read", noted)
    again = ope.run(*files)
    assert sum(sizes) == 2_000
    assert sizes == pytest.approx([500] * 4, rel=0.2)
    assert known(again) == pytest.approx(known(whole), rel=1e-9)


def test_the_logs_own_target_is_the_default_and_says_the_same_as_the_file(files):
    own, file = ope.run(files[0]), ope.run(*files)
    assert own.policy == "target"
    for one in (IPS, SNIPS):
        assert vars_of(own.estimates[one]) == pytest.approx(vars_of(file.estimates[one]), rel=1e-6)
    assert "every action" in own.estimates[DR].needed


def test_without_a_target_the_default_is_the_log_itself(tmp_path):
    rows, _ = table()
    log = write(rows.drop(columns="target_propensity"), tmp_path / "log.csv")
    report = ope.run(log)
    assert report.policy == "logged"
    assert {found.estimate for found in report.estimates.values()} == {report.logged.estimate}
    assert report.logged.estimate == pytest.approx(rows["reward"].mean())
    with pytest.raises(InputError, match="target_propensity"):
        ope.run(log, "target")


def test_a_policy_alike_for_all_contexts_needs_no_contexts(files, tmp_path):
    plain = write(pd.DataFrame({"action": ["A", "D"], "probability": [0.25, 0.75]}), tmp_path / "plain.csv")
    report = ope.run(files[0], str(plain))
    truth = WORLD.value_of(np.array([0.25, 0, 0, 0.75, 0]))
    assert report.estimates[DR].low <= truth <= report.estimates[DR].high
    uniform = write(pd.DataFrame({"action": ACTIONS, "probability": 0.2}), tmp_path / "uniform.csv")
    assert known(ope.run(files[0], str(uniform))) == pytest.approx(known(ope.run(files[0], "uniform")))


def test_a_policy_may_differ_by_position(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"context_id": np.repeat(np.arange(2_000), 2), "position": np.tile([1, 2], 2_000)})
    rows["action"] = rng.choice(["A", "B"], 4_000)
    rows["propensity"] = 0.5
    rows["reward"] = ((rows["action"] == "A") == (rows["position"] == 1)) + rng.normal(0, 0.1, 4_000)
    log = write(rows, tmp_path / "log.parquet")  # contexts are numbers there
    policy = pd.DataFrame({"position": [1, 1, 2], "action": ["A", "B", "B"], "probability": [0.8, 0.2, 1.0]})
    report = ope.run(log, str(write(policy, tmp_path / "policy.csv")))
    assert report.estimates[DR].estimate == pytest.approx(0.9, abs=0.02)
    assert report.contexts == 2_000
    assert ope.run(log, "best").estimates[SNIPS].estimate == pytest.approx(1.0, abs=0.02)
    assert ope.run(log, "uniform").estimates[IPS].estimate == pytest.approx(rows["reward"].mean())
    short = policy[policy["position"] == 1]
    with pytest.raises(InputError, match="as row 2 of the log needs"):
        ope.run(log, str(write(short, tmp_path / "short.csv")))


def test_rows_of_one_customer_are_drawn_together(tmp_path):
    rows, _ = table()
    rows["reward"] += np.repeat(np.random.default_rng(0).normal(0, 3, 100), 20)
    alone = ope.run(write(rows, tmp_path / "log.csv"), "uniform")
    rows["customer_id"] = np.repeat(np.arange(100), 20)
    together = ope.run(write(rows, tmp_path / "by_customer.csv"), "uniform")
    assert together.contexts == alone.contexts == 2_000
    assert together.estimates[SNIPS].estimate == pytest.approx(alone.estimates[SNIPS].estimate)
    assert together.estimates[SNIPS].se > 1.5 * alone.estimates[SNIPS].se
    assert "customer_id" not in together.features


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_what_was_available_limits_uniform_and_best(tmp_path, kind):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"context_id": [f"c{n}" for n in range(1_000)], "action": rng.choice(["a", "b"], 1_000)})
    lists = [["a", "b"] if n % 2 else ["a", "b", "c"] for n in range(1_000)]
    rows["propensity"] = [1 / len(one) for one in lists]
    rows["reward"] = rng.normal(rows["action"] == "b", 0.1)
    rows["available"] = [json.dumps(one) for one in lists] if kind == "csv" else lists
    report = ope.run(write(rows, tmp_path / f"log.{kind}"), "best", force=True)
    assert report.estimates[SNIPS].estimate == pytest.approx(1.0, abs=0.02)
    uniform = ope.run(write(rows, tmp_path / f"log.{kind}"), "uniform")
    assert uniform.support.unlogged == pytest.approx({"c": 1 / 6})
    assert "c" in uniform.objections[0].reason


def test_bad_rows_are_told_with_their_numbers_and_left_out(tmp_path):
    rows, _ = table(100)
    good = ope.run(write(rows, tmp_path / "good.csv"), "uniform", force=True)
    lines = (tmp_path / "good.csv").read_text().splitlines()
    wrong = [
        "",  # no row at all
        "c1,A,0,1,0.5",
        ",A,0,1,.5,.5,1,1,1,t,p",
        "c1,,0,1,.5,.5,1,1,1,t,p",
        "c1,A,-1,1,.5,.5,1,1,1,t,p",
        "c1,A,0,,.5,.5,1,1,1,t,p",
        "c1,A,0,inf,.5,.5,1,1,1,t,p",
        "c1,A,0,1,.5,1.5,1,1,1,t,p",
        "c1,A,0,1,.5,.5,1,many,1,t,p",
    ]
    log = tmp_path / "log.csv"
    log.write_text("\n".join([*lines[:51], *wrong, *lines[51:]]) + "\n")
    report = ope.run(log, "uniform", force=True)
    assert report.rejected == 8
    told = [json.loads(line) for line in report.rejects.read_text().splitlines()]
    assert sorted((one["row"], one["field"]) for one in told) == [
        (51, "the row"),
        (52, "context_id"),
        (53, "action"),
        (54, "position"),
        (55, "reward"),
        (56, "reward"),
        (57, "target_propensity"),
        (58, "x2"),
    ]
    assert (
        next(one for one in told if one["row"] == 58)["reason"] == "expected a finite number, or nothing, came 'many'"
    )
    assert known(report) == pytest.approx(known(good))
    assert "7.4% of the rows were rejected" in report.objections[0].reason
    log.write_text("\n".join(lines))
    assert ope.run(log, "uniform").rejects is None
    assert not Path(f"{log}.rejects.ndjson").exists()


def test_the_numbers_of_bad_lines_do_not_depend_on_blocks(tmp_path):
    rows, _ = table(300)
    lines = write(rows, tmp_path / "log.csv").read_text().splitlines()
    for place in (20, 21, 150, 299):
        lines[place] = "c1,A"
    (tmp_path / "log.csv").write_text("\n".join(lines))
    for block in (1_500, 4_000, frames.BLOCK):
        report = ope.run(tmp_path / "log.csv", block=block, force=True)
        told = [json.loads(line)["row"] for line in report.rejects.read_text().splitlines()]
        assert sorted(told) == [20, 21, 150, 299]
        source = frames.Source.of(tmp_path / "log.csv")
        numbers = np.concatenate([one.rows for one in source.frames(["reward"], block=block)])
        assert numbers.tolist() == [n for n in range(1, 301) if n not in (20, 21, 150, 299)]


@pytest.mark.parametrize("propensity", [0, -0.1, 1.2, None, "x"])
def test_a_row_without_a_propensity_is_a_refusal(files, propensity):
    rows, _ = table()
    rows["propensity"] = rows["propensity"].astype(object)
    rows.loc[5, "propensity"] = propensity
    report = ope.run(write(rows, files[0]), files[1])
    assert report.rejected == 1
    assert "1 rows have no propensity" in report.objections[0].reason
    assert not report.estimates
    assert len(ope.run(*files, force=True).estimates) == 3


def test_lines_of_json_that_are_none(tmp_path):
    rows, _ = table(100)
    log = write(rows, tmp_path / "log.ndjson")
    log.write_bytes(b'{"context_id": \n[1]\n\n' + log.read_bytes())
    report = ope.run(log, "uniform", force=True)
    told = [json.loads(line) for line in report.rejects.read_text().splitlines()]
    assert [(one["row"], one["field"]) for one in told] == [(1, "the row"), (2, "the row")]
    assert report.support.rows == 100


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda policy: policy[policy["context_id"] != "c00002"], "context 'c00002': expected probabilities, as row 3"),
        (lambda policy: policy.drop(index=7), "context_id 'c00001': expected probabilities that sum to 1, came 0."),
        (lambda policy: policy.assign(probability=policy["probability"].where(policy.index != 3, 1.5)), "row 4"),
        (lambda policy: policy.assign(probability=policy["probability"].where(policy.index != 3)), "row 4"),
        (lambda policy: policy.assign(action=policy["action"].where(policy.index != 9)), "row 10: action"),
        (lambda policy: policy.assign(position=-1), "row 1: position"),
        (lambda policy: policy.drop(columns="probability"), "a column 'probability'"),
        (lambda policy: policy.head(0), "expected rows"),
    ],
)
def test_policies_that_are_wrong(files, tmp_path, change, words):
    _, policy = table()
    with pytest.raises(InputError, match=words):
        ope.run(files[0], str(write(change(policy), tmp_path / "wrong.csv")))


def test_logs_that_cannot_be_read(tmp_path):
    rows, _ = table(50)
    for name, words in (("log.txt", "ending in .csv"), ("nowhere.csv", "no such file")):
        with pytest.raises(InputError, match=words):
            ope.run(tmp_path / name)
    with pytest.raises(InputError, match="a column 'propensity'"):
        ope.run(write(rows.drop(columns="propensity"), tmp_path / "log.csv"))
    with pytest.raises(InputError, match="rows"):
        ope.run(write(rows.head(0), tmp_path / "log.csv"))
    (tmp_path / "log.csv").write_text("")
    with pytest.raises(InputError, match="no header"):
        ope.run(tmp_path / "log.csv")
    (tmp_path / "log.parquet").write_text("nonsense")
    with pytest.raises(InputError, match="a Parquet file"):
        ope.run(tmp_path / "log.parquet")
    (tmp_path / "log.csv").write_bytes(b"context_id,action,reward,propensity\n\xff,A,1,1\n")
    with pytest.raises(InputError, match="UTF-8"):
        ope.run(tmp_path / "log.csv")
    with pytest.raises(Unavailable, match="no row that can be used"):
        ope.run(write(rows.assign(propensity=0), tmp_path / "log.csv"))
    with pytest.raises(InputError, match="logged, target, uniform, best"):
        ope.run(write(rows, tmp_path / "log.csv"), "greedy")


def test_the_models_columns_can_be_chosen(files):
    assert ope.run(*files, features=["x1"]).features == ("x1",)
    assert ope.run(*files, features=[]).features == ()
    few, all_ = ope.run(*files, features=[]), ope.run(*files)
    assert all_.estimates[DR].se < 0.8 * few.estimates[DR].se
    for wrong in ("page", "reward", "nothing"):
        with pytest.raises(InputError, match=wrong):
            ope.run(*files, features=[wrong])


def test_ids_are_kept_as_written(tmp_path):
    lines = ["context_id,action,reward,propensity", "01,A,1,1", "1,A,1,1", "NA,nan,1,1", "null,A,1,1"]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    report = ope.run(tmp_path / "log.csv", force=True)
    assert (report.contexts, report.rejected) == (4, 0)


def test_what_does_not_vary_has_no_interval(tmp_path):
    rows = pd.DataFrame({"context_id": range(100), "action": "A", "reward": 2.0, "propensity": 1.0})
    found = ope.run(write(rows, tmp_path / "log.csv")).document()
    assert found["refused"] is False
    assert found["logged_value"] == {"value": 2.0, "low": None, "high": None, "se": None}
    assert found["estimates"][0] == {
        "estimator": "ips",
        **found["logged_value"],
        "ess": pytest.approx(100),
    }


def test_propensities_next_to_nothing_are_refused_in_numbers_json_has(tmp_path):
    rows, _ = table(200)
    rows.loc[3, "propensity"] = 1e-200
    found = ope.run(write(rows, tmp_path / "log.csv"), "uniform", force=True).document()
    assert found["refused"] is True
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_rewards_may_be_yes_or_no(tmp_path, kind):
    rows, _ = table(200)
    rows["reward"] = rows["reward"] > 1
    report = ope.run(write(rows, tmp_path / f"log.{kind}"), "logged")
    assert report.logged.estimate == pytest.approx(rows["reward"].mean())


def test_codes_are_given_in_the_order_things_are_met():
    given = Codes()
    assert given.of_positions(np.array([7, 3, 7, 1])).tolist() == [0, 1, 0, 2]
    assert given.of_set('["b", "a", 3]').tolist() == [0, 1, 2]
    assert given.names == ["b", "a", "3"]
    assert [given.of_set(wrong) for wrong in ("[]", "{", '{"a": 1}', "[1.5]")] == [None] * 4
    assert len(set(given.hashes.tolist())) == 3
    assert codes.of_numbers(np.array([7, 3, 1])).tolist() == given.hashes.tolist()


MEASURED = """
import sys
from jobs import ope
report = ope.run(__import__("pathlib").Path(sys.argv[1]), sys.argv[2])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # ru_maxrss is the parent's too
print(report.support.rows, report.contexts, int(peak.split()[1]) // 1024)
"""


@pytest.mark.long
def test_two_million_rows_need_little_more_memory_than_two_hundred_thousand(tmp_path):
    rows, _ = table(200_000)
    peaks = []
    for times in (1, 10):
        log = tmp_path / f"log{times}.csv"
        for one in range(times):
            rows["context_id"] = [f"{one}-{n}" for n in range(200_000)]
            rows.to_csv(log, index=False, mode="a", header=not one)
        command = [sys.executable, "-c", MEASURED, str(log), "uniform"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        n, contexts, peak = map(int, done.stdout.split())
        assert n == 200_000 * times
        assert contexts == pytest.approx(n, rel=0.02)
        peaks.append(peak)
    assert peaks[1] < 700  # MB, of which the libraries take some 280
    assert peaks[1] - peaks[0] < 200  # nine times as many again, held together, take over a thousand


@pytest.mark.example(13)
def test_numbers_of_example_13_are_refused_and_shown_when_they_are_asked_for_all_the_same(tmp_path):
    log, policy = tmp_path / "log.csv", tmp_path / "policy.csv"
    rows = [("A", 0.5, 1), ("B", 0.25, 0), ("A", 0.5, 0), ("C", 0.25, 2), ("B", 0.25, 1)]
    lines = [f"c{n},{action},0,{reward},{share}" for n, (action, share, reward) in enumerate(rows)]
    log.write_text("context_id,action,position,reward,propensity\n" + "\n".join(lines) + "\n")
    policy.write_text("action,probability\nA,0.2\nB,0.3\nC,0.5\n")
    refused, forced = ope.run(log, str(policy)), ope.run(log, str(policy), force=True)
    assert refused.estimates == {}
    assert any("effective sample size" in one.reason for one in refused.objections)
    assert [one.reason for one in forced.objections] == [one.reason for one in refused.objections]
    ips, snips = forced.estimates[Estimator.IPS], forced.estimates[Estimator.SNIPS]
    assert [ips.estimate, ips.se, snips.estimate, snips.se] == pytest.approx([1.12, 0.7526, 1.0769, 0.4416], abs=1e-4)
