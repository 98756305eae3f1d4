"""What customers do, and what each of it teaches: of their wish to decide themselves, of their trust, of the ladder."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.signals import Signal

__all__ = ["LESSONS", "SHADOWS", "Lesson", "Signal"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What one signal teaches, in pseudo-counts and multiples.

    Attributes
    ----------
    agency, trust : added to a posterior's alpha where above 0, to its beta where below
    hit, miss : evidence for the ladder
    falls : rungs that are lost at once
    to_approve : whether everything above approve is lost at once
    rest_days : for which no rung is gained after a fall
    attention : times the price of the message it answers
    incident : whether it is remembered twice as long
    """

    agency: float = 0.0
    trust: float = 0.0
    hit: float = 0.0
    miss: float = 0.0
    falls: int = 0
    to_approve: bool = False
    rest_days: float = 0.0
    attention: float = 1.0
    incident: bool = False


SHADOWS = (Signal.SHADOW_RIGHT, Signal.SHADOW_WRONG)  # of orders that were not made
LESSONS = {
    Signal.ACCEPTED: Lesson(agency=-0.2, trust=0.2, hit=1.0, attention=0.5),
    Signal.EDITED: Lesson(agency=0.5, trust=0.1, miss=1.0),
    Signal.KEPT: Lesson(agency=-0.3, trust=0.3, hit=1.0),
    Signal.KEPT_UNNOTICED: Lesson(hit=0.5),
    Signal.SKIPPED: Lesson(agency=0.1, miss=1.0),
    Signal.SNOOZED: Lesson(agency=0.2, miss=0.5),
    Signal.IGNORED: Lesson(agency=0.1, trust=-0.1, attention=1.5),
    Signal.VETOED: Lesson(agency=1.0, trust=-0.5, miss=1.0, falls=1, rest_days=28.0),
    Signal.RETURNED: Lesson(agency=0.5, trust=-2.0, miss=1.0, falls=1, rest_days=28.0, incident=True),
    Signal.COMPLAINED: Lesson(agency=2.0, trust=-3.0, miss=2.0, to_approve=True, rest_days=56.0, incident=True),
    Signal.OWN_ORDER: Lesson(agency=0.05, trust=0.05, hit=1.0),
    Signal.WHY: Lesson(agency=0.1, trust=0.1),
    Signal.RAISED: Lesson(),
    Signal.LOWERED: Lesson(),
    Signal.SHADOW_RIGHT: Lesson(hit=1.0),
    Signal.SHADOW_WRONG: Lesson(miss=1.0),
}
