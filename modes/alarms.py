"""When something is to be looked at: raised at one figure and cleared at a lower one, so that no alert flaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from engine.domain.alerts import Alarm, AlertKind
from engine.domain.customers import Mandate
from engine.domain.executions import SPENT, Execution
from engine.domain.house import House
from engine.domain.rules import Cap, Use, summed
from modes import rules

FEWEST = 8  # calls, before a gateway is called failing
LOST = (0.3, 0.1)  # share of calls without a known outcome: raised from, cleared up to
USED = (0.9, 0.8)  # share of a mandate's budget: raised from, cleared below


def gateways(calls: Mapping[str, tuple[int, int]], standing: Collection[str]) -> list[Alarm]:
    """The gateways that fail: calls and lost calls of a while, by name; ``standing`` are called failing already.

    A gateway that nobody called lately stays what it was.

    Examples
    --------
    >>> seen = {"a": (7, 7), "b": (10, 3), "c": (10, 2), "d": (10, 2), "e": (10, 1)}
    >>> [alarm.subject for alarm in gateways(seen, ["d", "e", "f"])]
    ['b', 'd', 'f']
    """
    names = sorted({*calls, *standing})
    return [_gateway(name, *calls.get(name, (0, 0))) for name in names if _fails(calls.get(name), name in standing)]


def _fails(calls: tuple[int, int] | None, standing: bool) -> bool:
    if calls is None or not calls[0]:
        return standing
    n, lost = calls
    raised, kept = LOST
    return lost / n > kept if standing else n >= FEWEST and lost / n >= raised


def _gateway(name: str, n: int, lost: int) -> Alarm:
    return Alarm(kind=AlertKind.GATEWAY, subject=name, detail={"calls": n, "without_outcome": lost})


def budgets(
    signed: Iterable[Mandate], executions: Mapping[str, Collection[Execution]], now: datetime, standing: bool
) -> list[Alarm]:
    """One alarm where budgets of mandates are nearly used.

    Parameters
    ----------
    signed : mandates that orders are coming up under
    executions : by customer, as far back as the budgets' periods
    standing : whether it is raised already
    """
    used = [one.mandate_id for one in signed if _used(one, executions.get(one.customer_id, ()), now) >= USED[standing]]
    return [Alarm(kind=AlertKind.BUDGET, detail={"mandates": len(used)})] if used else []


def caps(house: House, today: date, standing: Collection[str]) -> list[Alarm]:
    """One alarm for each cap of the whole shop that is nearly used in the stretch of time that it is.

    Parameters
    ----------
    standing : ids of rules that it is raised for already
    """
    found = []
    for rule in house.rules:
        if isinstance(rule.effect, Cap) and not rule.effect.personal:
            share = max(
                (_share(rule.effect, use) for _, use in summed(house.uses, rule, rule.effect, today)), default=0
            )
            if share >= USED[rule.rule_id in standing]:
                detail = {"limit": rule.effect.limit, "used": round(share, 2)}
                found.append(Alarm(kind=AlertKind.CAP, subject=rule.rule_id, detail=detail))
    return found


def _share(cap: Cap, use: Use) -> float:
    """How much of a cap is used; nothing of one in another currency."""
    if cap.count is not None:
        return use.count / cap.count if cap.count else 1.0
    if cap.money is None or cap.money.currency != use.currency:
        return 0.0
    return use.minor / cap.money.minor if cap.money.minor else 1.0


def _used(mandate: Mandate, executions: Collection[Execution], now: datetime) -> float:
    if mandate.budget is None or not mandate.budget.minor or not mandate.live(now):
        return 0.0
    drawn = [one for one in executions if one.state in SPENT]
    return rules.spent(mandate, drawn, now, mandate.budget.currency).minor / mandate.budget.minor
