"""A need as the customer lived through it: everything that was done about it and came of it, as one row of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from engine.domain.decisions import Rung


class Kind(StrEnum):
    """What an episode tells of."""

    DECISION = "decision"  # the need was given an experience
    ORDER = "order"  # an automatic order moved on
    SIGNAL = "signal"  # the customer was heard or seen to do something
    LADDER = "ladder"  # a rung was earned or lost


@dataclass(frozen=True, kw_only=True, slots=True)
class Episode:
    """One event in the story of a need.

    Attributes
    ----------
    rung : the experience it is about, or led to; None: of none
    what : the mode that was given, the state an order moved to, the signal, or why a rung changed
    said : the sentence or reason that stands with it
    source : the id of the decision or execution; where a signal was learned from
    times : how many equal decisions in a row it stands for
    """

    at: datetime
    kind: Kind
    rung: Rung | None = None
    what: str
    said: str | None = None
    source: str | None = None
    times: int = 1


def told(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    """Episodes in their order; decisions that gave the same experience one after another are told once, as the first.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> day = datetime(2017, 12, 1, tzinfo=UTC)
    >>> given = {"kind": Kind.DECISION, "rung": Rung.CURATE, "what": "curate"}
    >>> same = [Episode(at=day + timedelta(days=n), **given) for n in (1, 0)]
    >>> [(one.at.day, one.times) for one in told(same)]
    [(1, 2)]
    """
    found: list[Episode] = []
    for one in sorted(episodes, key=lambda episode: (episode.at, ORDER[episode.kind])):
        last = found[-1] if found else None
        again = last is not None and one.kind is last.kind is Kind.DECISION and one.rung is last.rung
        if last is not None and again:
            found[-1] = replace(last, times=last.times + 1)
        else:
            found.append(one)
    return tuple(found)


ORDER = {Kind.DECISION: 0, Kind.ORDER: 1, Kind.SIGNAL: 2, Kind.LADDER: 3}  # of what happens at one instant
