"""Vetoes at the instant at which orders are due: heard, and nothing was called, or too late, and there is one order."""

from pathlib import Path

import pytest

from benchmarks.vetoes import fire
from engine.store.database import Database


@pytest.mark.long
def test_each_veto_is_heard_or_told_that_it_is_too_late(db: Database, tmp_path: Path) -> None:
    fired = fire(db, tmp_path, due=300)
    assert fired.wrong == []
    assert set(fired.answers) == {200, 409}, "nothing was raced for"
    assert sum(fired.answers.values()) == 300
