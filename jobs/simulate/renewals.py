"""A forecast of renewals from what a shop sees day by day: when each customer's need runs out next."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from jobs.simulate.seen import FULFILLED, REFUSED, Bools, Floats, Morning, Sign


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

    def learn(self, seen: Morning, acted: Floats) -> None:
        """Take in yesterday; ``acted``: for each pair, how probably an act was taken up if welcome; 0 of none."""
        day = seen.day - 1
        if day < 0:
            return
        ordered, own = seen.saw(*FULFILLED), seen.saw(Sign.ORDERED)
        self._weigh(day, ordered, acted * seen.saw(*REFUSED, Sign.PROGRESSED))
        left = self._left(day, seen.right | seen.saw(Sign.ACCEPTED, Sign.EDITED, Sign.COMPLAINED))
        lived = np.maximum(day - self.last - self.carried + np.where(own, -self.DELAY, left), 1.0)
        first = self.orders == 0
        self._remember(np.log(lived), ordered & ~first, np.where(own, 1.0, self.FORESEEN))
        self.orders += ordered
        self.usual += ordered & seen.right
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
