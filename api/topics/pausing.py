"""A pause: what it holds back, and what would be ordered if it ended now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic
from api.service import service
from api.wire.pausing import PauseOut
from engine.domain.context import Context
from engine.domain.decisions import ExecutionDraft
from engine.domain.executions import STOPPABLE
from engine.store import house, items, placements
from engine.store.database import Tx
from modes.decide import decide

topic = Topic(name="pause", description="What a pause holds back, and what would be ordered if it ended")


@topic.route("GET", "/v1/customers/<ident:customer_id>/pause", scopes=APP_AND_BACKEND, answer=PauseOut)
def get_pause(customer_id: str) -> PauseOut:
    """What would be ordered at once if the pause ended now, what would be announced, and what asked about.

    Nothing is kept by asking. What fell due in the pause is left out when it ends: it is listed, and never made up for.
    """
    here, now = service(), service().now()
    with here.reading(customer_id) as tx:
        context = here.context(tx, customer_id, now)
        drafts = _drafts(tx, context, now)
    waiting = [one for one in context.executions if one.state in STOPPABLE]
    return PauseOut.of(context.preferences, drafts, waiting, now)


def _drafts(tx: Tx, context: Context, now: datetime) -> list[ExecutionDraft]:
    """The orders that a decision would make for the customer if there were no pause."""
    going_on = replace(context, preferences=replace(context.preferences, paused=False, paused_until=None))
    decision = decide(
        going_on,
        service().model(),
        now,
        catalogue=partial(items.get_many, tx),
        policy=service().policy,
        decision_id="preview",
        placements=placements.all(tx),
        house=house.read(tx, now, zone=service().settings.timezone, customers=[context.customer.customer_id]),
    )
    return [one.execution for one in decision.experiences if one.execution is not None]
