"""The bar that an execution nobody was asked about must clear: a certificate from finished windows."""

from __future__ import annotations

from engine.domain.decisions import Removal, Rung, Stage
from engine.learn.base import Certificate, Forecast, Model
from modes.policy import Policy
from modes.value import bar

MOST = 0.99  # that is ever asked of a forecast


def promise(rung: Rung, policy: Policy) -> float:
    """The least share of executions of this rung that must be right.

    Examples
    --------
    >>> promise(Rung.VETO, Policy()), promise(Rung.SILENT, Policy())
    (0.9, 0.952)
    """
    worth = policy.worth
    return max(policy.promise, round(bar(worth.wrong[rung], worth.missed, worth.trust_margin), 3))


def certificate(model: Model | None, rung: Rung, order: Forecast, policy: Policy) -> Certificate | None:
    """The proof for this rung and the window of an order; None without a model."""
    return None if model is None else model.certificate(round(order.window_days), promise(rung, policy))


def removals(certificate: Certificate | None, forecast: Forecast, higher: float = 0.0) -> list[Removal]:
    """Why the certificate does not carry the forecast: there is none, it is shut, or the forecast lies below it.

    Parameters
    ----------
    higher : how much more sure the forecast must be, after something went wrong
    """
    if certificate is None:
        return [Removal(stage=Stage.GATE, rule="certificate.missing")]
    facts = {"promise": certificate.promise, "window_days": certificate.window_days}
    if certificate.threshold is None:
        return [Removal(stage=Stage.GATE, rule="certificate.shut", detail=facts | {"why": certificate.reason})]
    threshold = round(min(certificate.threshold + higher, MOST), 9)
    if forecast.probability >= threshold:
        return []
    below = {"threshold": round(threshold, 4), "probability": round(forecast.probability, 4)}
    return [Removal(stage=Stage.GATE, rule="certificate.below", detail=facts | below)]
