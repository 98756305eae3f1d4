"""A shop that serves invented customers with the selection of ``modes``: what it sees becomes signals and stakes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from engine.domain.decisions import Rung
from engine.learn import certificate
from jobs.simulate.renewals import Renewals
from jobs.simulate.seen import BY_US, FULFILLED, REFUSED, SIGNALS, Bools, Floats, Ints, Morning, Sign
from modes import gate, posterior, selection, success
from modes.ladder import GATES, Ladder
from modes.policy import DIGEST, Policy
from modes.posterior import Posterior
from modes.selection import Chance
from modes.signals import LESSONS, Signal
from modes.value import Stakes, before_messages

NEVER = -1_000
FREE = replace(
    DIGEST, worth=replace(DIGEST.worth, attention=0.0, again=0.0)
)  # of a shop to which messages cost nothing


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

    def learn(self, seen: Morning) -> None:
        """What yesterday teaches."""
        if self.agency is None or self.trust is None:
            self.agency, self.trust = Posterior.of(seen.agency), Posterior.of(seen.trust)
        welcome = self.renewals.welcome(max(seen.day - 1, 0))
        self.renewals.learn(seen, self.shares * (self.acts > 0))
        self._signals(seen)
        self._uptake(seen, welcome)
        self._shadows(seen)
        self._attention(seen)
        if seen.day % 7 == 0:
            self._review(seen.day)
        self.acts = np.zeros_like(self.acts)

    def act(self, seen: Morning) -> Ints:
        """A rung for every pair today."""
        assert self.agency is not None
        assert self.trust is not None
        p, right = self.renewals.welcome(seen.day), self.renewals.right(seen.day)
        taken = success.taken_up(self.taken, self.tried, self.policy.worth.success)
        helps = (self.goals + 4 * self.policy.worth.goal_success) / (self.coached + 4)
        stakes = Stakes(
            probability=p,
            order=right,
            load=np.broadcast_to(seen.messages.astype(float)[:, None], p.shape),
            goal=np.where(seen.goals, 1.0, np.nan),
            agency=self.agency.mean[:, None],
            success=taken,
            beyond=self._beyond(seen),
            helps=np.broadcast_to(helps, p.shape),
        )
        allowed = self._allowed(seen, p, right)
        chosen = selection.select(
            before_messages(stakes, self.policy.worth),
            allowed,
            load=seen.messages.astype(float),
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

    def _beyond(self, seen: Morning) -> Floats:
        """How probable it is that a rung lies beyond what the customer is comfortable with, by what they stated."""
        above = np.arange(6) - (seen.ceiling[:, None, None] + 0.5)
        return np.asarray(norm.cdf(above / 0.8) * (np.arange(6) > 0) * np.ones((*self.acts.shape, 1)))

    def _allowed(self, seen: Morning, p: Floats, right: Floats) -> Bools:
        rungs = np.arange(6)
        cap = np.minimum(seen.ceiling, posterior.cap(self.agency.mean, self.trust.mean))  # type: ignore[union-attr]
        cap = cap if self.parts.ceilings else np.full(len(cap), int(Rung.SILENT))
        allowed = rungs <= cap[:, None, None]
        near = (p >= self.policy.min_probability) & (seen.day >= self.rest) & seen.reachable[:, None]
        allowed = allowed & (near[..., None] | (rungs == Rung.RESPOND))
        if self.parts.ladder:
            allowed &= rungs <= np.maximum(self.ladder.rung, int(Rung.COACH))[..., None]
        if self.parts.gate:
            for rung, threshold in self.certified.items():
                allowed[..., rung] &= right >= threshold
        allowed[..., Rung.COACH] &= seen.goals
        allowed[..., Rung.RESPOND] = True
        return allowed

    def _signals(self, seen: Morning) -> None:
        """Posteriors and falls."""
        assert self.agency is not None
        assert self.trust is not None
        agency, trust = self.agency.later(1), self.trust.later(1)
        for sign, signal in SIGNALS.items():
            times = seen.saw(sign).sum(1)
            agency = agency.taught(times * LESSONS[signal].agency)
            trust = trust.taught(times * LESSONS[signal].trust)
            lesson = LESSONS[signal]
            if lesson.falls or lesson.to_approve:
                where = seen.saw(sign)
                self.ladder = self.ladder.fallen(
                    seen.day - 1,
                    where,
                    np.full(where.shape, lesson.falls),
                    np.full(where.shape, lesson.to_approve),
                    np.full(where.shape, lesson.rest_days),
                )
        kept = seen.saw(Sign.KEPT) & (self.acts == Rung.VETO) & seen.right
        self.ladder = replace(self.ladder, kept=self.ladder.kept + kept)
        self.agency, self.trust = agency, trust

    def _uptake(self, seen: Morning, welcome: Floats) -> None:
        """Acts taken up, of those that met a need, as far as can be known."""
        taken = seen.saw(*BY_US) & (self.acts > 0)
        share = self.shares
        real = np.where(taken, 1.0, welcome * (1 - share) / np.maximum(1 - welcome * share, 1e-9))
        real = np.where(seen.saw(Sign.RETURNED), 0.0, real)  # sent back: not wanted
        hit = np.arange(6) == self.acts[..., None]
        acted = hit & (self.acts > 0)[..., None]
        self.taken += acted * taken[..., None]
        self.tried += acted * real[..., None]
        coached = (self.acts == Rung.COACH) & seen.goals
        self.coached += (coached & ~taken).sum(1, keepdims=True)
        self.goals += (coached & seen.saw(Sign.PROGRESSED)).sum(1, keepdims=True)

    def _shadows(self, seen: Morning) -> None:
        """What would have been ordered, and whether it was right; and the windows a certificate is made of."""
        day, right = seen.day, self.renewals.right(seen.day)
        fulfilled, sent_back = seen.saw(*FULFILLED), seen.saw(Sign.VETOED, Sign.RETURNED)
        open_ = self.opened > NEVER
        closed = open_ & (fulfilled | sent_back | (day - self.opened >= self.WINDOW))
        hit = closed & seen.right
        self.ladder = self.ladder.witnessed(self.score, hit.astype(float), (closed & ~hit).astype(float), closed)
        self.opened = np.where(closed, NEVER, self.opened)
        opens = (self.opened == NEVER) & (right >= GATES[0])
        self.opened, self.score = np.where(opens, day, self.opened), np.where(opens, right, self.score)
        for _, _, came in self.windows[-3:]:
            came |= seen.right
        if day % self.WINDOW == 0:
            self.windows = [*self.windows, (day, right, np.zeros(right.shape, bool))][-5:]

    def _attention(self, seen: Morning) -> None:
        """What yesterday's messages came to cost: an accepted one less, an ignored one more."""
        times = np.ones(self.acts.shape)
        for sign, signal in SIGNALS.items():
            times = np.where(seen.saw(sign), LESSONS[signal].attention, times)
        times = np.where(seen.saw(Sign.PROGRESSED), LESSONS[Signal.ACCEPTED].attention, times)
        self.spent = np.roll(self.spent, 1, axis=1)
        self.spent[:, 0] = (times * self.sent).sum(1)
        refused = seen.saw(*REFUSED)
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


def shop(n: int, m: int, seed: int, **parts: bool) -> Shop:
    """The shop of the design, without the parts that are named false."""
    given = Parts(**parts)
    return Shop(n, m, seed, given, DIGEST if given.budget else FREE)
