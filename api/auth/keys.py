"""Making, listing and revoking keys and customers' tokens."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.auth import tokens
from api.auth.caller import Scope
from engine.config import Settings
from engine.domain.values import parse_id
from engine.errors import InputError
from engine.store import audit, keys
from engine.store.database import Database
from engine.store.keys import Key

PREFIX = "rk_"
LIFETIME = timedelta(days=30)  # of a customer's token


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A key or token just made; it is shown this once and kept nowhere."""

    id: str
    key: str


def digest(secret: str) -> str:
    """The SHA-256 of a key or a token's id, as it is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_key(db: Database, scope: Scope, *, name: str | None = None) -> NewKey:
    """Make a key of scope backend or operator: 256 random bits, of which the database gets the digest."""
    if scope is Scope.APP:
        raise InputError.of("scope", "backend or operator; customers get tokens", scope.value)
    secret = PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    key = Key(key_id=uuid.uuid4().hex, scope=scope.value, digest=digest(secret), name=name, created_at=now)
    _keep(db, key)
    return NewKey(id=key.key_id, key=secret)


def create_token(
    db: Database, settings: Settings, customer_id: str, *, lifetime: timedelta = LIFETIME, name: str | None = None
) -> NewKey:
    """Make a token for one customer, who need not be known yet."""
    token_id, now = secrets.token_urlsafe(24), datetime.now(UTC)
    key = Key(
        key_id=uuid.uuid4().hex,
        scope=Scope.APP.value,
        digest=digest(token_id),
        customer_id=parse_id(customer_id, "customer_id"),
        name=name,
        created_at=now,
        expires_at=now + lifetime,
    )
    _keep(db, key)
    return NewKey(id=key.key_id, key=tokens.issue(settings.secret(), customer_id, token_id, now, lifetime))


def list_keys(db: Database) -> list[Key]:
    """Every key and token ever made, oldest first; of each only what is no secret."""
    with db.read() as tx:
        return keys.all(tx)


def revoke(db: Database, key_id: str) -> None:
    """End a key or token from now on; NotFound where there is none of this id."""
    now = datetime.now(UTC)
    with db.begin() as tx:
        keys.revoke(tx, key_id, now)
        audit.add(tx, "command line", "key.revoke", key_id, {}, now)


def _keep(db: Database, key: Key) -> None:
    with db.begin() as tx:
        keys.add(tx, key)
        audit.add(tx, "command line", "key.create", key.key_id, {"scope": key.scope}, key.created_at)
