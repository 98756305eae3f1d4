"""What is looked at again and again in one decision, asked for once: a model's rhythms, a customer's habits."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.domain.history import History
from engine.learn.base import Model, Rhythm, is_due
from modes import habits
from modes.habits import Habit


class Recalled:
    """The model, remembering rhythms for as long as one decision takes; all else is the model's own."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: list[tuple[History, float, float, frozenset[str], bool, list[Rhythm]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def rhythms(
        self,
        history: History,
        now_day: float,
        *,
        least: float = 0.0,
        always: Collection[str] = frozenset(),
        due: bool = False,
    ) -> list[Rhythm]:
        """See ``Model.rhythms``. Whoever asks for less than was asked before is given a part of that."""
        wanted = frozenset(always)
        for seen, day, floor, named, only_due, found in self._known:
            more = floor <= least and only_due <= due and wanted <= named
            if seen is history and day == now_day and more:
                return [one for one in found if one.need.family in wanted or _asked_for(one, least, due)]
        found = self._model.rhythms(history, now_day, least=least, always=always, due=due)
        self._known.append((history, now_day, least, wanted, due, found))
        return found


def _asked_for(one: Rhythm, least: float, due: bool) -> bool:
    evidence = one.need.evidence
    waited = not due or is_due(evidence.since_days, evidence.median_gap_days)
    return waited and one.need.probability >= least


class Habits:
    """A customer's habits by family; of another history than before they are worked out anew."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, str], tuple[History, History]] = {}
        self._known: dict[tuple[int, str], tuple[Habit, ...]] = {}

    def of_family(self, history: History, family: str) -> tuple[Habit, ...]:
        """See ``habits.of_family``."""
        key, bought = (id(history), family), self._bought(history, family)
        if key not in self._known:
            self._known[key] = habits.of_lines(bought)
        return self._known[key]

    def last_day(self, history: History, family: str) -> float | None:
        """See ``habits.last_day``."""
        bought = self._bought(history, family)
        return float(bought.days[-1]) if len(bought) else None

    def _bought(self, history: History, family: str) -> History:
        key = (id(history), family)  # the history is kept beside, so that its id is not given to another
        if key not in self._lines:
            self._lines[key] = history, habits.lines(history, family)
        return self._lines[key][1]
