"""The caller of a request: scopes, and the check of what was shown."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import Forbidden, NotFound


class Scope(StrEnum):
    """What a key is for."""

    BACKEND = "backend"  # all customers
    OPERATOR = "operator"  # all customers, and running the place
    APP = "app"  # one customer's own data


APP_AND_BACKEND = frozenset({Scope.APP, Scope.BACKEND})
BACKEND = frozenset({Scope.BACKEND})
OPERATOR = frozenset({Scope.OPERATOR})
APP = frozenset({Scope.APP})


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who showed a valid key."""

    key_id: str
    scope: Scope
    customer_id: str | None = None  # of an app token

    @property
    def actor(self) -> str:
        """As the audit names them."""
        return f"{self.scope}:{self.key_id}"

    def require(self, scopes: Set[Scope]) -> None:
        """Forbidden unless the key has one of the scopes; operator includes backend."""
        held = {self.scope} | ({Scope.BACKEND} if self.scope is Scope.OPERATOR else set())
        if not held & scopes:
            raise Forbidden(f"this needs a key of scope {' or '.join(sorted(scopes))}; this one is {self.scope}")

    def require_own(self, customer_id: str) -> None:
        """NotFound where an app token asks for another customer: whether they exist is not told."""
        if self.customer_id is not None and self.customer_id != customer_id:
            raise NotFound("customer", customer_id)
