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
        draft = experience.execution
        if draft is not None and position in (draft.together or (position,))[:1]:
            execution, message = execute.announce(draft, decision, position, now)
            joins = draft.joins is not None
            yield Deed(position=position, execution=execution, message=message, also=draft.together[1:], joins=joins)
        elif draft is None and experience.nudge is not None:
            yield Deed(position=position, message=coach.send(experience.nudge, decision, position, now))
