"""What each rung is expected to be worth to the customer."""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.decisions import Rung
from modes import attention
from modes.policy import Worth

EXECUTES = (Rung.VETO, Rung.SILENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stakes:
    """What the value of acting on a need hangs on."""

    probability: float  # that the need is real
    order: float | None = None  # that an order made unasked would be right; None: as the need
    goal: float | None = None  # that a goal of the customer's own is at risk; None: none is touched
    buys: bool = True  # whether meeting the need is a purchase
    present: bool = False  # whether the customer is here
    load: int = 0  # messages of the last seven days

    def likely(self, rung: Rung) -> float:
        """The probability that the rung rests on."""
        return self.order if rung in EXECUTES and self.order is not None else self.probability


def benefit(worth: Worth) -> float:
    """What is saved by acting: the customer's effort, and the days of standing without."""
    effort = worth.effort[Rung.RESPOND] * (worth.effort_scale - worth.agency)
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


def expected(rung: Rung, stakes: Stakes, worth: Worth) -> float:
    """Expected benefit of a rung to the customer, against the customer doing it all (respond, 0)."""
    if rung is Rung.RESPOND:
        return 0.0
    message = attention.price(stakes.load, worth) if attention.speaks(rung, stakes.present) else 0.0
    return _act(rung, stakes, worth) + _goal(rung, stakes, worth) - message


def _act(rung: Rung, stakes: Stakes, worth: Worth) -> float:
    if not stakes.buys:
        return 0.0 if rung is Rung.COACH else -worth.wrong[rung]
    return act(
        stakes.likely(rung),
        success=worth.success[rung],
        benefit=benefit(worth),
        effort=worth.effort[rung] * (worth.effort_scale - worth.agency),
        wrong=worth.wrong[rung],
        executes=rung in EXECUTES,
    )


def _goal(rung: Rung, stakes: Stakes, worth: Worth) -> float:
    """What a goal adds: a nudge helps with some; an order that is made in time reaches it, as far as it is taken up."""
    if stakes.goal is None or rung < Rung.COACH:
        return 0.0
    if rung is Rung.COACH:
        return stakes.goal * worth.goal_success * worth.goal - 0.25 * (1 - stakes.goal) - worth.scope
    return stakes.goal * stakes.likely(rung) * worth.success[rung] * worth.goal if stakes.buys else 0.0


def bar(wrong: float, missed: float, margin: float = 0.0) -> float:
    """The precision from which acting unasked is right on average; a trust margin on top never takes it above .99.

    Examples
    --------
    >>> [round(bar(*costs), 4) for costs in ((4, 1.7), (1.3, 1.7), (9, 1), (4, 1.7, .25), (1.3, 1.7, .25))]
    [0.7018, 0.4333, 0.9, 0.9518, 0.6833]
    """
    return max(wrong / (wrong + missed), min(wrong / (wrong + missed) + margin, 0.99))
