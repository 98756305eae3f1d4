"""``rapport rules``: what is told, what is kept, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.store import audit, rules
from engine.store.database import Database
from tests.api.test_rules import a_ledger

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "rules.yaml"
RULE = """rules:
  - id: no-tea
    when: need.family == "tea"
    effect: forbid
"""
WRONG = RULE + "  - id: dear\n    when: price > 50\n    effect: banish\n"


@pytest.fixture
def file(environment) -> Path:
    """A file of one rule, in the current folder."""
    path = Path("rules.yaml")
    path.write_text(RULE)
    return path


@pytest.fixture
def db(environment) -> Database:
    """The place's database, with a few orders in it."""
    database = Database.open(environment.settings.database_url)
    database.upgrade()
    a_ledger(database)
    return database


def test_a_sound_file_is_told_so(rapport, file):
    assert rapport("rules", "check", file).out == "1 rules, and nothing wrong with them\n"
    assert rapport("rules", "check", EXAMPLE, "--json").json == {"rules": 5, "problems": []}


def test_mistakes_are_told_with_their_places_and_end_with_1(rapport, file):
    file.write_text(WRONG)
    said = rapport("rules", "check", file)
    assert said.code == 1
    places = [line.split(": ")[0] for line in said.out.splitlines()]
    assert places == ["rules.yaml:6:17", "rules.yaml:7:13"]
    assert "50.0" in said.out
    found = rapport("rules", "check", file, "--json")
    assert found.code == 1
    assert [(one["rule_id"], one["line"], one["column"]) for one in found.json["problems"]] == [
        ("dear", 6, 17),
        ("dear", 7, 13),
    ]


@pytest.mark.parametrize("command", ["preview", "apply"])
def test_nothing_is_done_with_a_file_that_has_a_mistake(rapport, file, db, command):
    file.write_text(WRONG)
    rapport("rules", command, file).failed(1, "line 6, column 17", "1 more")
    with db.read() as tx:
        assert rules.all(tx) == {}


def test_a_file_that_is_not_there_or_no_text(rapport, file):
    rapport("rules", "check", "nowhere.yaml").failed(2, "FILE: expected a file that can be read", "'nowhere.yaml'")
    for nothing in ("", "# to come\n"):
        file.write_text(nothing)
        said = rapport("rules", "check", file)
        assert (said.code, said.out) == (
            1,
            "rules.yaml:1:1: the file: expected rules: a list of rules, came an empty file\n",
        )
    file.write_bytes(b"\xff\xfe\xfa")
    rapport("rules", "check", file).failed(2, "UTF-8")


def test_a_preview_names_the_customers(rapport, file, db):
    said = rapport("rules", "preview", file, "--at", "2017-12-01T08:00:00Z", "--json")
    assert said.code == 0
    assert [(one["customer_id"], one["state"], one["changes"][0]["change"]) for one in said.json["executions"]] == [
        ("anna", "kept", "forbidden"),
        ("anna", "waiting", "forbidden"),
    ]
    assert said.json["past"] == said.json["planned"] == {"executions": 1, "customers": 1, "money": {"USD": "6.00"}}
    shown = rapport("rules", "preview", file, "--at", "2017-12-01T08:00:00Z", "--limit", 1).out
    assert "looked at 4 automatic orders of 2 customers" in shown
    assert "forbidden by no-tea" in shown
    assert "and 1 more" in shown
    with db.read() as tx:
        assert rules.all(tx) == {}


def test_rules_are_put_in_force(rapport, file, db):
    first = rapport("rules", "apply", file, "--why", "no tea today", "--json").json["applied"]
    assert first == [{"rule_id": "no-tea", "version": 1, "changed": True, "approved": True}]
    assert rapport("rules", "apply", file, "--json").json["applied"][0]["changed"] is False
    file.write_text(RULE.replace('"tea"', '"coffee"'))
    assert "kept" in rapport("rules", "apply", file).out
    with db.read() as tx:
        newest, oldest = rules.versions(tx, "no-tea")
        entries, _ = audit.page(tx, 10)
    assert (newest.version, oldest.version, oldest.why) == (2, 1, "no tea today")
    assert newest.author.startswith("cli:")
    assert [one.action for one in entries] == ["rule.put", "rule.put"]


def test_a_file_that_saw_an_older_version_is_refused(rapport, file, db):
    rapport("rules", "apply", file)
    file.write_text(RULE.replace("forbid", "require_approval") + "    replaces: 0\n")
    rapport("rules", "apply", file).failed(1, "version 1")


def test_with_four_eyes_a_file_awaits_approval(rapport, file, db):
    said = rapport("rules", "apply", file, RAPPORT_FOUR_EYES="on")
    assert said.code == 0
    assert "awaits approval" in said.out
    rapport("rules", "apply", file, RAPPORT_FOUR_EYES="perhaps").failed(2, "RAPPORT_FOUR_EYES")


def test_gateways_are_known_where_there_is_a_database(rapport, file):
    file.write_text(RULE.replace("forbid", "{gateway: cold-chain}"))
    assert rapport("rules", "check", file).code == 0
    rapport("db", "upgrade")
    said = rapport("rules", "check", file)
    assert said.code == 1
    assert said.out.startswith("rules.yaml:4:23: /rules/0/effect/gateway of no-tea: expected a gateway that is there")
    rapport("rules", "apply", file).failed(1, "line 4, column 23")
