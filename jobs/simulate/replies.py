"""How customers answer what is put before them, as probabilities and as what chance made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from engine.domain.decisions import Rung
from jobs.simulate.luck import Lot, Lots
from jobs.simulate.seen import Bools, Floats, Ints
from jobs.simulate.world import World

SOFT = (Rung.CURATE, Rung.COACH, Rung.APPROVE)
UNASKED = (Rung.VETO, Rung.SILENT)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Replies:
    """What came of the acts of a day; bool arrays of shape (n, m)."""

    taken: Bools  # a proposal, or a question, met a need and was taken up
    edited: Bools  # a proposal or notice was taken up as another item
    moved: Bools  # a goal came nearer
    ignored: Bools
    later: Bools
    vetoed: Bools
    delivered: Bools  # an order that nobody was asked about, and nobody stopped
    unwanted: Bools  # one of those that was not needed, too dear, or of the wrong item
    returned: Bools
    complained: Bools

    @classmethod
    def to(cls, acts: Ints, world: World, lots: Lots) -> Replies:
        """The replies of a world's customers to acts, rungs of shape (n, m)."""
        manners, pair = world.scenario.replies, lots.pair
        welcome, usual = world.welcome, ~world.state.other
        soft, unasked, coach = np.isin(acts, SOFT), np.isin(acts, UNASKED), acts == Rung.COACH
        over = overreach(world, acts)
        taken = soft & welcome & (pair[Lot.TAKEN] < taking(world, over))
        moved = coach & world.goal_open & (pair[Lot.MOVED] < moving(world))
        left = soft & ~taken & ~moved
        later = left & (acts == Rung.APPROVE) & (pair[Lot.LATER] < manners.snooze)
        noticed = (acts == Rung.VETO) & (pair[Lot.NOTICED] < manners.notice)
        vetoed = noticed & (~welcome | (pair[Lot.PRINCIPLE] < manners.principle * over))
        changed = noticed & ~vetoed & ~usual
        delivered = unasked & ~vetoed
        unwanted = delivered & ~(welcome & (usual | changed))
        angry = (acts == Rung.SILENT) & delivered & ~unwanted & (pair[Lot.COMPLAINED] < manners.complains * over)
        return cls(
            taken=taken,
            edited=(taken & (acts == Rung.APPROVE) & ~usual) | changed,
            moved=moved,
            ignored=left & ~later,
            later=later,
            vetoed=vetoed,
            delivered=delivered,
            unwanted=unwanted,
            returned=unwanted & (pair[Lot.SENT_BACK] < manners.sends_back),
            complained=angry,
        )

    @property
    def pleased(self) -> Bools:
        """Orders that the shop brought about, and that were right."""
        return self.taken | (self.delivered & ~self.unwanted)

    @property
    def harmed(self) -> Bools:
        """What costs trust."""
        return self.unwanted | self.complained


def overreach(world: World, acts: Ints | int) -> Floats:
    """Rungs by which acts go beyond what is comfortable."""
    return np.maximum(acts - np.floor(world.state.comfort), 0.0)


def taking(world: World, over: Floats) -> Floats:
    """The probability that a proposal which meets a need is taken up."""
    manners = world.scenario.replies
    return np.asarray(
        expit(
            manners.take_up
            + manners.take_up_trust * (world.state.trust - 0.5)
            - manners.take_up_load * world.load
            - manners.take_up_overreach * over
        )
    )


def moving(world: World) -> Floats:
    """The probability that a nudge moves a goal that can move."""
    return np.asarray(world.customers.receptive * np.sqrt(world.state.trust))
