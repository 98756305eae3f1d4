"""A decision: what is asked, what is answered, what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, RootModel

from api.wire.base import Id, Text, Time, Wire
from api.wire.customers import RungLabel
from engine.domain.decisions import Mode, Outcome, OutcomeKind, Phase, Source, Stage
from modes.request import Request


class RequestedItem(Wire):
    """One item asked for."""

    item_id: Id
    quantity: int = Field(default=1, ge=1, le=10_000)


class RequestIn(Wire):
    """What the customer asked for; without it, nothing was."""

    items: list[RequestedItem] = Field(default=[], max_length=100)
    query: str | None = Field(default=None, min_length=1, max_length=500)
    category: str | None = Field(default=None, min_length=1, max_length=500)
    needed_by: Time | None = None


def wanted(asked: RequestIn) -> Request:
    """The request as decisions take it."""
    return Request(
        items=tuple((item.item_id, item.quantity) for item in asked.items),
        query=asked.query,
        category=asked.category,
        needed_by=asked.needed_by,
    )


class DecisionIn(Wire):
    """Asks which experience to give one customer now."""

    customer_id: Id
    touchpoint: Text | None = None
    limit: int = Field(default=10, ge=1, le=100)
    request: RequestIn | None = None
    exclude_item_ids: list[Id] = Field(default=[], max_length=1000)
    filter: str | None = Field(default=None, min_length=1, max_length=2000, examples=["item.price < 20.0"])
    explain: bool = True
    dry_run: bool = Field(default=False, description="decide and store nothing")


class NeedOut(Wire):
    """One thing the customer may need; family null where no particular need is known."""

    family: str | None
    phase: Phase
    source: Source


class RemovedBy(Wire):
    """What kept a mode or rung from being chosen."""

    stage: Stage
    rule: str
    detail: dict[str, object]


class RungOut(Wire):
    """One rung as it stood."""

    value: float | None
    propensity: float
    removed_by: RemovedBy | None = None


class ConsideredOut(Wire):
    """One mode as it stood."""

    mode: Mode
    allowed: bool
    value: float | None
    probability: float | None
    propensity: float
    rungs: dict[RungLabel, RungOut]
    removed_by: RemovedBy | None


class ChangeOut(Wire):
    """One setting, from what to what."""

    setting: str
    from_: object = Field(alias="from")
    to: object


class LeverOut(Wire):
    """The fewest settings the customer could change to be given another experience."""

    changes: list[ChangeOut]
    would_give: Mode
    rung: RungLabel  # that it leads to


class ReasonOut(Wire):
    """One piece of evidence, with the facts that fill its sentence."""

    code: str
    params: dict[str, object]
    sentence: str = Field(default="", description="for the customer")


class OfferOut(Wire):
    """One item put before the customer."""

    item_id: str
    score: float
    probability: float | None
    price: str | None
    currency: str | None
    reasons: list[ReasonOut] = []


class NudgeDraftOut(Wire):
    """Words tied to a goal of the customer."""

    model_config = {"extra": "allow"}


class ExecutionDraftOut(Wire):
    """An order Rapport makes for the customer, with its id and state once it is stored."""

    model_config = {"extra": "allow"}


class OrderDraftOut(Wire):
    """An order ready for the customer to confirm."""

    model_config = {"extra": "allow"}


class ExperienceOut(Wire):
    """What one need is given."""

    need: NeedOut
    mode: Mode
    rung: RungLabel
    reason: str
    considered: list[ConsideredOut]
    lever: LeverOut | None
    offers: list[OfferOut]
    nudge: NudgeDraftOut | None
    execution: ExecutionDraftOut | None
    order: OrderDraftOut | None


class DecisionOut(Wire):
    """Which experience each need is given, and why. The first experience leads."""

    decision_id: str
    customer_id: str
    decided_at: Time
    model_id: str | None
    touchpoint: str | None = None
    mode: Mode
    experiences: list[ExperienceOut] = Field(min_length=1)
    experiments: list[dict[str, object]]


class Decisions(Wire):
    """A customer's decisions, newest first."""

    decisions: list[DecisionOut]
    next_cursor: str | None


class OutcomeIn(Wire):
    """What the customer did with one item of a decision, or with the whole."""

    item_id: Id | None = None
    kind: OutcomeKind
    at: Time | None = Field(default=None, description="default now")


class OutcomesIn(RootModel[Annotated[list[OutcomeIn], Field(min_length=1, max_length=1000)]]):
    """What became of a decision, per item or as a whole."""

    def domain(self, now: datetime) -> list[Outcome]:
        """As the domain holds them."""
        return [Outcome(item_id=o.item_id, kind=o.kind, at=o.at or now) for o in self.root]


class OutcomesTaken(Wire):
    """How many outcomes were new."""

    accepted: int
    duplicate: int
