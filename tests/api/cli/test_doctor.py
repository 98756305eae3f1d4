"""The doctor finds what is wrong with a place, and says what to do."""

import os
from datetime import timedelta

import pytest

from engine.domain.alerts import DifferenceKind
from engine.domain.customers import Mandate
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.store import differences, items, job_runs, mandates
from engine.store.database import Database
from jobs import doctor
from jobs.scheduler import LEASE
from tests.builders import an_item
from tests.ledgers import NOW, execution, line, stored

CHECKS = ["doubled cycles", "shared orders", "leases", "backlog", "review", "failed runs"]
CHECKS += ["differences", "mandates", "orphans", "job leases"]


@pytest.fixture
def db(rapport, environment):
    """The database of the place, migrated; one item in it."""
    environment.more["RAPPORT_NOW"] = NOW.isoformat()
    assert rapport("db", "upgrade").code == 0
    database = Database.open(environment.settings.database_url)
    with database.begin() as tx:
        items.put(tx, [an_item("beans")])
    yield database
    database.close()


def found(rapport, check):
    """Whether one check is well, and what it said."""
    findings = {finding["check"]: finding for finding in rapport("doctor", "--json").json["findings"]}
    return findings[check]["well"], findings[check]["found"]


def set_row(db, statement):
    """Bring the ledger into a state that no command would."""
    with db.begin() as tx:
        tx.exec_driver_sql(statement)


def test_an_empty_place_has_a_sound_ledger(rapport, db):
    for check in CHECKS:
        assert found(rapport, check) == (True, "none")


def test_what_is_overdue_is_backlog(rapport, db):
    stored(db, execution(due=NOW - timedelta(minutes=6)), execution("e2", "ben", due=NOW - timedelta(minutes=4)))
    assert found(rapport, "backlog") == (False, "1 executions are overdue: is a worker running?")


def test_what_nobody_knows_is_to_be_reviewed(rapport, db):
    stored(db, execution(state=State.NEEDS_REVIEW))
    said = "1 executions need review (e1): ask the shop, then rapport settle ID"
    assert found(rapport, "review") == (False, said)


def test_of_many_to_be_reviewed_five_are_named(rapport, db):
    stored(db, *(execution(f"e{n}", f"c{n}", state=State.NEEDS_REVIEW) for n in range(7)))
    said = "7 executions need review (e0, e1, e2, e3, e4 and 2 more): ask the shop, then rapport settle ID"
    assert found(rapport, "review") == (False, said)


def test_what_nobody_takes_up_is_a_left_lease(rapport, db):
    stored(db, execution(state=State.PLACING))
    set_row(db, "UPDATE executions SET updated_at = '2017-01-01 00:00:00.000000'")
    assert found(rapport, "leases")[0] is False


def test_one_order_for_two_executions_is_found(rapport, db):
    stored(db, execution(state=State.PLACED), execution("e2", "anna", line(need="tea"), state=State.PLACED))
    set_row(db, "UPDATE executions SET order_id = 'o1'")
    assert found(rapport, "shared orders")[0] is False


def test_a_run_that_failed_is_found_with_its_error_in_the_list(rapport, db):
    with db.begin() as tx:
        job_runs.fail(tx, job_runs.take(tx, "plan", "s1", "w1", LEASE), "ValueError: no")
    assert found(rapport, "failed runs") == (False, "1 runs failed within a day: see rapport jobs list")
    listed = {job["job"]: job for job in rapport("jobs", "list", "--json").json["jobs"]}
    assert listed["plan"]["last_error"] == "ValueError: no"


def test_stops_alerts_and_differences_are_told_with_what_to_do(rapport, db):
    assert (found(rapport, "stops"), found(rapport, "alerts")) == ((True, "none in force"), (True, "none stands"))
    stored(db, execution(state=State.PLACED, due=NOW - timedelta(hours=1)))
    with db.begin() as tx:
        differences.note(tx, "e1", DifferenceKind.MISSING, "o", "no order", NOW)
    assert rapport("stop", "--family", "coffee", "--reason", "recall").code == 0
    assert rapport("jobs", "run", "watch", "--at", NOW.isoformat()).code == 0
    well, said = found(rapport, "stops")
    assert not well
    assert said.startswith("family coffee (recall, by cli")
    assert "rapport start" in said
    assert found(rapport, "differences")[0] is False
    well, said = found(rapport, "alerts")
    assert not well
    assert said.startswith("ledger.differs, stop: ") or said.startswith("stop, ledger.differs: ")


def test_what_a_stop_holds_is_not_left_lying(rapport, db):
    stored(db, execution(due=NOW - timedelta(hours=1)))
    assert found(rapport, "backlog")[0] is False
    rapport("stop")
    assert found(rapport, "backlog") == (True, "none")


def test_what_waits_without_a_live_mandate_is_found(rapport, db):
    signed = {"customer_id": "anna", "families": frozenset({"coffee"}), "signed_at": NOW - timedelta(hours=1)}
    waiting = [execution(), execution("e2", "anna", line(need="tea"), mandate="m1")]
    stored(db, *waiting, execution("e3", "anna", line(need="milk"), rung=Rung.APPROVE))
    with db.begin() as tx:
        mandates.add(tx, Mandate(mandate_id="m1", **signed))
    assert found(rapport, "mandates")[1].startswith("1 executions")
    set_row(db, "UPDATE mandates SET revoked_at = '2017-12-01 07:59:00.000000'")
    assert found(rapport, "mandates")[1].startswith("2 executions")


def test_rows_that_belong_to_nothing_are_found(rapport, db):
    stored(db, execution())
    set_row(db, "DELETE FROM execution_lines")
    assert found(rapport, "orphans")[1].startswith("1 rows")


def test_a_run_that_nobody_took_over_is_found(rapport, db):
    with db.begin() as tx:
        job_runs.take(tx, "plan", "s1", "w1", LEASE)
    set_row(db, "UPDATE job_runs SET lease_until = '2017-01-01 00:00:00.000000'")
    assert found(rapport, "job leases")[1].startswith("1 runs")


def test_the_database_is_named_with_its_version_and_an_old_sqlite_is_warned_of(rapport, db, monkeypatch):
    well, said = found(rapport, "database")
    assert said.startswith("sqlite 3.")
    monkeypatch.setattr(doctor, "WAL_RESET", (4, 0, 0))
    well, said = found(rapport, "database")
    assert not well
    assert "pysqlite3" in said
    monkeypatch.setattr(doctor, "WAL_RESET", (3, 0, 0))
    assert found(rapport, "database")[0] is True
    assert db.version() in found(rapport, "schema")[1]


def test_a_model_that_was_altered_on_the_disk_is_found(in_shop, stocked_home):
    assert found(in_shop, "model")[0] is True
    served = (stocked_home / "models" / "served").read_text().strip()
    array = sorted((stocked_home / "models" / served).glob("*.npy"))[0]
    whole = array.read_bytes()
    array.write_bytes(whole + b"x")
    try:
        well, said = found(in_shop, "model")
    finally:
        array.write_bytes(whole)
    assert not well
    assert array.name in said
    assert "rollback" in said


def test_a_place_where_all_is_well_ends_with_0(in_shop):
    gateway = {"RAPPORT_GATEWAY_URL": "http://127.0.0.1:1/orders"}
    assert in_shop("jobs", "run", "purge").code == 0
    said = in_shop("doctor", **gateway)
    assert (said.code, "LOOK" in said.out) == (0, False), said.out
    assert in_shop("doctor").code == 1


def test_a_database_that_does_not_answer_is_one_sentence_without_its_password(rapport):
    dead = "postgresql://rapport:hushhush@127.0.0.1:1/rapport"
    for command in (["doctor"], ["db", "upgrade"], ["jobs", "list"], ["keys", "list"], ["worker"]):
        said = rapport(*command, RAPPORT_DATABASE_URL=dead)
        said.failed(1, "the database does not answer")
        assert "hushhush" not in said.err


def test_a_home_that_cannot_be_made_is_one_sentence(rapport, tmp_path):
    (tmp_path / "file").write_text("")
    rapport("db", "upgrade", RAPPORT_HOME=os.fspath(tmp_path / "file" / "home")).failed(1, "file")
