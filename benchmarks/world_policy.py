"""The real mode selection in a given world of customers with hidden wishes.

    python run.py --policy benchmarks.world_policy:make

``make`` answers a policy for worlds that show a shop only what a shop would see (stated ceilings, what customers did
yesterday) and ask every day for a rung for each pair of customer and need. What such a world tells is put into the
words of ``jobs.simulate``, whose shop decides with ``modes``. ``make_without_*`` leave one part out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from jobs.simulate.seen import Bools, Floats, Ints, Morning, Sign, signs_of
from jobs.simulate.shop import Shop, shop

EVENTS = (  # by their codes in the world
    None,
    Sign.ACCEPTED,
    Sign.EDITED,
    Sign.PROGRESSED,
    Sign.IGNORED,
    Sign.SNOOZED,
    Sign.VETOED,
    Sign.KEPT,
    Sign.RETURNED,
    Sign.COMPLAINED,
    Sign.ORDERED,
)


class Seen(Protocol):
    """What the world tells on the morning of a day; arrays of shape (customers,) or (customers, needs)."""

    day: int
    stated_ceiling: Ints
    stated_agency: Floats
    stated_trust: Floats
    stated_goals: Bools
    contactable: Bools
    messages_7d: Ints
    events: Ints
    confirmed: Bools


def morning(seen: Seen) -> Morning:
    """The same in the words of ``jobs.simulate``."""
    return Morning(
        day=seen.day,
        ceiling=seen.stated_ceiling,
        agency=seen.stated_agency,
        trust=seen.stated_trust,
        goals=seen.stated_goals,
        reachable=seen.contactable,
        messages=seen.messages_7d,
        signs=signs_of(seen.events, EVENTS),
        right=seen.confirmed,
    )


class Guest:
    """A shop in the given world."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def learn(self, seen: Seen) -> None:
        """What yesterday teaches."""
        self.shop.learn(morning(seen))

    def act(self, seen: Seen) -> Ints:
        """A rung for every pair today."""
        return self.shop.act(morning(seen))


Make = Callable[[str, int, int, int], Guest]


def _maker(**parts: bool) -> Make:
    def made(scenario: str, customers: int, needs: int, seed: int) -> Guest:
        return Guest(shop(customers, needs, seed, **parts))

    return made


make = _maker()
make_without_budget = _maker(budget=False)
make_without_ceilings = _maker(ceilings=False)
make_without_ladder = _maker(ladder=False)
make_without_gate = _maker(gate=False)
make_without_ladder_and_gate = _maker(ladder=False, gate=False)
make_without_exploration = _maker(exploration=False)
