"""The app: one factory, nothing global."""

from __future__ import annotations

from collections.abc import Callable

from apiflask import APIFlask

from api import observing, openapi, problem
from api.auth import tokens
from api.auth.failures import Failures
from api.console.errors import as_page
from api.console.pages import csrf
from api.console.watching import console
from api.encoding import IdentConverter, OrjsonProvider, refuse_no_ids
from api.requests import MAX_BODY
from api.service import EXTENSION, Service
from api.topics import TOPICS
from api.topics.plain import plain
from engine.config import Settings
from engine.learn.base import Model, decode
from engine.store.artifacts import Slot
from engine.store.database import Database
from modes.parameters import policy_of


class App(APIFlask):
    """APIFlask with orjson, identifiers in paths, and no redirects of its own making."""

    json_provider_class = OrjsonProvider


def create_app(settings: Settings, db: Database, *, model: Callable[[], Model | None] | None = None) -> App:
    """The API and console over one database.

    Parameters
    ----------
    settings : read once, by the caller
    db : an open database, migrated
    model : gives the served model; by default the one that the home's pointer names
    """
    app = App("api", title="Rapport", spec_path="/openapi.json", docs_path=None)
    app.extensions[EXTENSION] = Service(
        settings=settings,
        db=db,
        model=model or Slot(settings.models, decode).current,
        policy=policy_of(settings),
        failures=Failures(),
    )
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        SECRET_KEY=tokens.derived(settings.secret(), "console session"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_CHECK_DEFAULT=False,  # forms are checked by the console; no browser adds a Bearer key by itself
        WTF_CSRF_TIME_LIMIT=None,
        AUTO_200_RESPONSE=False,
    )
    csrf.init_app(app)
    app.url_map.merge_slashes = False
    app.url_map.converters["ident"] = IdentConverter
    problem.handle(app)
    app.before_request(refuse_no_ids)
    observing.observe(app)
    app.after_request(as_page)
    for topic in TOPICS:
        app.register_blueprint(topic.blueprint())
    app.register_blueprint(plain)
    app.register_blueprint(console)
    app.spec_processor(lambda _: openapi.document(TOPICS))
    return app
