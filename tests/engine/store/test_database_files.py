"""The file that a database is."""

import os
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.store.database import Database

POOL = 15  # connections of a process


@pytest.fixture
def lax():
    """A process whose files everybody may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_is_its_owners_alone_and_so_is_what_lies_beside_it(tmp_path: Path, lax: None) -> None:
    file = tmp_path / "home" / "rapport.db"
    database = Database.open(f"sqlite:///{file}")
    assert not file.exists()  # nothing is made before it is asked for
    database.upgrade()
    with database.begin():
        found = {path.name: mode(path) for path in (file.parent, *file.parent.iterdir())}
    database.close()
    assert found == {"home": 0o700, "rapport.db": 0o600, "rapport.db-wal": 0o600, "rapport.db-shm": 0o600}


def test_one_that_is_there_stays_as_its_owner_wants_it(tmp_path: Path, lax: None) -> None:
    file = tmp_path / "rapport.db"
    file.touch(mode=0o640)
    database = Database.open(f"sqlite:///{file}")
    database.upgrade()
    database.close()
    assert (mode(file), database.is_current()) == (0o640, True)


def test_where_no_connection_is_free_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = Database.open(f"sqlite:///{tmp_path}/small.db")
    monkeypatch.setattr(small._engine.pool, "_timeout", 0.01)
    with ExitStack() as held:
        for _ in range(POOL):
            held.enter_context(small.read())
        with pytest.raises(Unavailable, match="no connection free"):
            held.enter_context(small.read())
    with small.read():  # those that were free again are given again
        pass
    small.close()
