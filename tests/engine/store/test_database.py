"""The database keeps what it promises on both kinds."""

import json
from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.values import Money
from engine.errors import InputError
from engine.store.database import Database, now
from engine.store.tables import customers, metadata
from engine.store.tables.kinds import read, written

NOON = datetime(2017, 12, 1, 12, tzinfo=UTC)
ROW = {"customer_id": "c1", "attributes": {}, "created_at": NOON}


def test_migrations_make_the_tables_that_the_code_describes(db):
    with db.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    assert [change for change in found if not _is_search(change)] == []


def _is_search(change: object) -> bool:
    """The full-text index is not in the metadata: the two databases spell it differently."""
    return "search" in str(change)


def test_an_upgraded_database_is_current_and_upgrades_again(db):
    assert db.is_current()
    db.upgrade()
    assert db.is_current()


def test_an_empty_one_is_not_current(tmp_path):
    assert not Database.open(f"sqlite:///{tmp_path / 'sub' / 'new.db'}").is_current()


def test_times_come_back_aware_and_naive_ones_are_refused(db):
    with db.begin() as tx:
        tx.execute(insert(customers), ROW)
        assert tx.scalar(select(customers.c.created_at)) == NOON
    with pytest.raises(Exception, match="expected a time with an offset"), db.begin() as tx:
        tx.execute(insert(customers), ROW | {"created_at": NOON.replace(tzinfo=None)})


def test_a_failed_transaction_leaves_nothing(db):
    def fail():
        with db.begin() as tx:
            tx.execute(insert(customers), ROW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with db.read() as tx:
        assert tx.scalar(select(customers.c.customer_id)) is None


def test_the_databases_clock_is_the_time_of_day(db):
    with db.read() as tx:
        assert abs(now(tx) - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_commit_on_sqlite_is_on_the_disk(sqlite_db):
    with sqlite_db.read() as tx:
        assert tx.scalar(text("PRAGMA synchronous")) == 2
        assert tx.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:pw@h/d", "oracle+nothing://x"])
def test_another_database_is_refused_without_its_password(url):
    with pytest.raises(InputError, match="RAPPORT_DATABASE_URL") as caught:
        Database.open(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "ü"], "b": {}},
        {"big": 2**70},
        {"half": "\ud800"},
        {1: 2, None: 3},
        (1, 2),
        [Rung.VETO, State.PLACED],
    ],
)
def test_json_is_kept_as_the_standard_writer_keeps_it(value):
    assert json.loads(written(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [{"x": nan}, [inf], {1: -inf}, [2**70, nan]])
def test_a_number_that_is_none_is_kept_as_null(value):
    assert "null" in written(value)


@pytest.mark.parametrize("value", [{"at": datetime(2017, 12, 1, tzinfo=UTC)}, Money(minor=1, currency="USD"), {1}])
def test_what_is_no_json_is_not_kept(value):
    with pytest.raises(TypeError):
        written(value)


@pytest.mark.parametrize("text", ["{}", "[]", b"{}", b"[]"])
def test_what_is_empty_is_read_anew_for_everybody(text):
    one, other = read(text), read(text)
    assert one == other == json.loads(text)
    assert one is not other


@pytest.mark.parametrize("value", [None, 0, "", {}, [], {"a": [1, 2.5, None]}, {"b": 2**70}, [{}], {"c": {}}])
def test_what_was_written_is_read_as_it_was(value):
    assert read(written(value)) == value
    assert read(written(value).encode()) == value
