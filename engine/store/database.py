"""One database, SQLite or PostgreSQL: opening it, its transactions, its clock, its migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from engine.errors import InputError

try:
    import pysqlite3 as sqlite3  # brings a SQLite without the WAL-reset bug of older ones
except ImportError:  # no wheel for this machine
    import sqlite3

Tx = Connection
MIGRATIONS = Path(__file__).parent / "migrations"
_SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"  # as the time columns are written


class Database:
    """A place to keep things; transactions are opened at the edges and passed down."""

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self.url = url
        self.dialect = engine.dialect.name  # "sqlite" or "postgresql"

    @classmethod
    def open(cls, url: str) -> Database:
        """The database at a SQLAlchemy URL; ``sqlite://`` is one in memory.

        Raises
        ------
        InputError
            naming RAPPORT_DATABASE_URL, for a URL that is not one of the two kinds
        """
        return cls(_engine(url), url)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that may write: all of it, or nothing."""
        with self._engine.connect() as tx:
            _start(tx, "BEGIN IMMEDIATE")
            with _ended(tx):
                yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one state of the database from its first read to its last."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._engine.connect() as tx:
            if self.dialect == "postgresql":
                tx = tx.execution_options(**options)
            _start(tx, "BEGIN")
            with _ended(tx):
                yield tx

    def upgrade(self) -> None:
        """Create the tables or bring them to the newest migration; safe when several start at once."""
        with self._engine.connect() as tx:
            _start(tx, "BEGIN IMMEDIATE")
            with _ended(tx):
                if self.dialect == "postgresql":
                    tx.execute(text("SELECT pg_advisory_xact_lock(7202117)"))
                config = _alembic()
                config.attributes["connection"] = tx
                command.upgrade(config, "head")

    def version(self) -> str | None:
        """The migration the database stands at; None for an empty one."""
        with self.read() as tx:
            return MigrationContext.configure(tx).get_current_revision()

    def is_current(self) -> bool:
        """Whether the database stands at the newest migration."""
        return self.version() == ScriptDirectory.from_config(_alembic()).get_current_head()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def server(tx: Tx) -> tuple[int, ...]:
    """The version of the database's own program, such as (3, 53, 0) or (18, 1)."""
    statement = "SELECT sqlite_version()" if tx.dialect.name == "sqlite" else "SHOW server_version"
    said = str(tx.scalar(text(statement))).split()[0]
    return tuple(int(part) for part in said.split(".") if part.isdigit())


def now(tx: Tx) -> datetime:
    """The database's own clock, for leases: machines may disagree, the database does not."""
    if tx.dialect.name == "sqlite":
        return datetime.fromisoformat(tx.scalar(text(f"SELECT {_SQLITE_NOW}"))).replace(tzinfo=UTC)
    at: datetime = tx.scalar(text("SELECT clock_timestamp()"))
    return at.astimezone(UTC)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, pool_pre_ping=True)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
    except (ArgumentError, NoSuchModuleError):
        pass
    raise InputError.of("RAPPORT_DATABASE_URL", "a SQLAlchemy URL of sqlite or postgresql", url.split("@")[-1])


def _sqlite(url: str, file: str | None) -> Engine:
    options: dict[str, Any] = {"module": sqlite3, "connect_args": {"timeout": 30, "check_same_thread": False}}
    if file in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    else:
        Path(str(file)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: Any, record: object) -> None:
    """Each new SQLite connection: we begin transactions ourselves, a commit is on the disk, reads are mapped."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "mmap_size=1073741824",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _start(tx: Tx, statement: str) -> None:
    tx.begin()
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(statement)


@contextmanager
def _ended(tx: Tx) -> Iterator[None]:
    try:
        yield
    except BaseException:
        tx.rollback()
        raise
    tx.commit()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
