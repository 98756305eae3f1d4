"""Policies to compare the selector with, and an oracle that looks into the customers of a world.

The rivals have the selector's forecast of renewals, and leave a need alone for as long after an act; what they do with
it is theirs. Only the static rules heed the ceilings that customers stated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from engine.domain.decisions import Rung
from jobs.simulate import replies
from jobs.simulate.renewals import Renewals
from jobs.simulate.seen import REFUSED, Bools, Floats, Ints, Morning
from jobs.simulate.shop import shop
from jobs.simulate.world import World
from modes.policy import Policy

LIKELY = 0.4  # from which the plain rivals act, as the selector may
WEEKLY = 3
ORACLE_ACTS = 1.0  # days of stock at which the oracle acts
DEFAULTS = Policy()


class Player(Protocol):
    """Whoever decides in a world, day by day."""

    def learn(self, morning: Morning) -> None:
        """Take in yesterday."""

    def act(self, world: World) -> Ints:
        """A rung for every pair today."""
        ...


class Selector:
    """The selection of ``modes``, on nothing but what a shop may know."""

    def __init__(self, n: int, m: int, seed: int, **parts: bool) -> None:
        self.shop = shop(n, m, seed, **parts)

    def learn(self, morning: Morning) -> None:
        """Take in yesterday."""
        self.shop.learn(morning)

    def act(self, world: World) -> Ints:
        """A rung for every pair today."""
        return self.shop.act(world.morning)


class Pause:
    """The days for which a pair is left alone after an act."""

    def __init__(self, n: int, m: int) -> None:
        self.until, self.acts = np.zeros((n, m)), np.zeros((n, m), np.int64)

    def learn(self, morning: Morning) -> None:
        """Longer after a refusal."""
        days = np.where(morning.saw(*REFUSED), DEFAULTS.rest_after_refusal_days, DEFAULTS.rest_days)
        self.until = np.where(self.acts > 0, morning.day - 1 + days, self.until)

    def over(self, day: int) -> Bools:
        """Whether a pair may be approached today."""
        return day >= self.until

    def after(self, acts: Ints) -> Ints:
        """The acts, remembered until tomorrow."""
        self.acts = acts
        return acts


class Rival:
    """A rule over forecasts: ``choose`` takes the morning, and how likely an order is welcome, and right."""

    def __init__(self, n: int, m: int, choose: Callable[[Morning, Floats, Floats], Ints]) -> None:
        self.renewals, self.pause, self.choose = Renewals(n, m), Pause(n, m), choose

    def learn(self, morning: Morning) -> None:
        """Take in yesterday; any act may have been taken up with the same probability."""
        usual = DEFAULTS.worth.success[Rung.CURATE]
        self.renewals.learn(morning, np.where(self.pause.acts > 0, usual, 0.0))
        self.pause.learn(morning)

    def act(self, world: World) -> Ints:
        """The rule's rungs, where a pair may be approached."""
        morning = world.morning
        free = self.pause.over(morning.day) & morning.reachable[:, None]
        welcome, right = self.renewals.welcome(morning.day), self.renewals.right(morning.day)
        return self.pause.after(np.where(free, self.choose(morning, welcome * free, right * free), 0))


def always(rung: Rung) -> Callable[[Morning, Floats, Floats], Ints]:
    """One rung wherever a need is likely."""
    return lambda morning, welcome, right: np.where(welcome >= LIKELY, int(rung), 0)


def curates_sparingly(morning: Morning, welcome: Floats, right: Floats) -> Ints:
    """Curate where the need is likelier than not, likeliest first, while the week's messages last."""
    places = np.argsort(np.argsort(-welcome, axis=1), axis=1)
    due = (welcome >= 0.5) & (places < (WEEKLY - morning.messages)[:, None])
    return np.where(due, int(Rung.CURATE), 0)


def executes_when_sure(morning: Morning, welcome: Floats, right: Floats) -> Ints:
    """Order, without a word, where it is right nine times in ten."""
    return np.where(right >= 0.9, int(Rung.SILENT), 0)


def by_the_grid(morning: Morning, welcome: Floats, right: Floats) -> Ints:
    """What a textbook makes of stated agency and trust, within the ceiling, where a need is likely."""
    wish, trust = morning.agency, morning.trust
    hands_over, trusts = wish < 0.4, trust >= 0.6
    rung = np.select(
        [hands_over & trusts, hands_over, trusts & (wish < 0.7), trusts],
        [int(Rung.SILENT), int(Rung.VETO), int(Rung.APPROVE), int(Rung.COACH)],
        int(Rung.CURATE),
    )
    return np.where(welcome >= LIKELY, np.minimum(rung, morning.ceiling)[:, None], 0)


def nothing(morning: Morning, welcome: Floats, right: Floats) -> Ints:
    """Respond."""
    return np.zeros(welcome.shape, np.int64)


class Oracle:
    """Looks into the customers, and does what is worth most to them by the end of the day.

    It knows stocks, prices, comfort and goals, heeds no stated ceiling, and sees no further than the next order; nobody
    can know as much, yet it is no bound: it does not see coming whom it drives to opt out.
    """

    def __init__(self, n: int, m: int) -> None:
        self.pause = Pause(n, m)

    def learn(self, morning: Morning) -> None:
        """Take in yesterday."""
        self.pause.learn(morning)

    def act(self, world: World) -> Ints:
        """The best rung where an order is due."""
        due = world.welcome & (world.state.stock <= ORACLE_ACTS) & self.pause.over(world.day)
        gains = np.stack([gain(world, rung) for rung in Rung])
        return self.pause.after(np.where(due & world.reachable[:, None], gains.argmax(axis=0), 0))


def gain(world: World, rung: Rung) -> Floats:
    """What a rung is expected to bring where an order is welcome, over waiting for the customer to order."""
    if rung is Rung.RESPOND:
        return np.zeros(world.state.stock.shape)
    worth, over = world.scenario.worth, replies.overreach(world, int(rung))
    waited = worth.out_of_stock / world.customers.recalls
    saved = world.effort(int(Rung.RESPOND)) + waited - world.effort(int(rung))
    brought = _asked(world, rung, saved, over) if rung in replies.SOFT else _unasked(world, rung, saved, over)
    return brought - world.message(int(rung))


def _asked(world: World, rung: Rung, saved: Floats, over: Floats) -> Floats:
    """Of proposals: what is taken up, less how much the rest annoys."""
    worth, moods = world.scenario.worth, world.scenario.moods
    taken = replies.taking(world, over)
    found = taken * saved - (1 - taken) * moods.ignored * (1 + world.load) - moods.soft_overreach * over
    if rung is Rung.CURATE:
        return found + taken * worth.idea * world.customers.variety
    if rung is Rung.APPROVE:
        return found - taken * worth.edit * world.state.other
    nudged = np.where(world.goal_open, replies.moving(world) * worth.goal, -worth.needless * ~world.customers.goal)
    return found + nudged


def _unasked(world: World, rung: Rung, saved: Floats, over: Floats) -> Floats:
    """Of orders: they may be stopped on principle, or be of the wrong item."""
    worth, moods, manners = world.scenario.worth, world.scenario.moods, world.scenario.replies
    seen = manners.notice if rung is Rung.VETO else 0.0
    stopped = seen * np.minimum(manners.principle * over, 1.0)
    wrong = (1 - seen) * world.state.other
    lost = manners.sends_back * worth.send_back + (1 - manners.sends_back) * worth.put_up_with + moods.unwanted + saved
    delivered = (1 - stopped) * (saved - (worth.overreach + moods.hard_overreach) * over)
    return delivered - wrong * lost - stopped * (worth.veto + moods.vetoed)


Sized = Callable[[int, int, int], Player]  # customers, needs, seed


def _rule(choose: Callable[[Morning, Floats, Floats], Ints]) -> Sized:
    return lambda n, m, seed: Rival(n, m, choose)


SELECTOR, ORACLE = "selector", "oracle"
PLAYERS: dict[str, Sized] = {
    ORACLE: lambda n, m, seed: Oracle(n, m),
    SELECTOR: lambda n, m, seed: Selector(n, m, seed),
    "curate at p >= .5, at most 3 a week": _rule(curates_sparingly),
    "always respond": _rule(nothing),
    "always curate": _rule(always(Rung.CURATE)),
    "always coach": _rule(always(Rung.COACH)),
    "always execute": _rule(always(Rung.SILENT)),
    "execute at p >= .9": _rule(executes_when_sure),
    "static agency x trust rules": _rule(by_the_grid),
}
