"""A policy's life in a world, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.simulate import day
from jobs.simulate.day import Evening
from jobs.simulate.replies import UNASKED
from jobs.simulate.rivals import Player
from jobs.simulate.world import SPOKEN, World

YEAR = 365.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What a policy brought after the burn-in; sums over customers, which add."""

    customers: int = 0
    customer_days: float = 0.0
    utility: float = 0.0
    margin: float = 0.0
    messages: int = 0
    executions: int = 0
    unwanted: int = 0
    opted_out: int = 0
    over_ceiling: int = 0  # acts above what the customer stated

    def __add__(self, other: Score) -> Score:
        return Score(**{name: getattr(self, name) + getattr(other, name) for name in Score.__slots__})

    @classmethod
    def of(cls, evening: Evening, world: World) -> Score:
        """Of one day, without who lived it."""
        return cls(
            customer_days=float(world.scenario.customers),
            utility=float(evening.utility.sum()),
            margin=float(evening.margin.sum()),
            messages=int(SPOKEN[evening.acts].sum()),
            executions=int(np.isin(evening.acts, UNASKED).sum()),
            unwanted=int(evening.replies.unwanted.sum()),
            over_ceiling=int((evening.acts > world.customers.ceiling[:, None]).sum()),
        )

    @property
    def opt_out_percent(self) -> float:
        """Of the customers there were at the start."""
        return 100 * self.opted_out / self.customers

    @property
    def unwanted_per_customer_year(self) -> float:
        """Orders that nobody wanted."""
        return YEAR * self.unwanted / self.customer_days

    @property
    def margin_per_customer_month(self) -> float:
        """The shop's."""
        return YEAR / 12 * self.margin / self.customer_days


def play(player: Player, world: World) -> Score:
    """A whole life in a world: the burn-in under respond, then by the policy, measured."""
    return lived(player, begun(player, world), world.scenario.days - world.scenario.burn_in)[1]


def begun(player: Player, world: World) -> World:
    """The morning after the burn-in; the policy has seen all of it."""
    waits = np.zeros(world.state.stock.shape, np.int64)
    for _ in range(world.scenario.burn_in):
        player.learn(world.morning)
        world, _ = day.lived(world, waits)
    return world


def lived(player: Player, world: World, days: int) -> tuple[World, Score]:
    """Some days under a policy."""
    total = Score()
    for _ in range(days):
        player.learn(world.morning)
        morning = world
        world, evening = day.lived(morning, player.act(morning))
        total += Score.of(evening, morning)
    ended = Score(customers=world.scenario.customers, opted_out=int((~world.reachable).sum()))
    return world, total + ended
