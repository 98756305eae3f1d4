"""The customer's attention: how much is left of it, what it costs, and when it may be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.domain.customers import QuietHours
from engine.domain.decisions import Rung
from modes.policy import Worth

Load = TypeVar("Load", float, NDArray[np.float64])
SPAN = timedelta(days=7)
TOGETHER = timedelta(hours=12)  # within which messages count as told together
NOTICED = (Rung.COACH, Rung.APPROVE, Rung.VETO)  # always put into the inbox
ALWAYS = np.isin(list(Rung), NOTICED)  # by rung
LISTED = np.arange(len(Rung)) == Rung.CURATE


def load(messages: Iterable[datetime], now: datetime) -> int:
    """How many messages of the last seven days, or still on their way, the customer has."""
    return sum(now - SPAN < at for at in messages)


def load_before(messages: Iterable[datetime], now: datetime) -> int:
    """The same without those of today and those on their way: what is told together counts once."""
    return sum(now - SPAN < at <= now - TOGETHER for at in messages)


def price(load: Load, worth: Worth) -> Load:
    """What one more message costs a customer who had ``load`` of them in seven days; a number, or an array of them.

    Examples
    --------
    >>> [round(price(n, Worth()), 2) for n in (0, 3)]
    [0.18, 0.36]
    """
    return worth.attention * worth.attention_scale * (1 + load / 3)


def speaks(rung: Rung, present: bool) -> bool:
    """Whether the rung sends a message; a list shown to somebody who is here is none."""
    return rung in NOTICED or (rung is Rung.CURATE and not present)


def spoken(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same for all six rungs, in a last axis that ``present`` has with length 1."""
    found: NDArray[np.bool_] = ALWAYS | (LISTED & ~present)
    return found


def send_at(now: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """``now``, or where it lies in the customer's quiet hours, the instant at which these end.

    Examples
    --------
    >>> from datetime import time
    >>> night = QuietHours(start=time(21), end=time(8))
    >>> send_at(datetime(2017, 11, 4, 23, tzinfo=UTC), night, ZoneInfo("America/New_York")).isoformat()
    '2017-11-04T23:00:00+00:00'
    >>> send_at(datetime(2017, 11, 5, 3, tzinfo=UTC), night, ZoneInfo("America/New_York")).isoformat()
    '2017-11-05T13:00:00+00:00'
    """
    if not quiet.covers(now.astimezone(zone).time()):
        return now
    return next(at for at in _ends(now, quiet, zone) if at >= now and not quiet.covers(at.astimezone(zone).time()))


def _ends(now: datetime, quiet: QuietHours, zone: ZoneInfo) -> Iterator[datetime]:
    """When quiet hours end on the customer's day and the next two: both times where that hour comes twice, and when
    the clock goes on where it skips it."""
    today = now.astimezone(zone).date()
    for days in range(3):
        end = datetime.combine(today + timedelta(days=days), quiet.end, tzinfo=zone)
        first, second = (end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        yield from (first, second) if first <= second else [_skipped(second, first, zone)]


def _skipped(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between two at which the zone's clock is put forward, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
