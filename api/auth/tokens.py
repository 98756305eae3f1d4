"""Customers' tokens: signed, for one customer, with an end, and revocable through their row."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import jwt

from engine.errors import Unauthenticated

ALGORITHM = "HS256"
AUDIENCE = "rapport"
REQUIRED = ("exp", "aud", "sub", "jti")


def derived(secret: str, use: str) -> bytes:
    """A key for one use, so that what is signed for one can never pass for the other."""
    return hashlib.sha256(f"rapport {use}\x00{secret}".encode()).digest()


def signing_key(secret: str) -> bytes:
    """The key that tokens are signed with."""
    return derived(secret, "customer token")


def issue(secret: str, customer_id: str, token_id: str, now: datetime, lifetime: timedelta) -> str:
    """A token for one customer, valid until ``now + lifetime``."""
    claims = {"sub": customer_id, "aud": AUDIENCE, "jti": token_id, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, signing_key(secret), algorithm=ALGORITHM)


def read(secret: str, token: str) -> tuple[str, str]:
    """(token id, customer id) of a token whose signature, audience, end and claims hold.

    Its end is compared with the machine's clock, never with a moved one: a fixed clock would make it immortal.

    Raises
    ------
    Unauthenticated
    """
    options = {"require": list(REQUIRED), "strict_aud": True}
    try:
        claims = jwt.decode(token, signing_key(secret), algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
    except jwt.InvalidTokenError:
        raise Unauthenticated("the token is not valid") from None
    return str(claims["jti"]), str(claims["sub"])
