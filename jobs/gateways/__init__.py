"""The kinds of gateways, and which of them an execution goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog

from engine.config import Settings
from engine.domain.gateways import NamedGateway, Terms
from engine.store import gateways
from engine.store.database import Database, Tx
from jobs.gateway import Gateway, HttpGateway
from jobs.gateways.checked import checked_client
from jobs.gateways.drop import DropGateway

log = structlog.get_logger()


def default(settings: Settings) -> Gateway | None:
    """The gateway that the environment gives, if it gives one; its address is trusted."""
    if settings.gateway_url is None:
        return None
    if urlsplit(settings.gateway_url).scheme == "file":
        return DropGateway.of(settings.gateway_url)
    return HttpGateway.of(settings)


def outside(named: NamedGateway) -> HttpGateway:
    """A gateway that operators added: it is only ever called at addresses of the open internet."""
    return HttpGateway(named.url, " ".join(named.secrets), named.terms, checked_client(named.terms))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One gateway, by the name that executions have for it."""

    gateway: Gateway
    terms: Terms
    name: str | None = None  # None: the default one
    revision: str = ""

    def stands(self, tx: Tx) -> bool:
        """Whether it is still what it was when it was read, and stays so until the transaction ends."""
        return self.name is None or gateways.stands(tx, self.name, self.revision)


@dataclass
class Named:
    """The gateways that operators added, read anew each time, made anew where they changed."""

    db: Database
    _made: dict[str, Choice] = field(default_factory=dict)

    def all(self) -> Sequence[Choice]:
        """Each of them, by name."""
        with self.db.read() as tx:
            found = gateways.all(tx)
        self._made = {one.name: self._choice(one) for one in found}
        return list(self._made.values())

    def _choice(self, named: NamedGateway) -> Choice:
        standing = self._made.get(named.name)
        if standing is not None and standing.revision == named.revision:
            return standing
        log.info("gateway.taken_up", gateway=named.name, url=named.url)
        return Choice(gateway=outside(named), terms=named.terms, name=named.name, revision=named.revision)
