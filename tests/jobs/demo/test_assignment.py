"""What the demo assigns follows from what was observed before the cut, and from the seed."""

from collections import Counter

import pandas as pd
import pytest

from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Rung
from jobs.demo.assignment import NEVER, SHARES, assign
from jobs.demo.data import Journey, load
from jobs.demo.place import CUT

HOUSEHOLDS = 400


@pytest.fixture(scope="module")
def journey() -> Journey:
    """Some households of the real data, with everything they bought."""
    whole = load()
    some = set(sorted(whole.lines["customer_id"].unique())[:HOUSEHOLDS])
    lines = whole.lines[whole.lines["customer_id"].isin(some)]
    return Journey(items=whole.items, lines=lines, redemptions=whole.redemptions)


@pytest.fixture(scope="module")
def assigned(journey):
    """What these households are taken to have said."""
    return assign(journey.before(CUT), CUT, seed=1)


def test_the_same_seed_assigns_the_same_and_another_another(journey, assigned):
    again, other = (assign(journey.before(CUT), CUT, seed=seed) for seed in (1, 2))
    assert again == assigned
    assert other != assigned


def test_nothing_after_the_cut_is_looked_at(journey, assigned):
    later = journey.lines["ordered_at"] >= pd.Timestamp(CUT)
    changed = journey.lines.assign(quantity=journey.lines["quantity"].where(~later, 99))
    altered = Journey(items=journey.items, lines=changed, redemptions=journey.redemptions)
    assert assign(altered.before(CUT), CUT, seed=1) == assigned


def test_ceilings_have_their_shares(assigned):
    found = Counter(one.preferences.ceiling for one in assigned)
    asked = found.pop(Rung.APPROVE)  # also the ceiling of those without habits
    assert asked / len(assigned) > SHARES[Rung.APPROVE]
    for rung, n in found.items():
        assert n / sum(found.values()) == pytest.approx(SHARES[rung] / (1 - SHARES[Rung.APPROVE]), abs=0.06), rung


def test_only_who_granted_automation_and_much_control_signs_and_never_for_fuel_or_drink(assigned, journey):
    categories = dict(zip(journey.items["family"], journey.items["category"], strict=True))
    signed = [one for one in assigned if one.mandate is not None]
    assert signed
    for one in signed:
        granted = {consent.purpose for consent in one.consents if consent.state is Grant.GRANTED}
        assert Purpose.AUTOMATION in granted
        assert one.preferences.ceiling >= Rung.VETO
        for family in one.mandate.families:
            named = f"{family} {categories[family]}".upper()
            assert not any(word in named for word in NEVER), named


def test_goals_belong_to_those_who_granted_coaching(assigned):
    for one in assigned:
        granted = any(c.purpose is Purpose.COACHING and c.state is Grant.GRANTED for c in one.consents)
        assert granted or one.goal is None
