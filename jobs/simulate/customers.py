"""Who lives in an invented world: what never changes about its customers, and what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.domain.decisions import Rung
from jobs.simulate.scenario import Habits, People, Scenario
from jobs.simulate.seen import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Customers:
    """n customers with m needs each; the last three fields are all of it that a shop may know.

    Attributes
    ----------
    agency : float array of shape (n, 1), wish to decide oneself
    trust : float array of shape (n, 1), in the shop, when all begins
    comfort : float array of shape (n, m), whose whole part is the highest comfortable rung, when all begins
    recalls : float array of shape (n, 1), probability a day that somebody who has run out thinks of ordering
    receptive : float array of shape (n, 1), probability that a nudge moves a goal forward at full trust
    gap : float array of shape (n, m), days that an order lasts on average, when all begins
    variation : float array of shape (n, m), coefficient of variation of these days
    variety : float array of shape (n, m), share of orders that should be for another item than usual
    waits : bool array of shape (n, m), waits while the price is high
    goal : bool array of shape (n, m), has a goal of their own
    ceiling : int array of shape (n,), stated, the highest rung the customer allows
    says_agency, says_trust : float arrays of shape (n,), stated
    goal_told : bool array of shape (n, m)
    """

    agency: Floats
    trust: Floats
    comfort: Floats
    recalls: Floats
    receptive: Floats
    gap: Floats
    variation: Floats
    variety: Floats
    waits: Bools
    goal: Bools
    ceiling: Ints
    says_agency: Floats
    says_trust: Floats
    goal_told: Bools

    @classmethod
    def drawn(cls, scenario: Scenario, rng: np.random.Generator) -> Customers:
        """Customers of a scenario."""
        people, habits, pairs = scenario.people, scenario.habits, (scenario.customers, scenario.needs)
        kind = rng.choice(len(people.shares), scenario.customers, p=people.shares)
        agency = _around(np.array(people.agency)[kind], people.alike, rng)
        trust = _around(np.array(people.trust)[kind], people.alike, rng)
        usual = _comfort(agency, trust, people)
        blurred = usual + rng.normal(0, people.comfort_between_needs, pairs)
        goal = rng.random(pairs) < habits.goals
        return cls(
            agency=agency,
            trust=trust,
            comfort=np.clip(blurred, 0.0, int(Rung.SILENT) + 0.5),
            recalls=rng.uniform(*habits.recalls, (pairs[0], 1)),
            receptive=rng.uniform(*habits.receptive, (pairs[0], 1)),
            gap=_gaps(habits, pairs, rng),
            variation=rng.uniform(*habits.variation, pairs),
            variety=_around(np.full(pairs, habits.variety), 9.0, rng, axis=False),
            waits=rng.random(pairs) < habits.waits,
            goal=goal,
            ceiling=_ceiling(usual[:, 0], people, rng),
            says_agency=_said(agency, people.says_agency, rng),
            says_trust=_said(trust, people.says_trust, rng),
            goal_told=goal & (rng.random(pairs) < habits.goals_told),
        )


def _around(mean: Floats, strength: float, rng: np.random.Generator, axis: bool = True) -> Floats:
    """Draws from Beta distributions with these means; a mean of 0 stays 0."""
    drawn = rng.beta(np.maximum(strength * mean, 1e-9), strength * (1 - mean))
    return drawn[:, None] if axis else drawn


def _comfort(agency: Floats, trust: Floats, people: People) -> Floats:
    """The rung that somebody is comfortable with: it takes the wish to hand over, and trust to do so."""
    least, most = people.comfort
    return least + (most - least) * (1 - agency) * np.sqrt(trust)


def _gaps(habits: Habits, pairs: tuple[int, int], rng: np.random.Generator) -> Floats:
    return np.clip(habits.gap * np.exp(habits.gap_between_pairs * rng.standard_normal(pairs)), *habits.gap_range)


def _ceiling(usual: Floats, people: People, rng: np.random.Generator) -> Ints:
    """What is stated: near to what is felt, unless nobody ever looked at the setting."""
    felt = np.floor(usual + rng.normal(0, people.ceiling_noise, usual.shape))
    untouched = rng.random(usual.shape) < people.ceiling_untouched
    return np.where(untouched, int(Rung.APPROVE), np.clip(felt, Rung.RESPOND, Rung.SILENT)).astype(np.int64)


def _said(true: Floats, noise: float, rng: np.random.Generator) -> Floats:
    return np.clip(true[:, 0] + rng.normal(0, noise, len(true)), 0.0, 1.0)
