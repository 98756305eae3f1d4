"""Gateways beside the default one, on the wire. Secrets go in and never come out."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from api.wire.base import Span, Time, Wire
from api.wire.money import span_text
from engine.config import checked_terms, parse_span
from engine.domain.gateways import NamedGateway, Terms
from engine.errors import InputError, Problem


def _secret(value: str) -> str:
    try:
        if base64.b64decode(value.removeprefix("whsec_"), validate=True):
            return value
    except ValueError:
        pass
    raise InputError([Problem(field="secrets", expected="a key in base64, whsec_ before it or not", came="another")])


Secret = Annotated[str, Field(min_length=8, max_length=200), AfterValidator(_secret)]


class GatewayIn(Wire):
    """Where orders may be placed, and what the gateway there declares of itself."""

    url: str = Field(
        min_length=1,
        max_length=2000,
        examples=["https://shop.example.com/orders"],
        description="its host must have public addresses only, now and whenever it is called",
    )
    plain_http: bool = Field(default=False, description="let the URL be http: whoever is between reads the orders")
    secrets: list[Secret] | None = Field(
        default=None,
        max_length=2,
        description="what is sent is signed with each of them; left out: as they stand. They are never shown",
    )
    key_life: Span = Field(default="24h", description="how long it knows an Idempotency-Key")
    timeout: Span = Field(default="5s", description="until it begins to answer, and again until it has; 1s to 60s")
    looks_up: bool = Field(default=True, description="whether it answers GET URL/ID")
    stores_errors: bool = Field(default=False, description="whether a refusal stands under its key")
    at_once: int = Field(default=16, ge=1, le=256, description="calls at the same time, of one worker")

    def terms(self) -> Terms:
        """What it declares; InputError where that makes no sense."""
        terms = Terms(
            timeout=parse_span(self.timeout, "timeout"),
            key_life=parse_span(self.key_life, "key_life"),
            looks_up=self.looks_up,
            stores_errors=self.stores_errors,
            at_once=self.at_once,
        )
        return checked_terms(terms, "key_life")

    def domain(self, name: str, standing: NamedGateway | None, author: str, now: datetime) -> NamedGateway:
        """As the domain holds it; secrets that were not given are those of what stands."""
        kept = standing.secrets if standing else ()
        secrets = kept if self.secrets is None else tuple(self.secrets)
        return NamedGateway(name=name, url=self.url, secrets=secrets, terms=self.terms(), author=author, updated_at=now)


class GatewayOut(Wire):
    """A gateway, without its secrets."""

    name: str
    url: str
    signed: int = Field(description="with how many secrets what is sent is signed")
    key_life: str
    timeout: str
    looks_up: bool
    stores_errors: bool
    at_once: int
    author: str
    updated_at: Time

    @classmethod
    def of(cls, gateway: NamedGateway) -> GatewayOut:
        """As answered."""
        terms = gateway.terms
        return cls(
            name=gateway.name,
            url=gateway.url,
            signed=len(gateway.secrets),
            key_life=span_text(terms.key_life) or "",
            timeout=span_text(terms.timeout) or "",
            looks_up=terms.looks_up,
            stores_errors=terms.stores_errors,
            at_once=terms.at_once,
            author=gateway.author,
            updated_at=gateway.updated_at,
        )


class Gateways(Wire):
    """Every gateway but the default one, by name."""

    gateways: list[GatewayOut]
