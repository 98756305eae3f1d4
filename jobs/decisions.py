"""Decisions for many customers: read together, decided one by one, kept together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import cast
from uuid import uuid4

import structlog

from engine.config import Settings
from engine.domain.context import Context
from engine.domain.customers import Grant, Purpose
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.placements import Placement
from engine.domain.shopping import Item
from engine.errors import Outdated
from engine.learn.ahead import Ahead
from engine.learn.base import Model
from engine.store import context as contexts
from engine.store import decided, executions, house, items, placements
from engine.store.database import Database, Tx
from engine.store.decided import Made
from modes.capability import granted
from modes.decide import decide
from modes.deeds import deeds
from modes.document import Json, document
from modes.parameters import policy_of
from modes.policy import Policy
from modes.request import Request, matched

log = structlog.get_logger()
BATCH = 50  # customers in one transaction
AGAIN = 3  # times that what changed while it was decided on is decided on anew


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """Everything decisions are made with but the customers and the instant."""

    db: Database
    settings: Settings
    model: Model | None
    trigger: str
    touchpoint: str | None = None
    limit: int = 10
    items: dict[str, Item | None] = field(default_factory=dict)  # read so far

    def at(self, touchpoint: str | None) -> Deciding:
        """The same for customers who are somewhere else; what was read of the catalogue is shared."""
        return replace(self, touchpoint=touchpoint)

    @property
    def policy(self) -> Policy:
        """What the shop decided about deciding."""
        return policy_of(self.settings)

    def one(
        self,
        customer_id: str,
        now: datetime,
        request: Request | None = None,
        *,
        dry_run: bool = False,
        again: int = AGAIN,
    ) -> Json:
        """The decision for one customer, known or not, as it is answered."""
        default = Grant(self.settings.personalization_default)
        with self.db.read() as tx:
            context = contexts.read(tx, customer_id, now, zone=self.settings.timezone, personalization_default=default)
            set_up = house.read(tx, now, zone=self.settings.timezone, customers=[customer_id])
            made = self._made(tx, context, now, request, placements.all(tx), set_up)
        known = (customer_id,) if context.known else ()
        if dry_run:
            return document(made.decision)
        try:
            return self._kept([made], now, known)[0]
        except Outdated:
            if not again:
                raise
            return self.one(customer_id, now, request, again=again - 1)

    def many(
        self,
        ids: Sequence[str],
        now: datetime,
        requests: Mapping[str, Request] | None = None,
        *,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Json]:
        """The decisions for known customers; one that cannot be decided for is logged, and the others go on."""
        for start in range(0, len(ids), BATCH):
            if stopped():
                return
            yield from self._batch(ids[start : start + BATCH], now, requests or {})

    def _batch(self, ids: Sequence[str], now: datetime, requests: Mapping[str, Request]) -> list[Json]:
        """The decisions of a few, together; where that fails for any reason, one by one."""
        try:
            return self._together(ids, now, requests)
        except Outdated:
            if len(ids) == 1:
                return self._again(ids, now, requests)
        except Exception:
            if len(ids) == 1:
                log.exception("decision.failed", customer_id=ids[0])
                return []
        return [found for id in ids for found in self._batch([id], now, requests)]

    def _again(self, ids: Sequence[str], now: datetime, requests: Mapping[str, Request]) -> list[Json]:
        """Decide anew for one whose slot was taken, or whose order went on its way, while they were decided for."""
        for _ in range(AGAIN):
            try:
                return self._together(ids, now, requests)
            except Outdated:
                continue
            except Exception:
                log.exception("decision.failed", customer_id=ids[0])
                return []
        log.warning("decision.outdated", customer_id=ids[0])
        return []

    def _together(self, ids: Sequence[str], now: datetime, requests: Mapping[str, Request]) -> list[Json]:
        default = Grant(self.settings.personalization_default)
        with self.db.read() as tx:
            known = contexts.read_many(tx, ids, now, zone=self.settings.timezone, personalization_default=default)
            put_forward = placements.all(tx)
            set_up = house.read(tx, now, zone=self.settings.timezone, customers=ids)
            ready = self._ahead(known.values(), now)
            made = [
                ready._made(tx, context, now, requests.get(id), put_forward, set_up) for id, context in known.items()
            ]
        return self._kept(made, now, known)

    def _ahead(self, some: Iterable[Context], now: datetime) -> Deciding:
        """The same with a model that looked ahead for several customers together, of what it may look at.

        A model that answers in a way of its own is asked itself.
        """
        histories = [one.history for one in some if granted(one, Purpose.PERSONALIZATION) and len(one.history)]
        if self.model is None or type(self.model) is not Model or len(histories) < 2:
            return self
        return replace(self, model=cast(Model, Ahead(self.model, histories, day_of(now))))

    def _made(
        self,
        tx: Tx,
        context: Context,
        now: datetime,
        request: Request | None,
        put_forward: Sequence[Placement],
        set_up: House,
    ) -> Made:
        decision = decide(
            context,
            self.model,
            now,
            request=request and matched(request, self.model, partial(items.meant, tx)),
            catalogue=lambda ids: self._items(tx, ids),
            policy=self.policy,
            decision_id=str(uuid4()),
            touchpoint=self.touchpoint,
            limit=self.limit,
            placements=put_forward,
            house=set_up,
        )
        return Made(decision=decision, deeds=deeds(decision, now), document=partial(document, decision, True))

    def _items(self, tx: Tx, ids: Collection[str]) -> Mapping[str, Item]:
        """Items, each read once in the life of this; what is placed is looked up again."""
        missing = [id for id in ids if id not in self.items]
        if missing:
            found = items.get_many(tx, missing)
            self.items.update({id: found.get(id) for id in missing})
        return {id: item for id in ids if (item := self.items[id]) is not None}

    def _kept(self, made: Sequence[Made], now: datetime, known: Collection[str]) -> list[Json]:
        """Keep what was decided; NotFound where one of the customers was erased since they were read."""
        for (rule_id, version, error), times in decided.failed(one.decision for one in made).items():
            log.error("rule.failed", rule_id=rule_id, version=version, error=error, times=times)
        with self.db.begin() as tx:
            executions.lock_customers(tx, known)
            stored = decided.keep(tx, made, self.trigger, now)
        return [one.document for one in stored]
