"""What the data do not say: agency, consents, mandates and goals, assigned by a seeded rule from what was observed.

Nothing here is a finding about real people. Of each household three things are observed before the cut-off:
*regularity* (how evenly spaced its purchases of a kind of thing are), *loyalty* (how often it takes its usual item of
the kind) and whether it redeemed *coupons* (it showed who it is for a benefit). From them:

- **ceilings**: households are ranked by regularity + loyalty + a seeded draw of the same weight; shares of the
  ranking, least first: respond 6 %, curate 12 %, coach 16 %, approve 26 %, veto 28 %, silent 12 %; a household without
  a kind of thing bought on 6 days or more gets approve;
- **consents**: personalization is refused by 4 %; automation, coaching and behaviour are granted by 60 %, 60 % and
  50 %, and by 20 points more of those who redeemed coupons; of the rest half refuse and half say nothing;
- **mandates**: whoever granted automation and has a ceiling of veto or silent signs for the kinds of thing they bought
  most often (at most 12, bought on 6 days or more, no fuel, alcohol, tobacco): a price band up to a quarter above the
  dearest usual price, at most 4 of a thing, a budget of half their usual spending of 28 days, 3 days between orders,
  90 days;
- **goals**: whoever granted coaching has one: not to run out of their steadiest kind of thing (half of them), to spend
  a fifth less in their dearest category (a quarter), to buy one kind of thing more often (a quarter).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from engine.assignment import uniform
from engine.domain.customers import Consent, Goal, GoalKind, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.values import Money
from jobs.demo.data import CURRENCY, Journey

SHARES = {
    Rung.RESPOND: 0.06,
    Rung.CURATE: 0.12,
    Rung.COACH: 0.16,
    Rung.APPROVE: 0.26,
    Rung.VETO: 0.28,
    Rung.SILENT: 0.12,
}
GRANTED = {Purpose.BEHAVIOUR: 0.50, Purpose.COACHING: 0.60, Purpose.AUTOMATION: 0.60}
REFUSE_PERSONALIZATION = 0.04
TRUST_OF_REDEEMERS = 0.20
FEWEST_DAYS = 6  # on which a kind of thing was bought, for a mandate
MOST_FAMILIES = 12
NEVER = ("FUEL", "TOBACCO", "CIGARETTES", "BEER", "WINE", "LIQUOR", "SPIRITS", "COUPON", "GASOLINE")
WORDING = "demo-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """What one household is taken to have said."""

    customer_id: str
    preferences: Preferences
    consents: tuple[Consent, ...]
    mandate: Mandate | None
    goal: Goal | None


def assign(journey: Journey, at: datetime, seed: int) -> list[Assigned]:
    """What every household is taken to have said at ``at``, from what it did before.

    Parameters
    ----------
    journey : what happened before ``at`` and nothing after it
    seed : of the draws; a household's draws do not depend on who else there is
    """
    bought = _bought(journey)
    habits, spent = _habits(bought), _spent(bought, at)
    dearest = _dearest(bought, at)
    ceilings = _ceilings(habits, seed)
    redeemers = set(journey.redemptions["customer_id"])
    steady = dict(iter(habits.groupby("customer_id", sort=False)))
    none = habits.iloc[:0]
    assigned = []
    for id in sorted(bought["customer_id"].unique()):
        consents = _consents(id, id in redeemers, at, seed)
        granted = {consent.purpose for consent in consents if consent.state is Grant.GRANTED}
        own, ceiling = steady.get(id, none), ceilings.get(id, Rung.APPROVE)
        signs = Purpose.AUTOMATION in granted and ceiling >= Rung.VETO
        assigned.append(
            Assigned(
                customer_id=id,
                preferences=Preferences(ceiling=ceiling),
                consents=consents,
                mandate=_mandate(id, own, spent[id], at) if signs else None,
                goal=_goal(id, own, dearest.get(id), at, seed) if Purpose.COACHING in granted else None,
            )
        )
    return assigned


def _bought(journey: Journey) -> pd.DataFrame:
    """Lines with family, category, day, amount in cents and the price of one."""
    lines = journey.lines.merge(journey.items[["item_id", "family", "category"]], on="item_id", how="left")
    cents = (lines["amount"].astype(float) * 100).round()
    day = lines["ordered_at"].dt.floor("D")
    return lines.assign(day=day, cents=cents, unit_cents=cents / lines["quantity"])


def _habits(bought: pd.DataFrame) -> pd.DataFrame:
    """Each household's kinds of things bought on six days or more, the steadiest first."""
    named = bought["family"] + " " + bought["category"].fillna("")
    allowed = bought[~named.str.upper().str.contains("|".join(NEVER), regex=True)]
    pair = ["customer_id", "family"]
    days = allowed[[*pair, "day"]].drop_duplicates().sort_values([*pair, "day"])
    gaps = days.groupby(pair, sort=False)["day"].diff().dt.days
    by_pair = gaps.groupby([days["customer_id"], days["family"]], sort=False)
    habits = pd.DataFrame({"days": by_pair.size(), "gap": by_pair.mean(), "spread": by_pair.std()}).reset_index()
    habits = habits[habits["days"] >= FEWEST_DAYS]
    usual = allowed.groupby([*pair, "item_id"], sort=False).agg(n=("item_id", "size"), price=("unit_cents", "median"))
    usual = usual.sort_values("n", ascending=False).reset_index().drop_duplicates(pair)
    lines = allowed.groupby(pair, sort=False).size().rename("lines").reset_index()
    habits = habits.merge(usual, on=pair).merge(lines, on=pair)
    habits["unevenness"] = habits["spread"] / habits["gap"]
    habits["loyalty"] = habits["n"] / habits["lines"]
    return habits.sort_values(["customer_id", "unevenness", "family"], ignore_index=True)


def _spent(bought: pd.DataFrame, at: datetime) -> Mapping[str, float]:
    """Cents a household usually spends in 28 days."""
    first = bought.groupby("customer_id")["ordered_at"].min()
    days = ((pd.Timestamp(at) - first).dt.total_seconds() / 86_400).clip(lower=28)
    spent: Mapping[str, float] = (bought.groupby("customer_id")["cents"].sum() / days * 28).to_dict()
    return spent


def _dearest(bought: pd.DataFrame, at: datetime) -> dict[str, tuple[str, float]]:
    """Each household's dearest category, widest level, and the cents spent in it in the last 84 days, for 28."""
    recent = bought[bought["ordered_at"] >= pd.Timestamp(at - timedelta(days=84))]
    top = recent["category"].fillna("").str.split(" > ").str[0]
    known = recent.assign(top=top)[top != ""]
    sums = known.groupby(["customer_id", "top"])["cents"].sum().sort_values(ascending=False).reset_index()
    first = sums.drop_duplicates("customer_id")
    return {row.customer_id: (row.top, row.cents / 3) for row in first.itertuples()}


def _ceilings(habits: pd.DataFrame, seed: int) -> dict[str, Rung]:
    """Each household's ceiling, by its place in the ranking."""
    of = habits.groupby("customer_id").agg(unevenness=("unevenness", "median"), loyalty=("loyalty", "mean"))
    steadiness = of["unevenness"].rank(ascending=False, pct=True) + of["loyalty"].rank(pct=True)
    draw = np.array([_draw(seed, "ceiling", id) for id in of.index])
    place = (steadiness + draw * 2).rank(pct=True, method="first")
    edges = np.cumsum(list(SHARES.values()))
    rungs = list(SHARES)
    return {id: rungs[int(np.searchsorted(edges[:-1], share))] for id, share in place.items()}


def _consents(id: str, redeemer: bool, at: datetime, seed: int) -> tuple[Consent, ...]:
    states = {}
    if _draw(seed, "personalization", id) < REFUSE_PERSONALIZATION:
        states[Purpose.PERSONALIZATION] = Grant.REFUSED
    for purpose, share in GRANTED.items():
        draw = _draw(seed, purpose.value, id)
        likely = share + TRUST_OF_REDEEMERS * redeemer
        if draw < likely:
            states[purpose] = Grant.GRANTED
        elif draw < (likely + 1) / 2:
            states[purpose] = Grant.REFUSED
    return tuple(
        Consent(purpose=purpose, state=state, at=at, wording=WORDING, source="assigned")
        for purpose, state in states.items()
    )


def _mandate(id: str, habits: pd.DataFrame, spent: float, at: datetime) -> Mandate | None:
    signed = habits.sort_values(["days", "family"], ascending=[False, True]).head(MOST_FAMILIES)
    if signed.empty:
        return None
    return Mandate(
        mandate_id=f"demo-{id}",
        customer_id=id,
        families=frozenset(signed["family"]),
        price_low=_usd(0),
        price_high=_usd(signed["price"].max() * 1.25),
        max_quantity=4,
        budget=_usd(spent / 2),
        budget_period=timedelta(days=28),
        earliest_interval=timedelta(days=3),
        wording=WORDING,
        signed_at=at,
        expires_at=at + timedelta(days=90),
    )


def _goal(id: str, habits: pd.DataFrame, dearest: tuple[str, float] | None, at: datetime, seed: int) -> Goal | None:
    draw = _draw(seed, "goal", id)
    if draw < 0.25 and dearest is not None:
        category, cents = dearest
        aim = {"category": category, "target": round(cents * 0.8), "currency": CURRENCY}
        return _made(id, GoalKind.SPEND_LESS, at, **aim)
    if habits.empty:
        return None
    steadiest = habits.iloc[0]
    if draw < 0.5:
        more = float(np.ceil(28 / steadiest["gap"])) + 1
        return _made(id, GoalKind.BUY_MORE, at, family=steadiest["family"], target=more)
    return _made(id, GoalKind.NOT_RUN_OUT, at, family=steadiest["family"])


def _made(id: str, kind: GoalKind, at: datetime, **aim: object) -> Goal:
    return Goal(goal_id=f"demo-{id}", customer_id=id, kind=kind, created_at=at, **aim)  # type: ignore[arg-type]


def _usd(cents: float) -> Money:
    return Money(minor=int(np.ceil(cents)), currency=CURRENCY)


def _draw(seed: int, what: str, id: str) -> float:
    return uniform(f"demo {seed}", what, id)
