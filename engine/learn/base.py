"""The model that is served: one frozen bundle, asked for one customer at a time, kept as arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.domain.artifacts import Artifact
from engine.domain.history import History
from engine.learn.results import Certificate, Evidence, Forecast, Recommendation, Recommendations

__all__ = ["Certificate", "Evidence", "Forecast", "Model", "Recommendation", "Recommendations", "decode", "encode"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Everything learned up to an instant. It knows no customer: each is folded in from the live history."""

    model_id: str
    created_at: datetime
    as_of: datetime  # it saw nothing from then on
    metrics: Mapping[str, object]

    def recommend(
        self,
        history: History,
        now_day: float,
        k: int,
        *,
        exclude: Collection[str] = frozenset(),
        only_new: bool = False,
    ) -> Recommendations:
        """The ``k`` items most likely in the next basket; fewer only where the catalogue has no more.

        Parameters
        ----------
        now_day : days since 1970-01-01 UTC; lines from then on are not looked at
        exclude : ids never to be returned; give a set, not a list
        only_new : leave out what the customer bought before
        """
        raise NotImplementedError

    def forecast(self, history: History, now_day: float, window_days: float) -> list[Forecast]:
        """For every family bought on at least two days: whether it is bought again in [now, now + window), likeliest first.

        ``window_days`` is above 0 and at most 60.
        """
        raise NotImplementedError

    def related(self, item_id: str, k: int, *, exclude: Collection[str] = frozenset()) -> Recommendations:
        """Items bought by those who buy this one; empty for an item that nobody bought."""
        raise NotImplementedError

    def popular(
        self,
        k: int,
        *,
        family: str | None = None,
        category: str | None = None,
        exclude: Collection[str] = frozenset(),
    ) -> Recommendations:
        """What most customers buy, in a family, or in a category or below it (levels parted by `` > ``)."""
        raise NotImplementedError

    def usual(self, history: History, family: str) -> tuple[str, int] | None:
        """The item of the family this customer takes, and how many of it; None where the family was never bought."""
        raise NotImplementedError

    def certificate(self, window_days: int, promise: float) -> Certificate:
        """The proof that executions keep ``promise`` in windows of 7, 14 or 28 days; shut where there is none."""
        raise NotImplementedError


def encode(model: Model) -> Artifact:
    """The model as arrays and JSON."""
    raise NotImplementedError


def decode(artifact: Artifact) -> Model:
    """The model an artifact holds.

    Raises
    ------
    ArtifactError
        where the arrays do not fit together
    """
    raise NotImplementedError
