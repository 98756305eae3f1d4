"""What a day does to an invented world, and what it is worth to the customers and the shop."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.domain.decisions import Rung
from jobs.simulate import replies as answers
from jobs.simulate.luck import Lot, Lots
from jobs.simulate.replies import Replies
from jobs.simulate.seen import Bools, Floats, Ints, Sign
from jobs.simulate.world import SPOKEN, State, World


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

    @classmethod
    def of(cls, world: World, acts: Ints, lots: Lots) -> Evening:
        """Of a day with such luck, when these rungs are chosen for the pairs."""
        carried = np.where(world.reachable[:, None], acts, 0)
        replies = Replies.to(carried, world, lots)
        bought = _without(world, replies) & (lots.pair[Lot.RECALLED] < world.customers.recalls)
        seen = bought & (lots.pair[Lot.ELSEWHERE] >= world.scenario.habits.elsewhere)
        return cls(
            acts=carried,
            replies=replies,
            utility=_utility(world, carried, replies, bought),
            margin=_margin(world, replies, seen),
            bought=bought,
            seen=seen,
        )


def lived(world: World, acts: Ints, lots: Lots | None = None) -> tuple[World, Evening]:
    """The next morning, and what the day brought, when these rungs are chosen for the pairs."""
    lots = world.luck() if lots is None else lots
    evening = Evening.of(world, acts, lots)
    state = _felt(world, _drifted(world, _stocked(world, evening, lots), lots), evening, lots)
    sent = SPOKEN[evening.acts].sum(axis=1, keepdims=True)
    state = replace(
        state,
        sent=np.concatenate([sent, world.state.sent[:, :-1]], axis=1),
        signs=_signs(evening),
        right=(evening.replies.pleased | evening.seen) & ~world.state.other,
    )
    return replace(world, day=world.day + 1, state=state), evening


def _without(world: World, replies: Replies) -> Bools:
    """Pairs that have run out, and are brought nothing today."""
    empty = world.state.alive & (world.state.stock <= 0) & ~world.state.gone
    return empty & ~replies.taken & ~replies.delivered


def _utility(world: World, acts: Ints, replies: Replies, bought: Bools) -> Floats:
    worth, customers = world.scenario.worth, world.customers
    found = replies.pleased * (worth.order - world.effort(acts) - worth.edit * replies.edited)
    found = found + bought * (worth.order - world.effort(Rung.RESPOND)) - worth.out_of_stock * _without(world, replies)
    found = found + replies.moved * worth.goal - (acts == Rung.COACH) * ~customers.goal * worth.needless
    found = found + replies.taken * (acts == Rung.CURATE) * customers.variety * worth.idea
    found = found - world.message(acts) - worth.veto * replies.vetoed
    found = found - replies.unwanted * np.where(replies.returned, worth.send_back, worth.put_up_with)
    found = found - worth.overreach * answers.overreach(world, acts) * replies.delivered
    return np.asarray(np.where(world.state.gone, 0.0, found))


def _margin(world: World, replies: Replies, seen: Bools) -> Floats:
    worth = world.scenario.worth
    return worth.margin * (replies.pleased | seen) - worth.return_cost * replies.returned


def _stocked(world: World, evening: Evening, lots: Lots) -> State:
    """Orders fill the stock up, a day uses of it; what is sent back fills nothing up."""
    state, customers, replies = world.state, world.customers, evening.replies
    obtained = replies.taken | replies.delivered | evening.bought
    shape = customers.variation**-2.0
    lasts = lots.rng.standard_gamma(shape) / shape * state.gap
    added = np.where(obtained & ~replies.returned, np.maximum(-state.stock, 0.0) + lasts, 0.0)
    return replace(
        state,
        stock=state.stock + added - 1,
        other=np.where(obtained, lots.pair[Lot.VARIETY] < customers.variety, state.other),
        rests_until=np.where(replies.moved, world.day + world.scenario.habits.goal_inertia, state.rests_until),
    )


def _drifted(world: World, state: State, lots: Lots) -> State:
    """Needs end, rhythms change, prices move, whatever the shop does."""
    habits = world.scenario.habits
    changed = np.clip(state.gap * np.exp(habits.shift_size * lots.shift), *habits.gap_range)
    return replace(
        state,
        alive=state.alive & (lots.pair[Lot.ENDED] >= habits.ends),
        gap=np.where(lots.pair[Lot.SHIFTED] < habits.shifts, changed, state.gap),
        dear=np.where(state.dear, lots.price >= habits.cheap_again, lots.price < habits.dear),
    )


def _felt(world: World, state: State, evening: Evening, lots: Lots) -> State:
    """Trust grows slowly and is lost fast, comfort moves at its edge, and patience runs out."""
    moods, replies, acts = world.scenario.moods, evening.replies, evening.acts
    helped, hurt, stopped = (
        which.any(axis=1, keepdims=True) for which in (replies.pleased, replies.harmed, replies.vetoed)
    )
    kept = (1 - moods.trust_loss * hurt) * (1 - moods.trust_loss_veto * stopped)
    trust = 1 - (1 - state.trust) * (1 - moods.trust_gain * helped)
    edge = replies.pleased & (acts > 0) & (acts == np.floor(state.comfort))
    comfort = state.comfort + moods.comfort_gain * edge - moods.comfort_loss * replies.harmed
    annoyance = moods.calm * state.annoyance + _annoyed(world, evening).sum(axis=1, keepdims=True)
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


def _annoyed(world: World, evening: Evening) -> Floats:
    """How much each pair's day annoyed."""
    moods, replies = world.scenario.moods, evening.replies
    over = answers.overreach(world, evening.acts)
    found = moods.ignored * (1 + world.load) * (replies.ignored | replies.later)
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
