"""What is looked at again and again in one decision, asked for once: a model's rhythms, a customer's habits."""

from __future__ import annotations

from typing import Any

from engine.domain.history import History
from engine.learn.base import ALL, Model, Rhythm, Sought
from modes import habits
from modes.habits import Habit


class Recalled:
    """The model, remembering rhythms for as long as one decision takes; all else is the model's own."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: list[tuple[History, float, Sought, list[Rhythm]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def rhythms(self, history: History, now_day: float, sought: Sought = ALL) -> list[Rhythm]:
        """See ``Model.rhythms``. Whoever asks for less than was asked before is given a part of that."""
        for seen, day, known, found in self._known:
            if seen is history and day == now_day and sought.within(known):
                return [one for one in found if sought.keeps(one.need)]
        found = self._model.rhythms(history, now_day, sought)
        self._known.append((history, now_day, sought, found))
        return found


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
