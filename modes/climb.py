"""How customers move on their ladders: signals since the latest review in their order, and a review each week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import Rung
from engine.domain.history import at_day, day_of
from engine.domain.signals import BOTTOM, Climb, Heard, Record, Signal, Standing
from modes.conduct import REPAIRED
from modes.ladder import Ladder
from modes.signals import LESSONS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
WEEK = 7
UNPLACED = 0.5  # probability of an order that none is told of


@dataclass(frozen=True, kw_only=True, slots=True)
class Climbed:
    """Where a customer stands after a review, need by need, and the moves that led there."""

    standings: Mapping[str, Standing]
    moves: tuple[Climb, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    """A signal at its place in the arrays."""

    row: int
    column: int
    day: float
    heard: Heard


def boundary(now: datetime) -> datetime:
    """The latest weekly review that is due by ``now``.

    Examples
    --------
    >>> from datetime import UTC
    >>> boundary(datetime(2017, 12, 1, 8, tzinfo=UTC)).isoformat()
    '2017-11-30T00:00:00+00:00'
    """
    return at_day(float(day_of(now) // WEEK * WEEK))


def climbed(records: Mapping[str, Record], now: datetime, certified: Sequence[bool]) -> dict[str, Climbed]:
    """Where each customer stands at the latest weekly review.

    Parameters
    ----------
    records : by customer, with every signal since their latest review
    certified : for each step, whether it is proved that it acts right often enough
    """
    last = day_of(boundary(now))
    climbing = _Climbing.of(records, last)
    if climbing is not None:
        climbing.climb(last, np.array(certified, bool))
    return {id: climbing.result(id) if climbing else Climbed(standings={}, moves=()) for id in records}


class _Climbing:
    """The ladders of some customers on their way through the weeks."""

    def __init__(self, ids: Sequence[str], needs: Sequence[Sequence[str]], records: Mapping[str, Record]) -> None:
        self.rows = {id: row for row, id in enumerate(ids)}
        self.needs = needs
        self.ladder = Ladder.bottom(len(ids), max(map(len, needs)))
        self.reviewed = np.array([_day(records[id].reviewed_at) for id in ids])
        self.moves: dict[str, list[Climb]] = defaultdict(list)
        self.names = list(ids)
        self.events: dict[float, list[_Event]] = defaultdict(list)  # by the day of the review they come before
        self.incidents = [[day_of(one.at) for one in records[id].heard if LESSONS[one.signal].incident] for id in ids]
        for id, row in self.rows.items():
            for column, need in enumerate(needs[row]):
                _begin(self.ladder, row, column, records[id].standings.get(need, Standing()))

    @classmethod
    def of(cls, records: Mapping[str, Record], last: float) -> _Climbing | None:
        """None where there is nothing to climb by."""
        told = {id: [one for one in record.heard if one.need is not None] for id, record in records.items()}
        needs = {id: sorted({*records[id].standings, *(one.need or "" for one in told[id])}) for id in records}
        ids = [id for id in records if needs[id]]
        if not ids:
            return None
        made = cls(ids, [needs[id] for id in ids], records)
        for id in ids:
            row = made.rows[id]
            for one in told[id]:
                day = day_of(one.at)
                if made.reviewed[row] <= day < last:
                    column = needs[id].index(one.need or "")
                    event = _Event(row=row, column=column, day=day, heard=one)
                    made.events[float((day // WEEK + 1) * WEEK)].append(event)
        return made

    def climb(self, last: float, certified: Bools) -> None:
        """Through every week from the first in which something happened."""
        for day in np.arange(min([*self.events, last]), last + 1, WEEK).tolist():
            for several in _rounds(self.events.get(day, ())):
                self._taught(several)
            self._review(day, certified)

    def _taught(self, events: Sequence[_Event]) -> None:
        """Signals of as many pairs, at once."""
        shape = self.ladder.rung.shape
        p, hit, miss = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        told, kept, falls = np.zeros(shape, bool), np.zeros(shape), np.zeros(shape, np.int64)
        where, to_approve, rest = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape)
        days = np.zeros(shape)
        for one in events:
            lesson, at = LESSONS[one.heard.signal], (one.row, one.column)
            p[at] = UNPLACED if one.heard.probability is None else one.heard.probability
            hit[at], miss[at], told[at] = lesson.hit, lesson.miss, bool(lesson.hit or lesson.miss)
            kept[at] = one.heard.signal is Signal.KEPT and one.heard.rung is Rung.VETO
            falls[at], to_approve[at], rest[at] = lesson.falls, lesson.to_approve, lesson.rest_days
            where[at], days[at] = bool(lesson.falls or lesson.to_approve), one.day
        before = self.ladder.rung
        self.ladder = self.ladder.witnessed(p, hit, miss, told)
        self.ladder = replace(self.ladder, kept=self.ladder.kept + kept)
        self.ladder = self.ladder.fallen(days, where, falls, to_approve, rest)
        for one in events:
            self._note(before, one.row, one.column, one.day, one.heard.signal.value)

    def _review(self, day: float, certified: Bools) -> None:
        due = (self.reviewed < day)[:, None]
        calm = np.array(
            [not any(day - REPAIRED / timedelta(days=1) < at <= day for at in own) for own in self.incidents]
        )
        before = self.ladder.rung
        after = self.ladder.reviewed(day, certified, calm[:, None])
        self.ladder = replace(after, rung=np.where(due, after.rung, before))
        for row, column in np.argwhere(self.ladder.rung != before).tolist():
            why = "review" if self.ladder.rung[row, column] > before[row, column] else "doubt"
            self._note(before, row, column, day, why)

    def _note(self, before: NDArray[np.int64], row: int, column: int, day: float, why: str) -> None:
        was, now = int(before[row, column]), int(self.ladder.rung[row, column])
        if was != now:
            standing = self._standing(row, column)
            evidence = {"right": standing.hits, "wrong": standing.misses, "of": standing.shadows}
            self.moves[self.names[row]].append(
                Climb(
                    need=self.needs[row][column],
                    at=at_day(day),
                    before=Rung(was),
                    after=Rung(now),
                    why=why,
                    evidence=evidence | {"ready": self._ready(row, column)},
                )
            )

    def _ready(self, row: int, column: int) -> list[float]:
        part = _part(self.ladder, row, column)
        return [round(float(one), 4) for one in part.readiness()[0, 0]]

    def result(self, id: str) -> Climbed:
        """Where a customer stands now."""
        if id not in self.rows:
            return Climbed(standings={}, moves=())
        row = self.rows[id]
        found = {need: self._standing(row, column) for column, need in enumerate(self.needs[row])}
        return Climbed(standings=found, moves=tuple(self.moves[id]))

    def _standing(self, row: int, column: int) -> Standing:
        ladder, at = self.ladder, (row, column)
        rest = float(ladder.rest_until[at])
        return Standing(
            rung=Rung(int(ladder.rung[at])),
            hits=_steps(ladder.hits[at]),
            misses=_steps(ladder.misses[at]),
            sure=_steps(ladder.sure[at]),
            shadows=_steps(ladder.shadows[at]),
            kept=float(ladder.kept[at]),
            rest_until=at_day(rest) if np.isfinite(rest) else None,
            falls=int(ladder.falls[at]),
        )


def _begin(ladder: Ladder, row: int, column: int, standing: Standing) -> None:
    at = (row, column)
    ladder.rung[at] = max(standing.rung, BOTTOM)
    ladder.hits[at], ladder.misses[at] = standing.hits, standing.misses
    ladder.sure[at], ladder.shadows[at] = standing.sure, standing.shadows
    ladder.kept[at], ladder.falls[at] = standing.kept, standing.falls
    ladder.rest_until[at] = _day(standing.rest_until)


def _part(ladder: Ladder, row: int, column: int) -> Ladder:
    """The ladder of one pair."""
    return Ladder(
        **{name: getattr(ladder, name)[row : row + 1, column : column + 1] for name in Ladder.__dataclass_fields__}
    )


def _rounds(events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """In their order, no pair twice in a round."""
    left = sorted(events, key=lambda one: one.day)
    while left:
        first: dict[tuple[int, int], _Event] = {}
        rest = []
        for one in left:
            if (one.row, one.column) in first:
                rest.append(one)
            else:
                first[one.row, one.column] = one
        yield list(first.values())
        left = rest


def _steps(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def _day(at: datetime | None) -> float:
    return -np.inf if at is None else day_of(at)
