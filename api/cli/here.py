"""What commands work with: the settings, the database, the instant they are asked for, an address to listen at."""

from __future__ import annotations

import base64
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.config import Settings
from engine.domain.values import parse_time
from engine.errors import InputError, Problem, RapportError, Unavailable

if TYPE_CHECKING:
    from engine.store.database import Database


def placing_settings() -> Settings:
    """The settings, once it is sure that orders can be sent with them, where they are to be sent at all.

    Raises
    ------
    InputError
        naming the variable that cannot be read; of a secret it does not tell what came
    """
    settings = Settings.from_env()
    for name, url, secret, kinds in (
        ("RAPPORT_GATEWAY", settings.gateway_url, settings.gateway_secret, "an http or https URL, or file:///folder"),
        ("RAPPORT_ALERT", settings.alert_url, settings.alert_secret, "an http or https URL"),
    ):
        if url is not None and not _is_web_address(url):
            raise InputError.of(f"{name}_URL", kinds, url)
        if secret is not None and not all(map(_is_signing_key, secret.split())):
            raise InputError([Problem(field=f"{name}_SECRET", expected="a key in base64", came="another text")])
    return settings


def reached(settings: Settings) -> Database:
    """The database as it stands; Unavailable where it does not answer."""
    from engine.store.database import Database

    database = Database.open(settings.database_url)
    try:
        database.version()
    except RapportError:
        raise
    except Exception as error:  # whatever the driver raises
        raise Unavailable(f"the database does not answer: {getattr(error, 'orig', None) or error}") from error
    return database


def standing(settings: Settings) -> Database | None:
    """The database, where there is one that is up to date; nothing is made."""
    from engine.store.database import Database

    if not Database.exists(settings.database_url):
        return None
    database = reached(settings)
    return database if database.is_current() else None


def opened(settings: Settings) -> Database:
    """The database, made or brought up to date where it is not."""
    database = reached(settings)
    if not database.is_current():
        database.upgrade()
    woken(settings, database)
    return database


def woken(settings: Settings, database: Database) -> None:
    """Let the database have what wakes need, where they are wanted."""
    if settings.cluster:
        from jobs import cluster

        cluster.prepare(database)


def instant(settings: Settings, given: str | None, option: str) -> datetime | None:
    """The instant an option names, if it was given; a date is its midnight in the business's zone."""
    return None if given is None else parse_time(given, option, date_zone=settings.timezone)


def as_of(settings: Settings, database: Database, given: str | None, option: str = "--as-of") -> datetime:
    """The instant asked for; by default just after the newest stored order, and the clock's where there is none."""
    from engine.store import orders

    at = instant(settings, given, option)
    if at is not None:
        return at
    with database.read() as tx:
        newest = orders.newest(tx)
    return settings.clock.now() if newest is None else newest + timedelta(microseconds=1)


def require_free(host: str, port: int) -> None:
    """Unavailable where nothing can listen at this address: another process does, or it is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what was let go a moment ago is free
        try:
            tried.bind((host, port))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise Unavailable(f"--host {host} --port {port}: cannot listen there: {why}") from None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme == "file":
            return parts.netloc in ("", "localhost") and len(parts.path) > 1 and not parts.query and not parts.fragment
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_signing_key(secret: str) -> bool:
    try:
        return bool(base64.b64decode(secret.removeprefix("whsec_") + "=="))
    except ValueError:
        return False
