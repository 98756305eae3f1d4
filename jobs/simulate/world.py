"""An invented world on a morning: customers who run out of things.

A world is a value, and a day makes another one of it. Luck belongs to the seed and the day, so that two policies meet
the same luck, and one day can be lived again with other luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.simulate.customers import Customers
from jobs.simulate.luck import Lots
from jobs.simulate.scenario import Scenario
from jobs.simulate.seen import Bools, Floats, Ints, Morning, Sign

BORN, LIVED = 0, 1  # what a seed is drawn for
WEEK = 7
SPOKEN = np.array([0, 1, 1, 1, 1, 0])  # messages that each rung sends


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class State:
    """What changes from day to day; arrays of shape (n, m), or (n, 1) where a field says so.

    Attributes
    ----------
    stock : days until it has run out; below 0 since
    gap : days that an order lasts on average
    alive : the need is still there
    other : the next order should be for another item than usual
    rests_until : the day from which a goal can move again
    dear : bool array of shape (m,), the price is high
    comfort : its whole part is the highest comfortable rung
    trust, annoyance : float arrays of shape (n, 1)
    silent, gone : bool arrays of shape (n, 1), opted out of contact; left
    sent : float array of shape (n, 7), messages, of yesterday first
    signs, right : of yesterday, see ``Morning``
    """

    stock: Floats
    gap: Floats
    alive: Bools
    other: Bools
    rests_until: Floats
    dear: Bools
    comfort: Floats
    trust: Floats
    annoyance: Floats
    silent: Bools
    gone: Bools
    sent: Floats
    signs: Bools
    right: Bools

    @classmethod
    def first(cls, customers: Customers, rng: np.random.Generator) -> State:
        """Of the first morning: everybody is somewhere between two orders."""
        n, m = customers.comfort.shape
        return cls(
            stock=customers.gap * rng.random((n, m)),
            gap=customers.gap,
            alive=np.ones((n, m), bool),
            other=rng.random((n, m)) < customers.variety,
            rests_until=np.zeros((n, m)),
            dear=np.zeros(m, bool),
            comfort=customers.comfort,
            trust=customers.trust,
            annoyance=np.zeros((n, 1)),
            silent=np.zeros((n, 1), bool),
            gone=np.zeros((n, 1), bool),
            sent=np.zeros((n, WEEK)),
            signs=np.zeros((n, m, len(Sign)), bool),
            right=np.zeros((n, m), bool),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class World:
    """One morning of an invented world. Only an oracle may look at ``customers`` and ``state``."""

    scenario: Scenario
    seed: int
    day: int
    customers: Customers
    state: State

    @classmethod
    def born(cls, scenario: Scenario, seed: int) -> World:
        """The first morning; the same seed is the same world."""
        rng = np.random.default_rng((seed, BORN))
        customers = Customers.drawn(scenario, rng)
        return cls(scenario=scenario, seed=seed, day=0, customers=customers, state=State.first(customers, rng))

    @property
    def morning(self) -> Morning:
        """What a shop may know."""
        customers, state = self.customers, self.state
        return Morning(
            day=self.day,
            ceiling=customers.ceiling,
            agency=customers.says_agency,
            trust=customers.says_trust,
            goals=customers.goal_told,
            reachable=self.reachable,
            messages=state.sent.sum(axis=1).astype(np.int64),
            signs=state.signs,
            right=state.right,
        )

    @property
    def reachable(self) -> Bools:
        """Whoever neither opted out nor left, shape (n,)."""
        return ~(self.state.silent | self.state.gone)[:, 0]

    @property
    def load(self) -> Floats:
        """Messages of the last seven days, shape (n, 1)."""
        return np.asarray(self.state.sent.sum(axis=1, keepdims=True))

    @property
    def welcome(self) -> Bools:
        """Pairs for which an order would be welcome today."""
        state = self.state
        waits = state.dear & self.customers.waits
        return state.alive & (state.stock <= self.scenario.habits.lead) & ~waits & ~state.gone

    @property
    def goal_open(self) -> Bools:
        """Goals that a nudge may move today."""
        return self.customers.goal & (self.day >= self.state.rests_until)

    def luck(self, again: int = 0) -> Lots:
        """The luck of the day, or that of another copy of it."""
        return Lots.drawn(*self.state.stock.shape, np.random.default_rng((self.seed, LIVED, self.day, again)))

    def effort(self, rung: int | Ints) -> Floats:
        """What an order costs the customer by the rung through which it is made."""
        worth = self.scenario.worth
        return np.array(worth.effort)[rung] * (worth.effort_scale - self.customers.agency)

    def message(self, acts: int | Ints) -> Floats:
        """What the message of each act costs the customer."""
        worth = self.scenario.worth
        return SPOKEN[acts] * worth.message * (1 + worth.message_load * self.load)
