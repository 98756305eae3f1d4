"""Who makes a request: the key or token it shows, looked up by its digest."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime

from flask import request
from werkzeug.exceptions import TooManyRequests

from api.auth import tokens
from api.auth.caller import Caller, Scope
from api.auth.keys import digest
from api.service import Service, service
from engine.errors import Unauthenticated
from engine.store import customers, keys
from engine.store.keys import Key


def authenticate(scopes: Set[Scope]) -> Caller | None:
    """The caller, who holds one of the scopes; None where the route needs no key.

    Raises
    ------
    Unauthenticated, Forbidden, TooManyRequests
    """
    if not scopes:
        return None
    try:
        caller = caller_of(_shown())
    except Unauthenticated:
        refuse_guessing()
        raise
    caller.require(scopes)
    return caller


def refuse_guessing() -> None:
    """TooManyRequests where this address has shown too many keys that are not valid."""
    failures = service().failures
    if not failures.count(request.remote_addr or ""):
        raise TooManyRequests("too many requests without a valid key", retry_after=failures.retry_after)


def caller_of(shown: str) -> Caller:
    """The caller who holds this key or token.

    The key itself is nowhere kept or compared: its SHA-256 is looked up, so time tells nothing about it.

    Raises
    ------
    Unauthenticated
    """
    if shown.count(".") == 2:
        return _of_token(service(), shown)
    found = _standing(service(), digest(shown))
    if found.scope == Scope.APP:
        raise Unauthenticated("the key is not valid")
    return Caller(key_id=found.key_id, scope=Scope(found.scope))


def still_valid(here: Service, token: str, customer_id: str) -> bool:
    """Whether a customer's token still opens what it opened, and the customer is still there."""
    try:
        _of_token(here, token)
    except Unauthenticated:
        return False
    with here.db.read() as tx:
        return customers.get(tx, customer_id) is not None


def _of_token(here: Service, shown: str) -> Caller:
    token_id, customer_id = tokens.read(here.settings.secret(), shown)
    found = _standing(here, digest(token_id))
    if found.scope != Scope.APP or found.customer_id != customer_id:
        raise Unauthenticated("the token is not valid")
    return Caller(key_id=found.key_id, scope=Scope.APP, customer_id=customer_id)


def _standing(here: Service, digested: str) -> Key:
    with here.db.read() as tx:
        found = keys.by_digest(tx, digested)
    if found is None or not found.live(datetime.now(UTC)):
        raise Unauthenticated("the key is not valid, has ended, or was revoked")
    return found


def _shown() -> str:
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not shown.strip():
        raise Unauthenticated("this needs an Authorization header: Bearer KEY")
    return shown.strip()
