"""What follows from a decision: orders for the ledger and words for the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.domain.decisions import Decision
from engine.domain.deeds import Deed
from modes import coach, execute


def deeds(decision: Decision, now: datetime) -> tuple[Deed, ...]:
    """One for every experience that acts; those that answer or show leave nothing to do."""
    return tuple(_deeds(decision, now))


def _deeds(decision: Decision, now: datetime) -> Iterator[Deed]:
    for position, experience in enumerate(decision.experiences):
        if experience.execution is not None:
            execution, message = execute.announce(experience.execution, decision, position, now)
            yield Deed(position=position, execution=execution, message=message)
        elif experience.nudge is not None:
            yield Deed(position=position, message=coach.send(experience.nudge, decision, position, now))
