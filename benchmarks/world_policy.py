"""The real mode selection in a given world of customers with hidden wishes.

    python run.py --policy benchmarks.world_policy:make

``make`` answers a policy for worlds that show a shop only what a shop would see (stated ceilings, what customers did
yesterday) and ask every day for a rung for each pair of customer and need. What is decided is decided by ``modes``;
here observations are turned into signals, and renewals are forecast. ``make_without_*`` leave one part out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from engine.domain.decisions import Rung
from engine.learn import certificate
from modes import gate, posterior, selection, success
from modes.ladder import GATES, Ladder
from modes.policy import DIGEST, Policy
from modes.posterior import Posterior
from modes.selection import Chance
from modes.signals import LESSONS, Signal
from modes.value import Stakes, before_messages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What a world calls its events, in the words of `modes.signals`.
SIGNALS = {
    1: Signal.ACCEPTED,
    2: Signal.EDITED,
    4: Signal.IGNORED,
    5: Signal.SNOOZED,
    6: Signal.VETOED,
    7: Signal.KEPT,
    8: Signal.RETURNED,
    9: Signal.COMPLAINED,
    10: Signal.OWN_ORDER,
}
GOAL, ORDER = 3, 10
FULFILLED = (1, 2, 7, 9, 10)
REFUSED = (4, 5, 6)
NEVER = -1_000
FREE = replace(
    DIGEST, worth=replace(DIGEST.worth, attention=0.0, again=0.0)
)  # of a shop to which messages cost nothing


class Seen(Protocol):
    """What is known on the morning of a day; arrays of shape (customers,) or (customers, needs)."""

    day: int
    stated_ceiling: Ints
    stated_agency: Floats
    stated_trust: Floats
    stated_goals: Bools
    contactable: Bools
    messages_7d: Ints
    events: Ints
    confirmed: Bools


class Renewals:
    """When each pair runs out: lives of orders that might be, weighed every day by what was not seen.

    The life of an order is log-normal, drawn to the shop's. A life that is over makes an order likelier every day, and
    where none came it grows less likely; so does a life that was near its end when a message was ignored. Some orders
    are made elsewhere, and some needs end.
    """

    LIVES = norm.ppf((np.arange(31) + 0.5) / 31)  # of an order, in standard deviations of the logarithm
    GAP, SPREAD = 10.0, 0.3  # of a shop that knows nothing: days, and of the logarithm
    OF_SHOP, OF_SPREAD = 0.5, 4.0  # orders by which a pair is drawn to the shop
    WELCOME = 4.0  # days of stock at which the next order is welcome
    MINDFUL = 0.5  # probability a day that who has run out orders
    DELAY = 1.0  # days that it takes on average
    ELSEWHERE, ENDING = 0.08, 0.0007  # of the orders; of the needs, a day
    FORESEEN = 0.4  # of an order that we brought about, as evidence of how long the last one lived

    def __init__(self, n: int, m: int) -> None:
        pairs = (n, m)
        self.count, self.mean, self.square, self.weight = (np.zeros(pairs) for _ in range(4))
        self.last, self.carried = np.zeros(pairs), np.zeros(pairs)
        self.orders, self.usual = np.zeros(pairs), np.zeros(pairs)
        self.mu, self.sigma = np.full(pairs, np.log(self.GAP)), np.full(pairs, self.SPREAD)
        self.ends = np.zeros((*pairs, len(self.LIVES)))
        self.likely = np.zeros_like(self.ends)
        self.again_ends, self.again = np.zeros_like(self.ends), np.zeros_like(self.ends)
        self.gone = np.zeros(pairs)
        self._begin(np.ones(pairs, bool), np.zeros(pairs), 0)

    def learn(self, seen: Seen, acted: Floats) -> None:
        """Take in yesterday; ``acted``: for each pair, how probably an act was taken up if welcome; 0 of none."""
        day = seen.day - 1
        if day < 0:
            return
        ordered = np.isin(seen.events, FULFILLED)
        own = seen.events == ORDER
        self._weigh(day, ordered, acted * np.isin(seen.events, (*REFUSED, GOAL)))
        left = self._left(day, seen.confirmed | np.isin(seen.events, (1, 2, 9)))
        lived = np.maximum(day - self.last - self.carried + np.where(own, -self.DELAY, left), 1.0)
        first = self.orders == 0
        self._remember(np.log(lived), ordered & ~first, np.where(own, 1.0, self.FORESEEN))
        self.orders += ordered
        self.usual += ordered & seen.confirmed
        self._shop()
        self.last = np.where(ordered, day, self.last)
        self._begin(ordered, np.where(own, 0.0, np.maximum(left, 0.0)), day)

    def welcome(self, day: int) -> Floats:
        """The probability that an order would be welcome today."""
        due = (self.ends <= day + self.WELCOME) * self.likely + (self.again_ends <= day + self.WELCOME) * self.again
        total = self.likely.sum(-1) + self.again.sum(-1) + self.gone
        found: Floats = due.sum(-1) / np.maximum(total, 1e-12)
        return found

    def right(self, day: int) -> Floats:
        """The same, and of the usual item."""
        pool = (self.usual.sum() + 9.0) / (self.orders.sum() + 10.0)
        return self.welcome(day) * (self.usual + 6 * pool) / (self.orders + 6)

    def _left(self, day: int, welcome: Bools) -> Floats:
        """Days of stock that were left, as far as can be known."""
        near = self.ends <= day + self.WELCOME
        weights = self.likely * np.where(welcome[..., None], near, ~near)
        left = (weights * np.maximum(self.ends - day, -3.0)).sum(-1) / np.maximum(weights.sum(-1), 1e-12)
        return np.where(weights.sum(-1) > 1e-9, left, np.where(welcome, 1.0, self.WELCOME + 2))

    def _weigh(self, day: int, ordered: Bools, refused: Floats) -> None:
        out = self.ends <= day
        near = self.ends <= day + self.WELCOME
        moved = self.likely * out * (self.MINDFUL * self.ELSEWHERE) * ~ordered[..., None]
        kept = np.where(out, 1 - self.MINDFUL, 1.0) * (1 - near * refused[..., None])
        fresh = day + np.exp(self.mu[..., None] + self.sigma[..., None] * self.LIVES)
        total = self.again + moved
        self.again_ends = np.where(
            total > 0, (self.again * self.again_ends + moved * fresh) / np.maximum(total, 1e-300), self.again_ends
        )
        self.again = total * (1 - (self.again_ends <= day + self.WELCOME) * refused[..., None])
        self.again = self.again * np.where(self.again_ends <= day, 1 - self.MINDFUL, 1.0)
        self.gone = self.gone + self.ENDING * self.likely.sum(-1)
        self.likely = self.likely * kept

    def _remember(self, logs: Floats, where: Bools, weight: Floats) -> None:
        """West's update of a weighted mean and sum of squares."""
        added = where * weight
        self.weight = self.weight + added
        step = logs - self.mean
        self.mean = self.mean + np.where(where, step * added / np.maximum(self.weight, 1e-12), 0.0)
        self.square = self.square + added * step * (logs - self.mean)
        self.count = self.count + where

    def _shop(self) -> None:
        """What is usual in the shop, and what follows for each pair."""
        known = self.weight > 0.5
        if not known.any():
            return
        usual = float(np.average(self.mean[known], weights=np.minimum(self.weight[known], 3)))
        freedom = np.maximum(self.weight - 1, 0).sum()
        spread = (self.square.sum() + 20 * self.SPREAD**2) / (freedom + 20)
        mu = (self.weight * self.mean + self.OF_SHOP * usual) / (self.weight + self.OF_SHOP)
        own = (self.square + self.OF_SPREAD * spread) / (np.maximum(self.weight - 1, 0) + self.OF_SPREAD)
        self._next = mu, np.sqrt(own * (1 + 1 / (self.weight + self.OF_SHOP)))

    def _begin(self, where: Bools, carried: Floats, day: int) -> None:
        """A new order: all lives are likely again."""
        mu, sigma = getattr(self, "_next", (self.mu, self.sigma))
        self.mu, self.sigma = np.where(where, mu, self.mu), np.where(where, sigma, self.sigma)
        self.carried = np.where(where, carried, self.carried)
        lives = np.exp(self.mu[..., None] + self.sigma[..., None] * self.LIVES)
        self.ends = np.where(where[..., None], day + carried[..., None] + lives, self.ends)
        self.likely = np.where(where[..., None], 1 / len(self.LIVES), self.likely)
        self.again = np.where(where[..., None], 0.0, self.again)
        self.gone = np.where(where, 0.0, self.gone)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What of the design is at work."""

    budget: bool = True
    ceilings: bool = True
    ladder: bool = True
    gate: bool = True
    exploration: bool = True


class Shop:
    """One shop that serves these customers."""

    WINDOW = 7  # days, of a shadow and of a certificate
    LEAST = 0.4  # score, from which a shadow is kept

    def __init__(self, n: int, m: int, seed: int, parts: Parts, policy: Policy) -> None:
        self.parts, self.policy, self.rng = parts, policy, np.random.default_rng(seed)
        pairs = (n, m)
        self.renewals, self.ladder = Renewals(n, m), Ladder.bottom(n, m)
        self.agency: Posterior | None = None
        self.trust: Posterior | None = None
        self.taken, self.tried = np.zeros((*pairs, 6)), np.zeros((*pairs, 6))
        self.goals, self.coached = np.zeros((n, 1)), np.zeros((n, 1))
        self.acts, self.shares = np.zeros(pairs, np.int64), np.zeros(pairs)
        self.rest = np.full(pairs, float(NEVER))
        self.spent, self.sent = np.zeros((n, 7)), np.zeros(pairs, bool)
        self.opened, self.score = np.full(pairs, float(NEVER)), np.zeros(pairs)
        self.windows: list[tuple[int, Floats, Bools]] = []  # day, scores, whether confirmed since
        self.certified = {Rung.VETO: 2.0, Rung.SILENT: 2.0}  # thresholds; none is open
        self.household = np.repeat(np.arange(n), m)

    def learn(self, seen: Seen) -> None:
        """What yesterday teaches."""
        if self.agency is None or self.trust is None:
            self.agency, self.trust = Posterior.of(seen.stated_agency), Posterior.of(seen.stated_trust)
        welcome = self.renewals.welcome(max(seen.day - 1, 0))
        self.renewals.learn(seen, self.shares * (self.acts > 0))
        self._signals(seen)
        self._uptake(seen, welcome)
        self._shadows(seen)
        self._attention(seen)
        if seen.day % 7 == 0:
            self._review(seen.day)
        self.acts = np.zeros_like(self.acts)

    def act(self, seen: Seen) -> Ints:
        """A rung for every pair today."""
        assert self.agency is not None
        assert self.trust is not None
        p, right = self.renewals.welcome(seen.day), self.renewals.right(seen.day)
        taken = success.taken_up(self.taken, self.tried, self.policy.worth.success)
        helps = (self.goals + 4 * self.policy.worth.goal_success) / (self.coached + 4)
        stakes = Stakes(
            probability=p,
            order=right,
            load=np.broadcast_to(seen.messages_7d.astype(float)[:, None], p.shape),
            goal=np.where(seen.stated_goals, 1.0, np.nan),
            agency=self.agency.mean[:, None],
            success=taken,
            beyond=self._beyond(seen),
            helps=np.broadcast_to(helps, p.shape),
        )
        allowed = self._allowed(seen, p, right)
        chosen = selection.select(
            before_messages(stakes, self.policy.worth),
            allowed,
            load=seen.messages_7d.astype(float),
            left=self._left(),
            policy=self.policy,
            chance=Chance() if self.parts.exploration else selection.NONE,
            rng=self.rng,
            curious=(self.trust.mean >= 0.4)[:, None],
        )
        self.acts = chosen.rung
        self.shares = np.take_along_axis(taken, chosen.rung[..., None], axis=2)[..., 0]
        self.sent = np.isin(chosen.rung, (Rung.CURATE, Rung.COACH, Rung.APPROVE, Rung.VETO))
        return chosen.rung

    def _left(self) -> Floats:
        return self.policy.messages - self.spent.sum(1) if self.parts.budget else np.full(len(self.spent), 99.0)

    def _beyond(self, seen: Seen) -> Floats:
        """How probable it is that a rung lies beyond what the customer is comfortable with, by what they stated."""
        above = np.arange(6) - (seen.stated_ceiling[:, None, None] + 0.5)
        return np.asarray(norm.cdf(above / 0.8) * (np.arange(6) > 0) * np.ones((*self.acts.shape, 1)))

    def _allowed(self, seen: Seen, p: Floats, right: Floats) -> Bools:
        rungs = np.arange(6)
        cap = np.minimum(seen.stated_ceiling, posterior.cap(self.agency.mean, self.trust.mean))  # type: ignore[union-attr]
        cap = cap if self.parts.ceilings else np.full(len(cap), int(Rung.SILENT))
        allowed = rungs <= cap[:, None, None]
        near = (p >= self.policy.min_probability) & (seen.day >= self.rest) & seen.contactable[:, None]
        allowed = allowed & (near[..., None] | (rungs == Rung.RESPOND))
        if self.parts.ladder:
            allowed &= rungs <= np.maximum(self.ladder.rung, int(Rung.COACH))[..., None]
        if self.parts.gate:
            for rung, threshold in self.certified.items():
                allowed[..., rung] &= right >= threshold
        allowed[..., Rung.COACH] &= seen.stated_goals
        allowed[..., Rung.RESPOND] = True
        return allowed

    def _signals(self, seen: Seen) -> None:
        """Posteriors and falls."""
        assert self.agency is not None
        assert self.trust is not None
        agency, trust = self.agency.later(1), self.trust.later(1)
        for code, signal in SIGNALS.items():
            times = (seen.events == code).sum(1)
            agency = agency.taught(times * LESSONS[signal].agency)
            trust = trust.taught(times * LESSONS[signal].trust)
            lesson = LESSONS[signal]
            if lesson.falls or lesson.to_approve:
                where = seen.events == code
                self.ladder = self.ladder.fallen(
                    seen.day - 1,
                    where,
                    np.full(where.shape, lesson.falls),
                    np.full(where.shape, lesson.to_approve),
                    np.full(where.shape, lesson.rest_days),
                )
        kept = (seen.events == 7) & (self.acts == Rung.VETO) & seen.confirmed
        self.ladder = replace(self.ladder, kept=self.ladder.kept + kept)
        self.agency, self.trust = agency, trust

    def _uptake(self, seen: Seen, welcome: Floats) -> None:
        """Acts taken up, of those that met a need, as far as can be known."""
        taken = np.isin(seen.events, (1, 2, 7, 9)) & (self.acts > 0)
        share = self.shares
        real = np.where(taken, 1.0, welcome * (1 - share) / np.maximum(1 - welcome * share, 1e-9))
        real = np.where(seen.events == 8, 0.0, real)  # sent back: not wanted
        hit = np.arange(6) == self.acts[..., None]
        acted = hit & (self.acts > 0)[..., None]
        self.taken += acted * taken[..., None]
        self.tried += acted * real[..., None]
        coached = (self.acts == Rung.COACH) & seen.stated_goals
        self.coached += (coached & ~taken).sum(1, keepdims=True)
        self.goals += (coached & (seen.events == GOAL)).sum(1, keepdims=True)

    def _shadows(self, seen: Seen) -> None:
        """What would have been ordered, and whether it was right; and the windows a certificate is made of."""
        day, right = seen.day, self.renewals.right(seen.day)
        fulfilled, sent_back = np.isin(seen.events, FULFILLED), np.isin(seen.events, (6, 8))
        open_ = self.opened > NEVER
        closed = open_ & (fulfilled | sent_back | (day - self.opened >= self.WINDOW))
        hit = closed & seen.confirmed
        self.ladder = self.ladder.witnessed(self.score, hit.astype(float), (closed & ~hit).astype(float), closed)
        self.opened = np.where(closed, NEVER, self.opened)
        opens = (self.opened == NEVER) & (right >= GATES[0])
        self.opened, self.score = np.where(opens, day, self.opened), np.where(opens, right, self.score)
        for _, _, came in self.windows[-3:]:
            came |= seen.confirmed
        if day % self.WINDOW == 0:
            self.windows = [*self.windows, (day, right, np.zeros(right.shape, bool))][-5:]

    def _attention(self, seen: Seen) -> None:
        """What yesterday's messages came to cost: an accepted one less, an ignored one more."""
        times = np.ones(self.acts.shape)
        for code, signal in SIGNALS.items():
            times = np.where(seen.events == code, LESSONS[signal].attention, times)
        times = np.where(seen.events == GOAL, LESSONS[Signal.ACCEPTED].attention, times)
        self.spent = np.roll(self.spent, 1, axis=1)
        self.spent[:, 0] = (times * self.sent).sum(1)
        refused = np.isin(seen.events, REFUSED)
        days = np.where(refused, self.policy.rest_after_refusal_days, self.policy.rest_days)
        self.rest = np.where(self.acts > 0, seen.day - 1 + days, self.rest)
        self.sent = np.zeros_like(self.sent)

    def _review(self, day: int) -> None:
        """Certificates and ladders, weekly."""
        over = [one for one in self.windows if one[0] + self.WINDOW <= day][-certificate.POOLED :]
        for rung in self.certified:
            self.certified[rung] = self._threshold(rung, over, day) if over else 2.0
        proved = np.array([True, self.certified[Rung.VETO] <= 1, self.certified[Rung.SILENT] <= 1])
        self.ladder = self.ladder.reviewed(day, proved if self.parts.gate else np.ones(3, bool))

    def _threshold(self, rung: Rung, over: list[tuple[int, Floats, Bools]], day: int) -> float:
        found = certificate.evidence(
            window_days=self.WINDOW,
            probabilities=np.concatenate([scores.ravel() for _, scores, _ in over]),
            came=np.concatenate([came.ravel() for _, _, came in over]),
            households=np.tile(self.household, len(over)),
            windows=[float(start) for start, _, _ in over],
            now=float(day),
        )
        threshold = certificate.certify(found, gate.promise(rung, self.policy)).threshold
        return 2.0 if threshold is None else threshold


Make = Callable[[str, int, int, int], Shop]


def _maker(**parts: bool) -> Make:
    def made(scenario: str, customers: int, needs: int, seed: int) -> Shop:
        given = Parts(**parts)
        return Shop(customers, needs, seed, given, DIGEST if given.budget else FREE)

    return made


make = _maker()
make_without_budget = _maker(budget=False)
make_without_ceilings = _maker(ceilings=False)
make_without_ladder = _maker(ladder=False)
make_without_gate = _maker(gate=False)
make_without_exploration = _maker(exploration=False)
