"""A model that looked ahead for some customers together: asked about one of them it answers the same, and sooner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.domain.history import History
from engine.learn.base import Model, rhythms_of
from engine.learn.results import Rhythm
from engine.learn.rhythm import need_window
from engine.learn.sought import ALL, Sought


class Ahead:
    """The model, with the rhythms of some histories at one instant prepared; all else is the model's own.

    Parameters
    ----------
    histories : known by what they are, not by what they hold: asked about another object the model itself answers
    day : days since 1970-01-01 UTC
    """

    def __init__(self, model: Model, histories: Sequence[History], day: float) -> None:
        self._model, self._day, self._histories = model, day, histories
        self._places = {id(history): place for place, history in enumerate(histories)}
        self._outlook = model.replenishment.outlook(histories, day, need_window)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def rhythms(self, history: History, now_day: float, sought: Sought = ALL) -> list[Rhythm]:
        """See ``Model.rhythms``."""
        place = self._places.get(id(history))
        if place is None or now_day != self._day:
            return self._model.rhythms(history, now_day, sought)
        return rhythms_of(self._outlook, place, sought)
