"""Pictures for the console, as numbers that a template draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.domain.decisions import Mode

WIDEST = 340  # of a bar, in the picture's units


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One mode's part of the decisions."""

    mode: str
    count: int
    percent: str
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """All four modes, and how many decisions there are."""

    total: int
    bars: tuple[Bar, ...]


def mix_of(counts: Mapping[str, int]) -> Mix:
    """The picture of how many decisions each mode leads.

    Examples
    --------
    >>> mix_of({"curate": 3, "respond": 1}).bars[1]
    Bar(mode='curate', count=3, percent='75.0', width=340.0)
    """
    known = {mode.value: counts.get(mode.value, 0) for mode in Mode}
    total, most = sum(known.values()), max(*known.values(), 1)
    return Mix(
        total=total,
        bars=tuple(
            Bar(
                mode=mode,
                count=n,
                percent=f"{100 * n / total if total else 0:.1f}",
                width=round(WIDEST * n / most, 1),
            )
            for mode, n in known.items()
        ),
    )
