"""Training: fit up to an instant, judge on a time split, publish if no worse than what is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from uuid import uuid4

import structlog

from engine.config import Settings
from engine.errors import ArtifactError, Unavailable
from engine.learn import base
from engine.learn.accuracy import Accuracy
from engine.learn.als import Factorize
from engine.learn.ranker import never
from engine.learn.training import Say, Trained, train
from engine.store import artifacts, models
from engine.store.database import Database
from jobs import reliability, shadow, shopping, spark
from modes.parameters import policy_of

log = structlog.get_logger()
SEED = 20171130
FEWEST = 0.5  # of the lines that the served model was fitted on; fewer, refused ones counted, are taken for a fault
silent: Say = lambda stage, done, total: None  # noqa: E731


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What a training came to."""

    model_id: str
    as_of: datetime
    published: bool
    reason: str
    served: str | None  # the id of the model that is served now
    ours: Accuracy | None
    before: Accuracy | None  # of the settings that were served, fitted and judged alike
    metrics: Mapping[str, object]

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "model_id": self.model_id,
            "as_of": self.as_of.isoformat().replace("+00:00", "Z"),
            "published": self.published,
            "reason": self.reason,
            "served": self.served,
            "next_basket": None if self.ours is None else asdict(self.ours),
            "next_basket_served": None if self.before is None else asdict(self.before),
            "metrics": dict(self.metrics),
        }


def run(
    db: Database,
    settings: Settings,
    *,
    as_of: datetime,
    now: datetime,
    seed: int = SEED,
    budget: float | None = None,
    say: Say = silent,
) -> Training:
    """Train on everything before ``as_of``; the first model is always published.

    Parameters
    ----------
    budget : seconds after whose end no more settings are tried and no more trees grown; None: as long as it takes

    Raises
    ------
    Unavailable
        where nothing was bought before ``as_of``
    """
    began, policy = monotonic(), policy_of(settings)
    say("reading orders", 0, 1)
    read = shopping.read(db, settings, as_of)
    if not len(read.lines):
        raise Unavailable(f"nothing to train on: {_why(read.refused)} from before {as_of.isoformat()}")
    served = _served(settings)
    trained = train(
        read.lines,
        read.catalogue,
        model_id=f"{as_of:%Y%m%dT%H%M%S}-{uuid4().hex[:6]}",
        created_at=now,
        as_of=as_of,
        served=None if served is None else served.baskets.learned,
        amounts=read.amounts,
        before=None if served is None or served.kinds is None else served.kinds.personas,
        factorize=factorize(settings),
        enough=never if budget is None else lambda: monotonic() - began > budget,
        stakes=policy.bounds,
        seed=seed,
        say=say,
    )
    objection = _objection(trained, served, read.refused)
    reason = objection or _welcome(
        trained, unreadable=served is None and artifacts.served_id(settings.models) is not None
    )
    _keep(db, settings, trained.model, published=objection is None, reason=reason, now=now)
    say("beginning ladders", 0, 1)
    shadow.remember(db, trained.shadows, read.customer_ids, read.catalogue.families, trained.model, policy)
    return Training(
        model_id=trained.model.model_id,
        as_of=as_of,
        published=objection is None,
        reason=reason,
        served=artifacts.served_id(settings.models),
        ours=trained.ours,
        before=trained.served,
        metrics=trained.model.metrics,
    )


def factorize(settings: Settings) -> Factorize | None:
    """What fits tastes; None: ``implicit``, here."""
    return None if settings.spark is None else spark.factorize(settings.spark)


def _served(settings: Settings) -> base.Model | None:
    """The served model; one that cannot be read is no bar to a better one."""
    served = artifacts.served_id(settings.models)
    try:
        return None if served is None else base.decode(artifacts.read(settings.models, served))
    except ArtifactError as error:
        log.warning("model.unreadable", model_id=served, error=str(error))
        return None


def _why(refused: int) -> str:
    if not refused:
        return "no orders are stored"
    return f"all {refused:,} lines are of customers who refused that theirs be used,"


def _objection(trained: Trained, served: base.Model | None, refused: int) -> str | None:
    """Why the new model is not published; None where it is. Lines that were refused are not missing."""
    if served is None:
        return None
    now, before = trained.model.metrics["lines"], served.metrics.get("lines", 0)
    if isinstance(now, int) and isinstance(before, int) and now + refused < FEWEST * before:
        return f"only {now + refused:,} lines are stored; the served model had {before:,} to learn from"
    if served.as_of > trained.model.as_of:
        return f"the served model knows what happened until {served.as_of.isoformat()}"
    if trained.ours is None or trained.served is None:
        return None
    if trained.ours.recall_10 < trained.served.recall_10 - trained.ours.se:
        return f"recall@10 {trained.ours.recall_10:.4f}, and {trained.served.recall_10:.4f} with the served settings"
    return None


def _welcome(trained: Trained, unreadable: bool) -> str:
    """Why the new model is published."""
    if unreadable:
        return "the served model cannot be read"
    if trained.ours is None:
        return "too few orders yet to judge it by"
    if trained.served is None:
        return "the first model"
    return (
        f"recall@10 {trained.ours.recall_10:.4f}, no worse than {trained.served.recall_10:.4f} with the served settings"
    )


def _keep(db: Database, settings: Settings, model: base.Model, *, published: bool, reason: str, now: datetime) -> None:
    """The artifact first, then the record, then the pointer: whatever is pointed at is there and known."""
    artifacts.write(settings.models, base.encode(model), reliability.files(model.metrics))
    with db.begin() as tx:
        models.add(
            tx,
            models.Trained(
                model_id=model.model_id,
                created_at=now,
                as_of=model.as_of,
                published=published,
                reason=reason,
                metrics=model.metrics,
            ),
        )
    if published:
        artifacts.point(settings.models, model.model_id)
