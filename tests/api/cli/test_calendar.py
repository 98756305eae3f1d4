"""The shop's calendar from a YAML file."""

from __future__ import annotations

import re
from pathlib import Path

from tests.api.cli.conftest import Rapport

PAGE = Path(__file__).parents[3] / "docs" / "delivery.md"
SHOP = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]


def test_the_file_of_the_page_is_checked_put_in_force_and_shown(rapport: Rapport, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP)
    checked = rapport("calendar", "check", str(file), "--json").json
    assert (checked["version"], checked["cut_offs"]["saturday"], checked["slots"][1]["weekdays"]) == (
        0,
        "10:00",
        ["monday", "thursday"],
    )
    rapport("calendar", "show").failed(1, "not found")
    assert rapport("calendar", "apply", str(file), "--json").json["version"] == 1
    assert rapport("calendar", "show", "--json").json | {"version": 0} == checked | {
        "created_at": rapport("calendar", "show", "--json").json["created_at"]
    }


def test_what_is_wrong_is_named_as_the_file_has_it(rapport: Rapport, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("cut_offs: {monday: 25:00}\nlead: 3w\nholidays: []\n")
    found = rapport("calendar", "check", str(file))
    found.failed(2, "cut_offs.monday: expected an hour of the day", "lead: expected working days", "holidays: expected")
    file.write_text("cut_offs: [")
    rapport("calendar", "apply", str(file)).failed(
        2, "shop.yaml: line 1, column 12: expected the node content, came '<stream end>'"
    )
    rapport("calendar", "check", "none.yaml").failed(2, "FILE: expected a file that can be read", "'none.yaml'")
    file.write_text("")
    rapport("calendar", "check", str(file)).failed(2, "shop.yaml: expected a calendar", "an empty file")


def test_people_are_told_in_lines(rapport: Rapport, tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        "cut_offs: {monday: '14:00', saturday: '10:00'}\nleads: {DAIRY: 4h}\n"
        "slots: [{name: noon, start: '11:00', end: '13:00', weekdays: [monday], capacity: 3}]\n"
    )
    told = rapport("calendar", "check", str(file)).out
    assert not set("{}[]") & set(told)
    for line in (
        "cut-offs       monday 14:00\n               saturday 10:00\n",
        "closed         none\n",
        "lead           1d\n               4h for DAIRY\n",
        "slots          noon: 11:00 to 13:00, monday, 3 orders a day\n",
    ):
        assert line in told
