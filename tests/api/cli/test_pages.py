"""What docs/api.md and docs/operating.md say of routes, checks, statements and figures is so."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from api.auth.caller import Scope
from api.topics import TOPICS
from api.wire.decisions import DecisionIn
from engine.config import Settings
from engine.domain.executions import State
from jobs import doctor
from tests.ledgers import execution, line, stored

DOCS = Path(__file__).parents[3] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
OPERATING = (DOCS / "operating.md").read_text(encoding="utf-8")


def rows(page):
    """The rows of a page's tables, as lists of cells."""
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", page, re.M)]


def called(page):
    """Every route that a text names, its parts that vary written as {}."""
    found = re.findall(r"`?\b(GET|POST|PUT|DELETE) (/(?:v1|healthz|readyz|metrics)[^\s`?]*)", page)
    return {f"{method} {re.sub(r'/(ID|MID|NAME|reconcile)(?=/|$)', '/{}', path)}" for method, path in found}


def declared():
    """Every route there is, and the scopes it takes as the table writes them."""
    routes = [route for topic in TOPICS for route in topic.routes]
    shape = {route: re.sub("<ident:[a-z_]+>", "{}", route.path) for route in routes}
    return {f"{route.method} {shape[route]}": ", ".join(sorted(route.scopes)) or "none" for route in routes}


def test_the_table_of_routes_is_all_of_them_with_their_scopes():
    table = [cells for cells in rows(API) if called(cells[0])]
    assert {route: scope for routes, scope, _ in table for route in called(routes)} == declared()


def test_operating_names_no_route_that_is_not_there():
    assert called(OPERATING) <= set(declared())


def test_the_scopes_of_keys_are_explained():
    assert {cells[0] for cells in rows(API)} >= {scope.value for scope in Scope}


def test_the_example_is_a_decision_that_can_be_asked_for():
    body = re.search(r"-d '(\{.*?\n\})'", API, re.S)
    assert DecisionIn.model_validate_json(body[1]).customer_id == "c1"


def test_every_check_of_the_doctor_has_its_line(sqlite_db, tmp_path):
    settings = replace(Settings.from_env({}), home=tmp_path)
    checks = [finding.check for finding in doctor.run(sqlite_db, settings)]
    told = [name for cells in rows(OPERATING) for name in cells[0].split(", ") if name in checks]
    assert told == checks


def test_every_setting_is_explained():
    told = {name for cells in rows(OPERATING) for name in re.findall(r"RAPPORT_[A-Z_]+", cells[0])}
    assert told == set(Settings.from_env({}).shown())


def test_the_figures_are_the_ones_there_are():
    from api import observing

    kept = {name for name in dir(observing) if name.isupper()}
    there = {metric.describe()[0].name for name in kept if hasattr(metric := getattr(observing, name), "describe")}
    told = {name.removesuffix("_total") for name in re.findall(r"`(rapport_\w+)`", OPERATING)}
    assert told == there


@pytest.fixture
def statements():
    """The statements for the ledger that the page shows, about execution e1."""
    blocks = re.findall(r"^```sql\n(.*?)^```", OPERATING, re.S | re.M)
    return [part.strip().replace("'ID'", "'e1'") for block in blocks for part in block.split(";") if part.strip()]


def test_the_statements_find_what_they_are_for_on_both_databases(db, statements):
    stored(db, execution(state=State.PLACED), execution("e2", "anna", line(need="tea"), state=State.PLACED))
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET order_id = 'o1'")
    with db.read() as tx:
        doubled, shared, moves, attempts = (tx.exec_driver_sql(statement).all() for statement in statements)
    assert (doubled, shared, attempts) == ([], [("o1", 2)], [])
    assert [row.after for row in moves] == ["placed"]
