"""The bar that an execution nobody was asked about must clear: a certificate from finished windows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import inf

from engine.domain.decisions import Removal, Rung, Stage
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.values import Money
from engine.learn.base import Certificate, Forecast, Model
from engine.learn.rhythm import WINDOWS
from modes import agency
from modes.policy import Policy, Worth
from modes.value import bar

MOST = 0.99  # that is ever asked of a forecast


def promise(rung: Rung, policy: Policy, category: tuple[str, ...] = ()) -> float:
    """The least share of executions of this rung that must be right, in a category where one is named.

    Examples
    --------
    >>> promise(Rung.VETO, Policy()), promise(Rung.SILENT, Policy())
    (0.9, 0.952)
    """
    return _promise(rung, policy, policy.worth_of(category))


def least_promise(rung: Rung, policy: Policy) -> float:
    """The lowest promise that any execution of this rung is made under: the shop's, or that of a category."""
    return min(_promise(rung, policy, worth) for worth in (policy.worth, *policy.categories.values()))


def _promise(rung: Rung, policy: Policy, worth: Worth) -> float:
    return max(policy.promise, round(bar(worth.wrong[rung], worth.missed, worth.trust_margin), 3))


def certificate(
    model: Model | None,
    rung: Rung,
    order: Forecast,
    policy: Policy,
    category: tuple[str, ...] = (),
    total: Money | None = None,
) -> Certificate | None:
    """The proof for this rung and the window of an order; None without a model.

    Parameters
    ----------
    category : of what would be ordered
    total : what the order comes to; where prices part proofs, one of another currency belongs to the highest class
    """
    if model is None:
        return None
    window, least = round(order.window_days), promise(rung, policy, category)
    if not policy.stakes or total is None:
        return model.certificate(window, least)
    stake = total.minor if total.currency == policy.currency else inf
    return model.certificate(window, least, stake=stake)


def removals(
    certificate: Certificate | None, forecast: Forecast, higher: float = 0.0, *, shut_at: datetime | None = None
) -> list[Removal]:
    """Why the certificate does not carry the forecast: there is none, it is shut, or the forecast lies below it.

    Parameters
    ----------
    higher : how much more sure the forecast must be, after something went wrong
    shut_at : when the live watch shut the rung, if it did, see ``watch``
    """
    if certificate is None:
        return [Removal(stage=Stage.GATE, rule="certificate.missing")]
    facts = {"promise": certificate.promise, "window_days": certificate.window_days}
    if certificate.threshold is None:
        return [Removal(stage=Stage.GATE, rule="certificate.shut", detail=facts | {"why": certificate.reason})]
    if shut_at is not None and not renewed(certificate, shut_at):
        return [Removal(stage=Stage.GATE, rule="watch.shut", detail=facts | {"since": shut_at.isoformat()})]
    threshold = round(min(certificate.threshold + higher, MOST), 9)
    if forecast.probability >= threshold:
        return []
    below = {"threshold": round(threshold, 4), "probability": round(forecast.probability, 4)}
    return [Removal(stage=Stage.GATE, rule="certificate.below", detail=facts | below)]


def renewed(certificate: Certificate, shut_at: datetime) -> bool:
    """Whether a certificate postdates a shutting: it is open, and its latest window began after it.

    A training of the next day rests on nearly the same windows, and says nothing new of what went wrong.
    """
    return certificate.is_open and max(certificate.windows, default=0.0) >= day_of(shut_at)


def proved(model: Model | None, rung: Rung, policy: Policy, house: House) -> bool:
    """Whether the rung may be used at all: over some window its proof is open, and newer than its shutting."""
    shut_at = house.shut.get(rung)
    found = (proof for proof in proofs(model, rung, policy) if proof.is_open)
    return any(shut_at is None or renewed(proof, shut_at) for proof in found)


def proofs(model: Model | None, rung: Rung, policy: Policy) -> list[Certificate]:
    """The certificates of each window, and of each class of prices, for the shop's promise; none without a model."""
    if model is None:
        return []
    if not policy.stakes or not model.stakes:
        return [model.certificate(window, promise(rung, policy)) for window in WINDOWS]
    classes = (0.0, *model.stakes)
    return [model.certificate(window, promise(rung, policy), stake=least) for window in WINDOWS for least in classes]


def masked(rung: Rung, family: str | None, categories: Iterable[tuple[str, ...]], policy: Policy) -> list[Removal]:
    """What the shop never does for such things; the strictest of what it said.

    Parameters
    ----------
    categories : of the need's usual item, and of what would be ordered
    """
    if not policy.masks or rung is Rung.RESPOND:
        return []
    names = tuple(name for category in categories for name in agency.names(category))
    most = min((mask.at_most for mask in policy.masks if mask.covers(family, names)), default=Rung.SILENT)
    if rung <= most:
        return []
    return [Removal(stage=Stage.RULE, rule=f"mask.{most.label}", detail={"family": family})]
