"""Decision logs of policies whose value is known: contexts of finitely many kinds, so that it is a finite sum."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from engine.learn.offpolicy.log import Log, Shares, mixed, table_of
from engine.learn.offpolicy.policies import Logged, Means, Policy, Stance
from engine.learn.offpolicy.reward import Design, Moments, Reward
from engine.learn.offpolicy.sums import Sums

Floats = NDArray[np.float64]
LEVELS = (-1.5, -0.5, 0.5, 1.5)  # of each of three features
KINDS = np.array(list(product(LEVELS, repeat=3)))  # of contexts, equally likely
ACTIONS = ("A", "B", "C", "D", "E")


def softmax(scores: Floats) -> Floats:
    """Rows that sum to one."""
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


@dataclass(frozen=True, kw_only=True)
class World:
    """A place where decisions are made by chance, and rewarded.

    Attributes
    ----------
    heat : how far the logging policy is from uniform
    rewards : "normal" (linear in the features, noise of deviation 1), "binary", or "skewed" (log-normal)
    plain : whether the target is the same for all contexts
    informative : how much features matter to the reward
    """

    heat: float = 0.6
    rewards: str = "normal"
    plain: bool = False
    informative: float = 1.0

    @property
    def logging(self) -> Floats:
        """Probabilities of the logging policy, shape (n_kinds, n_actions)."""
        return softmax(self.heat * KINDS @ np.random.default_rng(99).normal(size=(3, len(ACTIONS))))

    @property
    def target(self) -> Floats:
        """Probabilities of the policy whose value is asked for, shape (n_kinds, n_actions)."""
        scores = np.tile([0.0, 1.0, 0.0, 0.5, 0.0], (len(KINDS), 1))
        return softmax(scores if self.plain else KINDS @ self._weights)

    @property
    def means(self) -> Floats:
        """The mean reward, shape (n_kinds, n_actions)."""
        linear = self.informative * KINDS @ self._weights + np.arange(len(ACTIONS)) / 2
        return {"normal": linear, "binary": 1 / (1 + np.exp(2 - linear)), "skewed": np.exp(linear / 3)}[self.rewards]

    @property
    def value(self) -> float:
        """The true value of the target."""
        return self.value_of(self.target)

    def value_of(self, policy: Floats) -> float:
        """The true value of a policy given as probabilities of shape (n_kinds, n_actions) or (n_actions,)."""
        return float((policy * self.means).sum(axis=1).mean())

    def draw(self, n: int, seed: int) -> tuple[Log, NDArray[np.int64]]:
        """A log of n contexts, and the kind of each."""
        rng = np.random.default_rng(seed)
        kinds = rng.integers(0, len(KINDS), n)
        chosen = (rng.random(n)[:, None] > self.logging[kinds].cumsum(axis=1)).sum(axis=1).clip(0, len(ACTIONS) - 1)
        mean = self.means[kinds, chosen]
        reward = {
            "normal": lambda: mean + rng.normal(size=n),
            "binary": lambda: (rng.random(n) < mean).astype(float),
            "skewed": lambda: mean * rng.lognormal(-0.5, 1.0, n),
        }[self.rewards]()
        log = log_of(
            actions=chosen, rewards=reward, propensities=self.logging[kinds, chosen], features=KINDS[kinds], start=seed
        )
        return log, kinds

    def policy(self, kinds: NDArray[np.int64]) -> Fixed:
        """The target, on a log of such contexts."""
        return Fixed(table=self.target, rows=kinds)

    @property
    def _weights(self) -> Floats:
        return np.random.default_rng(7).normal(size=(3, len(ACTIONS)))


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A policy whose distribution at each row of one log is known."""

    table: Floats
    rows: NDArray[np.int64]

    def on(self, log: Log) -> Stance:
        """Of the whole log."""
        shares = Shares(table=table_of(self.table), rows=self.rows)
        return Stance(logged=shares.of(log.actions), shares=shares)


def log_of(
    *,
    actions: object,
    rewards: object,
    propensities: object,
    features: Floats | None = None,
    contexts: object = None,
    positions: object = None,
    available: Shares | None = None,
    n_actions: int = len(ACTIONS),
    start: int = 0,
) -> Log:
    """A log from plain lists; each row a context of its own unless they are given."""
    chosen = np.asarray(actions, np.int64)
    ids = np.arange(len(chosen)) + start * 10_000_000 if contexts is None else np.asarray(contexts, np.int64)
    keys = mixed(ids.astype(np.uint64))
    places = np.zeros(len(chosen), np.int64) if positions is None else np.asarray(positions, np.int64)
    return Log(
        units=keys,
        contexts=keys,
        positions=places,
        actions=chosen,
        rewards=np.asarray(rewards, float),
        propensities=np.asarray(propensities, float),
        features=np.zeros((len(chosen), 0)) if features is None else features,
        n_positions=int(places.max(initial=0)) + 1,
        n_actions=n_actions,
        available=available,
    )


def model_of(log: Log, seed: int = 0) -> Reward:
    """The reward model of a log read at once."""
    design = Design.of(log.features[:1_000], log.n_positions)
    return Reward.fit(Moments.of(log, design, seed), design, n_actions=log.n_actions, seed=seed)


def sums_of(log: Log, policy: Policy | None = None, seed: int = 0) -> Sums:
    """The sums of a log read at once."""
    found = policy or Logged()
    return Sums.of(log, found.on(log), Means.of(log, seed).seen, model_of(log, seed))
