"""One-tap links: a token of 256 bits does one thing to one execution, once, before it expires, without another key.

A token follows from the place's secret and from what it is for, so that it need not be kept: the database holds its
SHA-256, and a message is given its links when it is fetched. Whoever reads the database can tap nothing.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from api.auth import tokens
from api.auth.keys import digest
from api.service import Service
from engine.domain.context import Context
from engine.domain.decisions import Rung
from engine.domain.executions import STOPPABLE, Execution
from engine.domain.nudges import ATTENTION, Nudge, NudgeKind
from engine.domain.taps import Link, Tap, Verb
from engine.store import executions, items, taps
from engine.store.database import Tx
from modes import changes

PATH = "/v1/tap/"
LIFE = timedelta(days=14)  # after the message that carries it
SNOOZE = "7d"
MOST = 3  # substitutes that a message offers
LINKED = tuple(kind for kind in ATTENTION if kind is not NudgeKind.GOAL)


def links(here: Service, nudges: Sequence[Nudge]) -> dict[str, list[Link]]:
    """For each message about an execution that can still be stopped, its links; they are made good with this."""
    wanted = [one for one in nudges if one.kind in LINKED and one.execution_id is not None]
    if not wanted:
        return {}
    now = here.now()
    with here.db.begin() as tx:
        known = {one.execution_id: one for one in executions.get_many(tx, [str(one.execution_id) for one in wanted])}
        return {one.nudge_id: _made(here, tx, one, known.get(str(one.execution_id)), now) for one in wanted}


def _made(here: Service, tx: Tx, nudge: Nudge, execution: Execution | None, now: datetime) -> list[Link]:
    expires_at = nudge.send_at + LIFE
    if execution is None or execution.state not in STOPPABLE or expires_at <= now:
        return []
    context = here.context(tx, nudge.customer_id, now)
    offered = [
        (verb, argument, _token(here, nudge, verb, argument))
        for verb, argument in _offered(tx, execution, context, now)
    ]
    rows = [
        Tap(
            digest=digest(token),
            customer_id=nudge.customer_id,
            execution_id=execution.execution_id,
            verb=verb,
            argument=argument,
            expires_at=expires_at,
        )
        for verb, argument, token in offered
    ]
    open_ones = taps.add(tx, rows)
    return [
        Link(verb=verb, argument=argument, path=PATH + token)
        for verb, argument, token in offered
        if digest(token) in open_ones
    ]


def _offered(tx: Tx, execution: Execution, context: Context, now: datetime) -> Iterator[tuple[Verb, str | None]]:
    """What can be done with the execution by one tap."""
    if execution.rung is Rung.APPROVE and execution.approved_at is None and execution.due_at > now:
        yield Verb.APPROVE, None
    yield Verb.VETO, None
    yield Verb.SKIP, None
    yield Verb.SNOOZE, SNOOZE
    if len(execution.lines) == 1:
        yield from _changes(tx, execution, context, now)


def _changes(tx: Tx, execution: Execution, context: Context, now: datetime) -> Iterator[tuple[Verb, str | None]]:
    """Other items and quantities that what was signed carries."""
    [line] = execution.lines
    listed = changes.choices(execution, line, context, now)[:MOST]
    known = items.get_many(tx, [line.item_id, *listed])
    for item_id in listed:
        if changes.may_swap(execution, line, item_id, context, now, known):
            yield Verb.SWAP, item_id
    for quantity in (line.quantity - 1, line.quantity + 1):
        if changes.may_change(execution, line, quantity, context, now, known):
            yield Verb.CHANGE, str(quantity)


def _token(here: Service, nudge: Nudge, verb: Verb, argument: str | None) -> str:
    """256 bits that nobody can guess who does not hold the secret."""
    key = tokens.derived(here.settings.secret(), "tap")
    said = "\x00".join((nudge.nudge_id, str(nudge.execution_id), verb.value, argument or ""))
    return urlsafe_b64encode(hmac.new(key, said.encode(), sha256).digest()).decode().rstrip("=")
