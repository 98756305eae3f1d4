"""What each rung is expected to be worth to the customer: arrays of many needs, of which one need is a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.domain.decisions import RUNGS, Rung
from modes import attention
from modes.policy import Worth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
EXECUTES = (Rung.VETO, Rung.SILENT)
UNASKED = np.isin(list(Rung), EXECUTES)  # by rung


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stakes:
    """What the value of acting on needs hangs on: numbers, or arrays of one shape.

    Attributes
    ----------
    probability : that the need is real
    order : that an order made unasked would be right; None: as the need
    goal : that a goal of the customer's own is at risk, nan where none is touched; None: none is
    buys : whether meeting the need is a purchase
    present : whether the customer is here
    load : messages of the last seven days
    agency : wish to decide oneself, 0 to 1; None: that of ``Worth``
    success : by rung in a last axis, taken up where the need is real; None: those of ``Worth``
    beyond : by rung in a last axis, probability that the customer is not comfortable with it; None: never
    helps : share of timely nudges that help; None: that of ``Worth``
    """

    probability: float | Floats
    order: float | Floats | None = None
    goal: float | Floats | None = None
    buys: bool | Bools = True
    present: bool | Bools = False
    load: float | Floats = 0
    agency: float | Floats | None = None
    success: Floats | None = None
    beyond: Floats | None = None
    helps: float | Floats | None = None


def benefit(worth: Worth, agency: float | None = None) -> float:
    """What is saved by acting: the customer's effort, and the days of standing without."""
    effort = worth.effort[Rung.RESPOND] * (worth.effort_scale - (worth.agency if agency is None else agency))
    return effort + worth.out_of_stock * worth.delay


def act(p: float, *, success: float, benefit: float, effort: float, wrong: float, executes: bool) -> float:
    """Expected value of an act by itself, without message, data and goal (the first lines of EU in the design).

    Parameters
    ----------
    p : probability that the need is real
    effort : what is left for the customer to do
    wrong : cost of an act that was not wanted

    Examples
    --------
    >>> round(act(0.9, success=1, benefit=1.7, effort=0, wrong=4, executes=True), 2)
    1.13
    """
    failed = p * (1 - success) * wrong if executes else 0.0
    return p * success * (benefit - effort) - (1 - p) * wrong - failed


def expected(stakes: Stakes, worth: Worth) -> Floats:
    """Expected benefit of every rung to the customer, against the customer doing it all (respond, 0).

    Returns
    -------
    float array of the shape of the stakes and a last axis of six rungs

    Examples
    --------
    >>> expected(Stakes(probability=0.9), Worth()).round(3).tolist()
    [0.0, 0.35, 0.346, 0.62, 0.731, 0.66]
    """
    spoken = attention.spoken(np.asarray(stakes.present)[..., None])
    message = spoken * attention.price(np.asarray(stakes.load, float), worth)[..., None]
    return before_messages(stakes, worth) - message


def before_messages(stakes: Stakes, worth: Worth) -> Floats:
    """The same without what the message itself costs."""
    success = _by_rung(worth.success) if stakes.success is None else stakes.success
    found = _acts(stakes, success, worth) + _goals(stakes, success, worth)
    found = found - _again(stakes, worth)
    if stakes.beyond is not None:
        found = found - worth.discomfort * stakes.beyond
    found[..., Rung.RESPOND] = 0.0
    return np.asarray(found, np.float64)


def _again(stakes: Stakes, worth: Worth) -> Floats:
    """What it costs to come back so soon after other messages; several on one day come as one."""
    spoken = attention.spoken(np.asarray(stakes.present)[..., None])
    return np.asarray(spoken * worth.again * np.asarray(stakes.load, float)[..., None], np.float64)


def _likely(stakes: Stakes) -> Floats:
    """The probability that each rung rests on."""
    order = stakes.probability if stakes.order is None else stakes.order
    probability = np.asarray(stakes.probability, float)[..., None]
    return np.where(UNASKED, np.asarray(order, float)[..., None], probability)


def _acts(stakes: Stakes, success: Floats, worth: Worth) -> Floats:
    wrong, p = _by_rung(worth.wrong), _likely(stakes)
    agency = np.asarray(worth.agency if stakes.agency is None else stakes.agency, float)[..., None]
    effort = _by_rung(worth.effort) * (worth.effort_scale - agency)
    saved = effort[..., :1] + worth.out_of_stock * worth.delay
    value = p * success * (saved - effort) - (1 - p) * wrong - UNASKED * p * (1 - success) * wrong
    needless = np.where(np.arange(len(RUNGS)) == Rung.COACH, 0.0, -wrong)
    return np.where(np.asarray(stakes.buys)[..., None], value, needless)


def _goals(stakes: Stakes, success: Floats, worth: Worth) -> Floats:
    """What a goal adds: a nudge helps with some; an order that is made in time reaches it, as far as it is taken up."""
    if stakes.goal is None:
        return np.zeros(len(RUNGS))
    goal = np.asarray(stakes.goal, float)[..., None]
    helps = np.asarray(worth.goal_success if stakes.helps is None else stakes.helps, float)[..., None]
    nudged = goal * helps * worth.goal - worth.needless * (1 - goal) - worth.scope
    ordered = np.where(np.asarray(stakes.buys)[..., None], goal * _likely(stakes) * success * worth.goal, 0.0)
    rungs = np.arange(len(RUNGS))
    added = np.where(rungs == Rung.COACH, nudged, np.where(rungs > Rung.COACH, ordered, 0.0))
    return np.where(np.isnan(goal), 0.0, added)


def _by_rung(given: Mapping[Rung, float]) -> Floats:
    return np.array([given[rung] for rung in RUNGS])


def bar(wrong: float, missed: float, margin: float = 0.0) -> float:
    """The precision from which acting unasked is right on average; a trust margin on top never takes it above .99.

    Examples
    --------
    >>> [round(bar(*costs), 4) for costs in ((4, 1.7), (1.3, 1.7), (9, 1), (4, 1.7, .25), (1.3, 1.7, .25))]
    [0.7018, 0.4333, 0.9, 0.9518, 0.6833]
    """
    return max(wrong / (wrong + missed), min(wrong / (wrong + missed) + margin, 0.99))
