"""Small invented worlds."""

from dataclasses import replace

import numpy as np

from jobs.simulate import scenario
from jobs.simulate.luck import Lot, Lots
from jobs.simulate.scenario import Scenario
from jobs.simulate.world import World


def of(name: str, **given: object) -> Scenario:
    """A shipped scenario, smaller."""
    return replace(scenario.of(name), **{"customers": 30, "needs": 3, "days": 80, "burn_in": 30, **given})


def one(**state: object) -> World:
    """One customer with one need: trusting, comfortable with anything, whose stock lasts two days more."""
    world = World.born(of("grocery", customers=1, needs=1), 0)
    usual = {
        "stock": np.full((1, 1), 2.0),
        "comfort": np.full((1, 1), 5.5),
        "trust": np.full((1, 1), 0.5),
        "other": np.zeros((1, 1), bool),
    }
    customers = replace(
        world.customers, agency=np.full((1, 1), 0.6), goal=np.zeros((1, 1), bool), variety=np.zeros((1, 1))
    )
    made = {name: np.full((1, 1), value) for name, value in state.items()}
    return replace(world, customers=customers, state=replace(world.state, **{**usual, **made}))


def luck(**lots: float) -> Lots:
    """Luck of which a few draws are given; all others are a half."""
    pair = np.full((len(Lot), 1, 1), 0.5)
    for name, value in lots.items():
        pair[Lot[name.upper()]] = value
    return Lots(
        pair=pair,
        customer=np.full((2, 1, 1), 0.5),
        price=np.full(1, 0.5),
        shift=np.zeros((1, 1)),
        rng=np.random.default_rng(0),
    )
