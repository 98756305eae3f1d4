"""An invented world: customers who run out of things, what a day does to them, and what it is worth to them.

A world is a value, and a day makes another one of it. Luck belongs to the seed and the day, so that two policies meet
the same luck, and one day can be lived again with other luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.domain.decisions import Rung
from jobs.simulate import replies as answers
from jobs.simulate.customers import Customers
from jobs.simulate.replies import SPOKEN, Lot, Lots, Replies
from jobs.simulate.scenario import Scenario
from jobs.simulate.seen import Bools, Floats, Ints, Morning, Sign

BORN, LIVED = 0, 1  # what a seed is drawn for
WEEK = 7


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
class Evening:
    """What a day brought; arrays of shape (n, m).

    Attributes
    ----------
    acts : rungs as they were carried out, 0 for whoever cannot be reached
    utility, margin : the customers' and the shop's
    bought, seen : orders customers made of their own accord, here or elsewhere, and those of them made here
    """

    acts: Ints
    replies: Replies
    utility: Floats
    margin: Floats
    bought: Bools
    seen: Bools


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

    def lived(self, acts: Ints, lots: Lots | None = None) -> tuple[World, Evening]:
        """The next morning, and what the day brought, when these rungs are chosen for the pairs."""
        lots = self.luck() if lots is None else lots
        evening = self.evening(acts, lots)
        state = self._felt(self._drifted(self._stocked(evening, lots), lots), evening, lots)
        sent = SPOKEN[evening.acts].sum(axis=1, keepdims=True)
        state = replace(
            state,
            sent=np.concatenate([sent, self.state.sent[:, :-1]], axis=1),
            signs=_signs(evening),
            right=(evening.replies.pleased | evening.seen) & ~self.state.other,
        )
        return replace(self, day=self.day + 1, state=state), evening

    def evening(self, acts: Ints, lots: Lots) -> Evening:
        """What the day brings with such luck."""
        carried = np.where(self.reachable[:, None], acts, 0)
        replies = Replies.to(carried, self, lots)
        bought = self._without(replies) & (lots.pair[Lot.RECALLED] < self.customers.recalls)
        seen = bought & (lots.pair[Lot.ELSEWHERE] >= self.scenario.habits.elsewhere)
        return Evening(
            acts=carried,
            replies=replies,
            utility=self._utility(carried, replies, bought),
            margin=self._margin(replies, seen),
            bought=bought,
            seen=seen,
        )

    def effort(self, rung: int | Ints) -> Floats:
        """What an order costs the customer by the rung through which it is made."""
        worth = self.scenario.worth
        return np.array(worth.effort)[rung] * (worth.effort_scale - self.customers.agency)

    def message(self, acts: int | Ints) -> Floats:
        """What the message of each act costs the customer."""
        worth = self.scenario.worth
        return SPOKEN[acts] * worth.message * (1 + worth.message_load * self.load)

    def _without(self, replies: Replies) -> Bools:
        """Pairs that have run out, and are brought nothing today."""
        empty = self.state.alive & (self.state.stock <= 0) & ~self.state.gone
        return empty & ~replies.taken & ~replies.delivered

    def _utility(self, acts: Ints, replies: Replies, bought: Bools) -> Floats:
        worth, customers = self.scenario.worth, self.customers
        found = replies.pleased * (worth.order - self.effort(acts) - worth.edit * replies.edited)
        found = found + bought * (worth.order - self.effort(Rung.RESPOND)) - worth.out_of_stock * self._without(replies)
        found = found + replies.moved * worth.goal - (acts == Rung.COACH) * ~customers.goal * worth.needless
        found = found + replies.taken * (acts == Rung.CURATE) * customers.variety * worth.idea
        found = found - self.message(acts) - worth.veto * replies.vetoed
        found = found - replies.unwanted * np.where(replies.returned, worth.send_back, worth.put_up_with)
        found = found - worth.overreach * answers.overreach(self, acts) * replies.delivered
        return np.asarray(np.where(self.state.gone, 0.0, found))

    def _margin(self, replies: Replies, seen: Bools) -> Floats:
        worth = self.scenario.worth
        return worth.margin * (replies.pleased | seen) - worth.return_cost * replies.returned

    def _stocked(self, evening: Evening, lots: Lots) -> State:
        """Orders fill the stock up, a day uses of it; what is sent back fills nothing up."""
        state, customers, replies = self.state, self.customers, evening.replies
        obtained = replies.taken | replies.delivered | evening.bought
        shape = customers.variation**-2.0
        lasts = lots.rng.standard_gamma(shape) / shape * state.gap
        added = np.where(obtained & ~replies.returned, np.maximum(-state.stock, 0.0) + lasts, 0.0)
        return replace(
            state,
            stock=state.stock + added - 1,
            other=np.where(obtained, lots.pair[Lot.VARIETY] < customers.variety, state.other),
            rests_until=np.where(replies.moved, self.day + self.scenario.habits.goal_inertia, state.rests_until),
        )

    def _drifted(self, state: State, lots: Lots) -> State:
        """Needs end, rhythms change, prices move, whatever the shop does."""
        habits = self.scenario.habits
        changed = np.clip(state.gap * np.exp(habits.shift_size * lots.shift), *habits.gap_range)
        return replace(
            state,
            alive=state.alive & (lots.pair[Lot.ENDED] >= habits.ends),
            gap=np.where(lots.pair[Lot.SHIFTED] < habits.shifts, changed, state.gap),
            dear=np.where(state.dear, lots.price >= habits.cheap_again, lots.price < habits.dear),
        )

    def _felt(self, state: State, evening: Evening, lots: Lots) -> State:
        """Trust grows slowly and is lost fast, comfort moves at its edge, and patience runs out."""
        moods, replies, acts = self.scenario.moods, evening.replies, evening.acts
        helped, hurt, stopped = (
            which.any(axis=1, keepdims=True) for which in (replies.pleased, replies.harmed, replies.vetoed)
        )
        kept = (1 - moods.trust_loss * hurt) * (1 - moods.trust_loss_veto * stopped)
        trust = 1 - (1 - state.trust) * (1 - moods.trust_gain * helped)
        edge = replies.pleased & (acts > 0) & (acts == np.floor(state.comfort))
        comfort = state.comfort + moods.comfort_gain * edge - moods.comfort_loss * replies.harmed
        annoyance = moods.calm * state.annoyance + self._annoyed(evening).sum(axis=1, keepdims=True)
        hazard = 1 - np.exp(-moods.touchiness * np.maximum(annoyance - moods.patience, 0.0))
        leaves = lots.customer[1] < moods.leaves * hazard
        return replace(
            state,
            trust=np.clip(trust * kept, 0.01, 0.99),
            comfort=np.clip(comfort, 0.0, int(Rung.SILENT) + 0.9),
            annoyance=annoyance,
            silent=state.silent | (lots.customer[0] < hazard) | leaves,
            gone=state.gone | leaves,
        )

    def _annoyed(self, evening: Evening) -> Floats:
        """How much each pair's day annoyed."""
        moods, replies = self.scenario.moods, evening.replies
        over = answers.overreach(self, evening.acts)
        found = moods.ignored * (1 + self.load) * (replies.ignored | replies.later)
        found = found + moods.soft_overreach * over * np.isin(evening.acts, answers.SOFT)
        found = found + moods.hard_overreach * over * replies.delivered + moods.vetoed * replies.vetoed
        return found + moods.unwanted * replies.unwanted + moods.complained * replies.complained


def _signs(evening: Evening) -> Bools:
    """What the shop will see of the day, shape (n, m, len(Sign))."""
    replies = evening.replies
    kept = replies.delivered & ~replies.returned & ~replies.complained & ~replies.edited
    shown = {
        Sign.ACCEPTED: replies.taken & ~replies.edited,
        Sign.EDITED: replies.edited,
        Sign.PROGRESSED: replies.moved & ~replies.taken,
        Sign.IGNORED: replies.ignored,
        Sign.SNOOZED: replies.later,
        Sign.VETOED: replies.vetoed,
        Sign.KEPT: kept,
        Sign.RETURNED: replies.returned,
        Sign.COMPLAINED: replies.complained,
        Sign.ORDERED: evening.seen,
    }
    return np.stack([shown[sign] for sign in Sign], axis=-1)
