"""Commands called as a person would: words in, exit code and both outputs out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main
from engine.config import Settings
from engine.store.database import Database
from tests.shops import open_shop


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer to ``--json``."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its answer, a JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def failed(self, code: int, *words: str) -> None:
        """It ended so, with one sentence that has these words, and no traceback."""
        assert self.code == code, (self.out, self.err)
        assert self.err.startswith("rapport: "), self.err
        assert len(self.err.splitlines()) == 1
        for word in words:
            assert word in self.err


Rapport = Callable[..., Said]


@dataclass(kw_only=True)
class Environment:
    """A place for commands, and its settings."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """As the commands read them."""
        return Settings.from_env({"RAPPORT_HOME": str(self.home), **self.more})


def caller(environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Rapport:
    """``rapport`` in a place."""

    def rapport(*words: object, **settings: str) -> Said:
        with monkeypatch.context() as patch:
            patch.setenv("RAPPORT_HOME", str(environment.home))
            for name, value in {**environment.more, **settings}.items():
                patch.setenv(name, value)
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main([str(word) for word in words])
        found = capfd.readouterr()
        return Said(code=int(ended.value.code or 0), out=found.out, err=found.err)

    return rapport


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An empty place, and a current folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Environment(home=tmp_path / "home")


@pytest.fixture
def rapport(environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Rapport:
    """``rapport`` in an empty place."""
    return caller(environment, monkeypatch, capfd)


@pytest.fixture(scope="module")
def stocked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the small shop with a trained model."""
    home = tmp_path_factory.mktemp("shop")
    settings = Settings.from_env({"RAPPORT_HOME": str(home)})
    db = Database.open(settings.database_url)
    db.upgrade()
    open_shop(db, settings)
    db.close()
    return home


@pytest.fixture
def in_shop(stocked_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Rapport:
    """``rapport`` in the small shop."""
    return caller(Environment(home=stocked_home), monkeypatch, capfd)
