"""Replays and reports from the command line, in the small shop."""

import json

import pytest


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A current folder of its own."""
    monkeypatch.chdir(tmp_path)


def test_a_replay_prints_its_report_and_names_its_page(in_shop, tmp_path):
    said = in_shop("backtest", "--from", "2017-11-17", "--to", "2017-11-30", "--out", "r.json", "--json")
    assert said.code == 0, said.err
    assert json.loads((tmp_path / "r.json").read_text()) == said.json
    assert (tmp_path / "r.html").as_uri() in said.err
    assert "<svg" in (tmp_path / "r.html").read_text()
    assert [row["rung"] for row in said.json["modes"]] == ["respond", "curate", "coach", "approve", "veto", "silent"]
    assert said.json["modes"][2]["share_right"] == {
        "reason": "it was never tried",
        "needed": "at least one finished case of two customers",
    }


def test_a_replay_of_a_few_says_so(in_shop, tmp_path):
    said = in_shop("backtest", "--from", "2017-11-24", "--to", "2017-11-30", "--customers", "5", "--page", "p.html")
    assert said.code == 0, said.err
    assert "5 customers" in said.out
    assert "what each rung would have done" in said.out
    assert (tmp_path / "p.html").as_uri() in said.out


def test_a_replay_that_cannot_be_is_told_of_in_a_sentence(in_shop):
    in_shop("backtest", "--from", "2017-11-30", "--to", "2017-11-01").failed(2, "--to")
    in_shop("backtest", "--from", "soon", "--to", "2017-11-01").failed(2, "--from")
    in_shop("backtest", "--from", "2010-01-01", "--to", "2017-11-01").failed(1, "nothing to learn from")
    in_shop("backtest", "--from", "2018-01-01", "--to", "2018-01-02").failed(1, "nothing is held out")
    in_shop("backtest", "--from", "2017-11-17", "--to", "2017-11-30", "--out", "no/r.json").failed(2, "--out")
    in_shop("backtest", "--to", "2017-11-30").failed(2, "--from")


def test_without_orders_there_is_nothing_to_replay(rapport):
    rapport("backtest", "--from", "2017-11-17", "--to", "2017-11-30").failed(1, "no orders")


def test_a_report_on_decisions_is_readable_and_the_same_as_json(in_shop, tmp_path):
    for customer in ("c1", "c2", "c3"):
        assert in_shop("decide", customer, "--at", "2017-12-01T08:00:00Z").code == 0
    found = in_shop("modes", "report", "--page", "modes.html", "--json")
    assert found.code == 0, found.err
    assert found.json["decisions"] == 3
    assert found.json["led"]["n"] == 3
    assert {one["stage"] for one in found.json["removed_by"]} >= {"capability"}
    assert (tmp_path / "modes.html").as_uri() in found.err
    plain = in_shop("modes", "report", "--since", "2017-12-01")
    assert "3 decisions" in plain.out
    assert "consents.automation" in plain.out
    in_shop("modes", "report", "--since", "2018-01-01").failed(1, "no decisions")
    in_shop("modes", "report", "--since", "soon").failed(2, "--since")
    in_shop("modes", "report", "--page", "no/such.html").failed(2, "--page")


def test_without_decisions_there_is_nothing_to_report_on(rapport):
    rapport("modes", "report").failed(1, "no decisions")
