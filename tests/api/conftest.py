"""An app over a fresh database, keys for it, and a caller that checks every error's shape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api.app import App, create_app
from api.auth import keys
from api.auth.caller import Scope
from engine.config import Settings
from engine.store.database import Database
from tests.api.problems import assert_problem

NOW = "2017-12-01T08:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Speaks to the app with one key; whatever is not 2xx or 3xx must be a well-formed problem."""

    app: App
    key: str | None

    def __call__(self, method: str, path: str, body: object = None, **options: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.pop("headers", {})  # type: ignore[arg-type]
        if body is not None:
            options["json"] = body
        answer = self.app.test_client().open(path, method=method, headers=headers, **options)  # type: ignore[arg-type]
        assert answer.headers["X-Request-ID"]
        if answer.status_code >= 400:
            assert_problem(answer)
        return answer

    def get(self, path: str, **options: object) -> TestResponse:
        """GET."""
        return self("GET", path, **options)

    def post(self, path: str, body: object = None, **options: object) -> TestResponse:
        """POST."""
        return self("POST", path, body, **options)

    def put(self, path: str, body: object = None, **options: object) -> TestResponse:
        """PUT."""
        return self("PUT", path, body, **options)

    def delete(self, path: str, **options: object) -> TestResponse:
        """DELETE."""
        return self("DELETE", path, **options)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One app and whoever may call it."""

    app: App
    db: Database
    settings: Settings

    def caller(self, scope: Scope) -> Caller:
        """Somebody with a fresh key."""
        return Caller(app=self.app, key=keys.create_key(self.db, scope, name="test").key)

    def customer(self, customer_id: str, lifetime: timedelta = timedelta(days=1)) -> Caller:
        """A customer with a token."""
        made = keys.create_token(self.db, self.settings, customer_id, lifetime=lifetime)
        return Caller(app=self.app, key=made.key)

    @property
    def backend(self) -> Caller:
        """A shop's backend."""
        return self.caller(Scope.BACKEND)

    @property
    def operator(self) -> Caller:
        """An operator."""
        return self.caller(Scope.OPERATOR)

    @property
    def nobody(self) -> Caller:
        """Somebody without a key."""
        return Caller(app=self.app, key=None)


def settings_at(home: Path, **more: str) -> Settings:
    """Settings of a place in ``home`` whose clock stands at NOW."""
    environ = {
        "RAPPORT_HOME": str(home),
        "RAPPORT_NOW": NOW,
        "RAPPORT_SECRET_KEY": "a secret for tests that is long enough",
    }
    return Settings.from_env({**environ, **{f"RAPPORT_{k}": v for k, v in more.items()}})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a place of its own."""
    return settings_at(tmp_path / "home")


@pytest.fixture
def place(settings: Settings, sqlite_db: Database) -> Place:
    """An app on SQLite, without a model."""
    return _place(settings, sqlite_db)


@pytest.fixture
def either_place(settings: Settings, db: Database) -> Place:
    """An app on each database in turn, without a model."""
    return _place(settings, db)


def _place(settings: Settings, db: Database) -> Place:
    return Place(app=create_app(settings, db, model=lambda: None), db=db, settings=settings)
