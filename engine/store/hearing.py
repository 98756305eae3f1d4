"""What customers do with executions, messages and settings, written down as signals in the same transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select

from engine.domain.customers import Preferences
from engine.domain.decisions import Rung
from engine.domain.executions import Execution, State
from engine.domain.nudges import Nudge, NudgeKind, Response
from engine.domain.signals import Heard, Signal
from engine.store import signals
from engine.store.database import Tx
from engine.store.tables import nudges

OPERATOR = "operator:"  # what the shop's people do teaches nothing of the customer
UNANSWERED = "nobody answered"
ANSWERS = {Response.ACTED: Signal.ACCEPTED, Response.SNOOZED: Signal.SNOOZED, Response.DISMISSED: Signal.IGNORED}


def execution(tx: Tx, moved: Execution, actor: str, at: datetime) -> None:
    """What a move of an execution teaches, if anything."""
    signal = None if actor.startswith(OPERATOR) else _of_move(tx, moved)
    if signal is not None:
        said(tx, moved, signal, at)


def said(tx: Tx, about: Execution, signal: Signal, at: datetime, needs: Collection[str] | None = None) -> None:
    """A signal about an execution, once for each of its needs or of those given; a test order teaches nothing."""
    if about.test:
        return
    heard = [
        Heard(
            signal=signal,
            at=at,
            need=line.need,
            rung=about.rung,
            probability=about.probability if line.probability is None else line.probability,
            source=f"execution:{about.execution_id}",
        )
        for line in about.lines
        if needs is None or line.need in needs
    ]
    signals.add(tx, {about.customer_id: heard})


def message(tx: Tx, nudge: Nudge, at: datetime) -> None:
    """What an answer to a nudge teaches; answers to what is told of an order are heard from the order."""
    stopped = nudge.response is Response.STOP
    signal = Signal.COMPLAINED if stopped else ANSWERS.get(nudge.response or Response.OPENED)
    if signal is None or nudge.kind is not NudgeKind.GOAL:
        return
    one = Heard(signal=signal, at=at, rung=Rung.COACH, source=f"nudge:{nudge.nudge_id}")
    signals.add(tx, {nudge.customer_id: [one]})


def preferences(tx: Tx, customer_id: str, before: Preferences, after: Preferences, at: datetime) -> None:
    """That a customer raised what may be done for them, or lowered it."""
    steps = [_level(after.ceiling) - _level(before.ceiling)]
    for old, new in (
        (before.category_ceilings, after.category_ceilings),
        (before.family_ceilings, after.family_ceilings),
    ):
        steps += [new.get(name, Rung.SILENT) - old.get(name, Rung.SILENT) for name in {*old, *new}]
    source = f"preferences:{at.isoformat()}"
    heard = []
    if any(step > 0 for step in steps):
        heard.append(Heard(signal=Signal.RAISED, at=at, source=source))
    if any(step < 0 for step in steps):
        heard.append(Heard(signal=Signal.LOWERED, at=at, source=source))
    signals.add(tx, {customer_id: heard})


def _level(ceiling: Rung | None) -> Rung:
    return Rung.APPROVE if ceiling is None else ceiling


def _of_move(tx: Tx, moved: Execution) -> Signal | None:
    asked = moved.rung is Rung.APPROVE
    if moved.state is State.VETOED:
        return Signal.SKIPPED if asked else Signal.VETOED
    if moved.state is State.SKIPPED:
        return Signal.IGNORED if moved.reason == UNANSWERED else Signal.SKIPPED
    if moved.state is State.RETURNED:
        return Signal.RETURNED
    if moved.state is State.KEPT and not asked:  # a yes was heard when it was said
        return Signal.KEPT if moved.rung is Rung.SILENT or _noticed(tx, moved) else Signal.KEPT_UNNOTICED
    return None


def _noticed(tx: Tx, moved: Execution) -> bool:
    """Whether the customer opened the notice of an execution."""
    opened = exists().where(nudges.c.execution_id == moved.execution_id, nudges.c.response.is_not(None))
    return bool(tx.scalar(select(opened)))
