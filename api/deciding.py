"""One decision for one customer, made while they wait."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import structlog

from api.service import Service
from api.wire.decisions import DecisionIn, wanted
from engine.errors import Outdated
from engine.store import decided, executions, house, items, placements
from engine.store.decided import Made
from engine.store.decisions import Document
from modes.decide import decide as decided_on
from modes.deeds import deeds
from modes.document import document
from modes.request import matched

log = structlog.get_logger()
AGAIN = 3  # times that what changed while it was decided on is decided on anew


def decide(here: Service, asked: DecisionIn) -> Document:
    """Decide, keep the decision with what follows from it, and answer it; a dry run keeps nothing.

    Raises
    ------
    InputError
        for a requested item that is not known, or a filter that is none
    """
    for _ in range(AGAIN):
        try:
            return _decided(here, asked)
        except Outdated:  # a slot went to somebody else meanwhile, or an order on its way
            continue
    return _decided(here, asked)


def _decided(here: Service, asked: DecisionIn) -> Document:
    now, model = here.now(), here.model()
    request = None if asked.request is None else wanted(asked.request)
    with here.choosing(asked.filter), here.db.read() as tx:
        context = here.context(tx, asked.customer_id, now)
        decision = decided_on(
            context,
            model,
            now,
            request=request and matched(request, model, partial(items.meant, tx)),
            catalogue=partial(items.get_many, tx),
            policy=here.policy,
            decision_id=str(uuid4()),
            touchpoint=asked.touchpoint,
            limit=asked.limit,
            exclude=frozenset(asked.exclude_item_ids),
            filter=asked.filter,
            placements=placements.all(tx),
            house=house.read(tx, now, zone=here.settings.timezone, customers=[asked.customer_id]),
            browse=partial(items.everything, tx),
        )
    if asked.dry_run:
        return document(decision, asked.explain)
    for (rule_id, version, error), times in decided.failed([decision]).items():
        log.error("rule.failed", rule_id=rule_id, version=version, error=error, times=times)
    made = Made(decision=decision, deeds=deeds(decision, now), document=partial(document, decision, True))
    with here.db.begin() as tx:
        executions.lock_customers(tx, [asked.customer_id] if context.known else [])  # erased since, it is not found
        kept = decided.keep(tx, [made], "api", now)[0]
    return kept.document if asked.explain else document(decision, False, kept.orders)
