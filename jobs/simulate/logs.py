"""One day of an invented world decided by chance of known shares: a log for off-policy values whose truth is known.

The selector leads a world through the burn-in and some weeks. Then chance chooses a rung for every pair that can be
reached, with propensities written down; nothing that orders unasked is ever chosen. The true value of another policy is
found by running it on copies of the same morning, with other luck each time.

The reward is what the day itself is worth to the customer with this need, not what comes of it later. Replies to one
need do not hang on what is done for another on the same day, so that rewards belong to the row.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.domain.decisions import Rung
from engine.learn.offpolicy.log import Log, Shares, mixed, table_of
from jobs.simulate.day import Evening
from jobs.simulate.playing import begun, lived
from jobs.simulate.replies import SOFT
from jobs.simulate.rivals import Selector
from jobs.simulate.scenario import Scenario
from jobs.simulate.seen import Bools, Floats, Ints, Morning
from jobs.simulate.world import World

CHOSEN, RUN = 2, 3  # what a seed is drawn for, beside the world's own
WEEKS = 4
EXPLORED = 0.6  # share of decisions that go to soft rungs, each as often as the others
FEATURES = ("welcome", "right", "load", "ceiling", "says_agency", "says_trust")
RUNGS = np.arange(len(Rung))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Glance:
    """What a policy may decide by on one morning.

    Attributes
    ----------
    welcome, right : float arrays of shape (n, m), the shop's forecast that an order is welcome, and right
    """

    morning: Morning
    welcome: Floats
    right: Floats

    @property
    def soft(self) -> Bools:
        """Rungs that may be tried, shape (n, m, 6): none above the ceiling, coach where there is a goal."""
        may = self.morning.ceiling[:, None, None] >= RUNGS
        may = may & (np.isin(RUNGS, SOFT) | (RUNGS == Rung.RESPOND))
        return may & ((RUNGS != Rung.COACH) | self.morning.goals[..., None])

    @property
    def features(self) -> Floats:
        """Known before anything is chosen, shape (n, m, len(FEATURES))."""
        who = self.morning
        of_customers = (who.messages, who.ceiling, who.agency, who.trust)
        spread = [np.broadcast_to(one[:, None].astype(float), self.welcome.shape) for one in of_customers]
        return np.stack([self.welcome, self.right, *spread], axis=-1)


Policy = Callable[[Glance], Floats]  # probabilities of the six rungs for every pair, shape (n, m, 6)


def explores(glance: Glance) -> Floats:
    """Respond mostly, every other soft rung that may be tried equally often."""
    soft = glance.soft & (RUNGS != Rung.RESPOND)
    count = soft.sum(axis=-1, keepdims=True)
    share = np.where(count > 0, EXPLORED, 0.0)
    return soft * (share / np.maximum(count, 1)) + (RUNGS == Rung.RESPOND) * (1 - share)


def certain(rungs: Ints) -> Floats:
    """Probabilities of a policy that leaves nothing to chance."""
    return np.asarray(rungs[..., None] == RUNGS, float)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Eve:
    """A world on the morning that is logged, and what the shop knows of it."""

    world: World
    glance: Glance

    @classmethod
    def of(cls, scenario: Scenario, seed: int, weeks: int = WEEKS) -> Eve:
        """After the burn-in and some weeks under the selector."""
        player = Selector(scenario.customers, scenario.needs, seed)
        world, _ = lived(player, begun(player, World.born(scenario, seed)), 7 * weeks)
        player.learn(world.morning)
        known = player.shop.renewals
        glance = Glance(morning=world.morning, welcome=known.welcome(world.day), right=known.right(world.day))
        return cls(world=world, glance=glance)

    def logged(self) -> DayLog:
        """The day, decided by chance."""
        shares = explores(self.glance)
        rng = np.random.default_rng((self.world.seed, CHOSEN, self.world.day))
        rungs = _drawn(shares, rng)
        evening = Evening.of(self.world, rungs, self.world.luck())
        return DayLog(eve=self, shares=shares, rungs=rungs, rewards=evening.utility)

    def worth(self, policy: Policy, copies: int) -> float:
        """The mean reward under a policy, over pairs that can be reached and copies of the day."""
        shares, who = policy(self.glance), self.glance.morning.reachable
        rng = np.random.default_rng((self.world.seed, RUN, self.world.day))
        total = 0.0
        for copy in range(1, copies + 1):
            evening = Evening.of(self.world, _drawn(shares, rng), self.world.luck(copy))
            total += float(evening.utility[who].mean())
        return total / copies


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DayLog:
    """What was chosen on the day, how probably, and what it brought; arrays of shape (n, m)."""

    eve: Eve
    shares: Floats  # of shape (n, m, 6)
    rungs: Ints
    rewards: Floats

    @property
    def log(self) -> Log:
        """The rows of pairs that can be reached, as arrays, customer by customer; rows of one customer go together."""
        customers, needs = self._rows
        rungs = self.rungs[customers, needs]
        size = self.rungs.shape[1]
        return Log(
            units=mixed(customers.astype(np.uint64)),
            contexts=mixed((customers * size + needs).astype(np.uint64)),
            positions=np.zeros(len(rungs), np.int64),
            actions=rungs,
            rewards=self.rewards[customers, needs],
            propensities=self.shares[customers, needs, rungs],
            features=self.eve.glance.features[customers, needs],
            n_positions=1,
            n_actions=len(Rung),
            available=self._table(self.shares > 0),
        )

    def of(self, policy: Policy) -> Shares:
        """What a policy would have done at each row."""
        return self._table(policy(self.eve.glance))

    def write(self, file: Path) -> int:
        """The rows as CSV that ``rapport ope`` reads; how many."""
        customers, needs = self._rows
        day, features = self.eve.world.day, self.eve.glance.features
        names = ("context_id", "customer_id", "action", "position", "reward", "propensity", "available", *FEATURES)
        with file.open("w", encoding="utf-8", newline="") as out:
            lines = csv.writer(out)
            lines.writerow(names)
            for who, need in zip(customers.tolist(), needs.tolist(), strict=True):
                rung, shares = self.rungs[who, need], self.shares[who, need]
                may = json.dumps([Rung(place).label for place in np.flatnonzero(shares).tolist()])
                done = (Rung(int(rung)).label, 0, float(self.rewards[who, need]), float(shares[rung]), may)
                lines.writerow((f"c{who}-n{need}-d{day}", f"c{who}", *done, *features[who, need].tolist()))
        return len(customers)

    @property
    def _rows(self) -> tuple[Ints, Ints]:
        customers, needs = np.nonzero(np.broadcast_to(self.eve.glance.morning.reachable[:, None], self.rungs.shape))
        return customers, needs

    def _table(self, given: Floats | Bools) -> Shares:
        customers, needs = self._rows
        return Shares(table=table_of(given[customers, needs]), rows=np.arange(len(customers)))


def _drawn(shares: Floats, rng: np.random.Generator) -> Ints:
    """A rung for each pair, by its shares."""
    return np.asarray((shares.cumsum(axis=-1) > rng.random(shares.shape[:2])[..., None]).argmax(axis=-1), np.int64)
