"""Wakes: with each execution that is to be placed a task is deferred for Procrastinate, in the same transaction.

A trigger does it, so that whoever writes an execution wakes a worker, from whichever process: it is planned, snoozed,
approved, tried again later. A wake may be lost or come twice; the ledger is the truth. So the trigger never fails the
transaction it stands in. All of it lies in a schema of its own, which may be dropped at any time:
``DROP SCHEMA procrastinate CASCADE`` ends the wakes and loses nothing.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.errors import Conflict, InputError
from engine.store.database import Tx
from engine.store.ledger import UNASKED
from engine.store.rows import lock

SCHEMA = "procrastinate"
QUEUE = "rapport"
TASK = "rapport.place"
_MARK = "wakes of Rapport, Procrastinate "
_ALLOWED = ", ".join(f"'{Rung.of(label).label}'" for label in UNASKED)
_WAKE = f"""
CREATE FUNCTION {SCHEMA}.rapport_wake() RETURNS trigger LANGUAGE plpgsql SET search_path = {SCHEMA}, pg_temp AS $$
DECLARE
    at timestamptz := CASE WHEN NEW.state = '{State.PLACING}' THEN NEW.retry_at ELSE NEW.due_at END;
    args jsonb := jsonb_build_object('execution_id', NEW.execution_id);
BEGIN
    UPDATE procrastinate_jobs SET scheduled_at = at WHERE queueing_lock = NEW.execution_id AND status = 'todo';
    IF NOT FOUND THEN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[
            ROW('{QUEUE}', '{TASK}', 0, NULL, NEW.execution_id, args, at)::procrastinate_job_to_defer_v1]);
    ELSIF at <= clock_timestamp() THEN
        PERFORM pg_notify('procrastinate_queue_v1#{QUEUE}', '{{"type": "job_inserted", "job_id": 0}}');
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'execution % is not woken for: %', NEW.execution_id, SQLERRM;
    RETURN NULL;
END $$
"""
_TRIGGER = f"""
CREATE TRIGGER rapport_wake AFTER INSERT OR UPDATE OF state, due_at, approved_at, retry_at ON executions FOR EACH ROW
WHEN (NEW.state = '{State.WAITING}' AND (NEW.rung IN ({_ALLOWED}) OR NEW.approved_at IS NOT NULL)
      OR NEW.state = '{State.PLACING}' AND NEW.retry_at IS NOT NULL)
EXECUTE FUNCTION {SCHEMA}.rapport_wake()
"""


def install(tx: Tx, tables: str, version: str) -> bool:
    """Make Procrastinate's tables and the trigger, anew where they are of another version; whether anything was done.

    Wakes that were there are lost; what is due is found by the sweep.

    Parameters
    ----------
    tables : Procrastinate's own statements, for an empty schema

    Raises
    ------
    InputError
        on SQLite
    Conflict
        where somebody else's schema of that name is there
    """
    if tx.dialect.name != "postgresql":
        raise InputError.of("RAPPORT_CLUSTER", "no, or a PostgreSQL in RAPPORT_DATABASE_URL", "yes")
    lock(tx, SCHEMA)
    found = installed(tx)
    if found == version:
        return False
    if found is None and _has_schema(tx):
        raise Conflict(f"the database has a schema {SCHEMA!r} that is not Rapport's: wakes need that name")
    before = tx.scalar(text("SHOW search_path"))
    tx.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
    tx.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    _path(tx, f"{SCHEMA}, pg_temp")
    tx.connection.cursor().execute(tables)  # many statements, with signs that SQLAlchemy would read as parameters
    _path(tx, str(before))
    for statement in (_WAKE, _TRIGGER, f"COMMENT ON SCHEMA {SCHEMA} IS '{_MARK}{version}'"):
        tx.exec_driver_sql(statement.replace("%", "%%"))
    return True


def installed(tx: Tx) -> str | None:
    """The version of Procrastinate whose tables are there; None where none of ours are."""
    marked = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name"
    said = str(tx.scalar(text(marked), {"name": SCHEMA}) or "")
    return said.removeprefix(_MARK) if said.startswith(_MARK) else None


def late(tx: Tx, than: timedelta) -> int:
    """Wakes that were to come longer ago than that, and that nobody took."""
    if tx.dialect.name != "postgresql" or installed(tx) is None:
        return 0
    waits = "status = 'todo' AND coalesce(scheduled_at, now()) < now() - :than"
    return tx.scalar(text(f"SELECT count(*) FROM {SCHEMA}.procrastinate_jobs WHERE {waits}"), {"than": than}) or 0


def _has_schema(tx: Tx) -> bool:
    return tx.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": SCHEMA}) is not None


def _path(tx: Tx, path: str) -> None:
    tx.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})
