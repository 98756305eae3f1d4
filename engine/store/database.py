"""One database, SQLite or PostgreSQL: opening it, its transactions, its clock, its migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from engine.errors import InputError, Unavailable
from engine.store.tables.kinds import read, written

try:
    import pysqlite3 as sqlite3  # brings a SQLite without the WAL-reset bug of older ones
except ImportError:  # no wheel for this machine
    import sqlite3

Tx = Connection
PATIENCE: Mapping[str, object] = {  # of libpq; seconds, and milliseconds the last
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
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

    @staticmethod
    def exists(url: str) -> bool:
        """Whether there may be a database at a URL; False where it would be a file, and there is none.

        Examples
        --------
        >>> Database.exists("sqlite:///nowhere.db"), Database.exists("postgresql://db/rapport")
        (False, True)
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            return True  # whoever opens it is told
        return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()

    @property
    def conninfo(self) -> str:
        """The address as PostgreSQL's own library takes it, password included."""
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def patience(self) -> Mapping[str, object]:
        """How long a connection to PostgreSQL waits for a network that is gone."""
        return PATIENCE

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that may write: all of it, or nothing."""
        with self._connected() as tx:
            _start(tx, "BEGIN IMMEDIATE")
            with _ended(tx):
                yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one state of the database from its first read to its last."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._connected() as tx:
            if self.dialect == "postgresql":
                tx = tx.execution_options(**options)
            _start(tx, "BEGIN")
            with _ended(tx):
                yield tx

    def _connected(self) -> Tx:
        try:
            return self._engine.connect()
        except PoolTimeout:
            raise Unavailable("the database has no connection free: ask again in a moment") from None

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


@contextmanager
def apart(tx: Tx) -> Iterator[None]:
    """A part of a transaction that is undone by itself where it fails; the transaction may go on without it."""
    with tx.begin_nested():
        yield


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
            return _postgresql(parsed.set(drivername="postgresql+psycopg"))
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(parsed)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
    except (ArgumentError, NoSuchModuleError):
        pass
    raise InputError.of("RAPPORT_DATABASE_URL", "a SQLAlchemy URL of sqlite or postgresql", url.split("@")[-1])


def _postgresql(url: URL) -> Engine:
    given = {name: value for name, value in PATIENCE.items() if name not in url.query}
    options: dict[str, Any] = {"connect_args": given} if url.get_driver_name() == "psycopg" else {}
    engine = create_engine(url, pool_pre_ping=True, json_serializer=written, json_deserializer=read, **options)
    event.listen(engine, "connect", _watch_the_network)
    return engine


def _watch_the_network(connection: Any, record: object) -> None:
    """Let the server notice soon that we are gone: it holds our locks until then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
            " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25000', false),"
            " set_config('idle_in_transaction_session_timeout', '300000', false)"  # where a proxy keeps the line open
        )
    connection.commit()


def _sqlite(url: str, file: str | None) -> Engine:
    options: dict[str, Any] = {"module": sqlite3, "connect_args": {"timeout": 30, "check_same_thread": False}}
    if file in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    else:
        Path(str(file)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, json_serializer=written, json_deserializer=read, **options)
    if "poolclass" not in options and not str(file).startswith("file:"):
        event.listen(engine, "do_connect", lambda *_: _make_private(Path(str(file))))
    event.listen(engine, "connect", _configure)
    return engine


def _make_private(file: Path) -> None:
    """A database is its owner's alone; SQLite makes what lies beside it as the file itself is."""
    with suppress(OSError):  # SQLite says what is wrong with the place
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


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
