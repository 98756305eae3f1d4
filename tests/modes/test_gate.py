"""The gate: promises by category, masks that nothing gets past, a rung that the watch shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.decisions import Mode, Rung, Stage
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.signals import Heard, Record, Signal
from modes import explain, gate
from modes.conduct import Conduct, spent
from modes.policy import Chance, Harm, Mask, Policy, Worth
from tests.modes import worlds
from tests.modes.shop import (
    NOW,
    FakeModel,
    a_certificate,
    a_context,
    a_forecast,
    a_history,
    a_record,
    a_signed,
    ago,
    allowed,
    considered,
    decided,
    of,
    only,
    rules,
    rung,
)
from tests.modes.worlds import situations

UNASKED = (Rung.VETO, Rung.SILENT)
SURE = FakeModel([a_forecast(probability=0.99)], thresholds={0.9: 0.5, 0.952: 0.5})


class TestPromise:
    def test_a_category_may_ask_for_more_and_never_for_less_than_the_shop(self):
        dear = replace(Worth(), wrong={**Worth().wrong, Rung.VETO: 9.0})
        cheap = replace(Worth(), wrong={**Worth().wrong, Rung.SILENT: 0.5})
        policy = Policy(categories={"DRINKS": dear, "TOYS": cheap})
        assert gate.promise(Rung.VETO, policy, ("DRINKS", "COFFEE")) == 0.99
        assert gate.promise(Rung.SILENT, policy, ("TOYS",)) == policy.promise
        assert gate.least_promise(Rung.SILENT, policy) == 0.9
        assert gate.least_promise(Rung.VETO, policy) == 0.9

    def test_a_decision_is_held_to_the_promise_of_its_category(self):
        dear = replace(Worth(), wrong={**Worth().wrong, Rung.VETO: 9.0, Rung.SILENT: 9.0})
        found = only(decided(model=SURE, policy=Policy(categories={"DRINKS > COFFEE": dear})))
        assert rules(found)[Rung.VETO] == rules(found)[Rung.SILENT] == "certificate.shut"
        assert only(decided(model=SURE, policy=Policy(categories={"FOOD": dear}))).rung is Rung.SILENT

    def test_attention_is_priced_as_the_category_says(self):
        """A message on coffee is dearer where its category says so; an order without a message is not."""
        context = a_context(history=a_history(("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27)))
        dear = Policy(categories={"DRINKS": Worth(attention=1.0)})
        one, other = (only(decided(context, SURE, policy=policy)) for policy in (Policy(), dear))
        assert rung(one, Rung.APPROVE).value - rung(other, Rung.APPROVE).value == pytest.approx(0.88 * 1.5)
        assert rung(one, Rung.SILENT).value == pytest.approx(rung(other, Rung.SILENT).value)

    def test_the_usual_wish_of_a_category_counts_for_who_said_nothing(self):
        """The value of asking holds effort * agency: (1 - .25) of it is saved, at p = .99 and a take-up of .75."""
        settled = Policy(categories={"DRINKS": Worth(agency=0.2)})
        silent_on_it = a_context(preferences=replace(a_context().preferences, ceiling=None))
        for context, gained in ((silent_on_it, 0.4 * 0.75 * 0.99 * 0.75), (a_context(), 0.0)):
            one, other = (only(decided(context, SURE, policy=policy)) for policy in (Policy(), settled))
            assert rung(other, Rung.APPROVE).value - rung(one, Rung.APPROVE).value == pytest.approx(gained)

    @settings(deadline=None, max_examples=60)
    @given(situations(), st.sampled_from([0.5, 0.7, 0.9, 0.93]), st.sampled_from([0.9, 0.952, 0.97, 0.99]))
    def test_a_higher_promise_never_adds_an_execution(self, situation, low, high):
        """Of whatever model: certificates of a higher promise have no lower threshold."""
        known, orders = situation["model"], []
        thresholds = {p: min(p + 0.02, 0.98) for p in (0.683, 0.7, 0.9, 0.93, 0.952, 0.97, 0.99)}
        for promise in sorted((low, high)):
            policy = replace(situation["policy"], promise=promise, messages=99, max_needs=1)
            model = None if known is None else (known[0], thresholds)
            found = worlds.made({**situation, "policy": policy, "model": model})
            orders.append({(one.need.family, r) for one in found.experiences for r in allowed(one) if r in UNASKED})
        lax, strict = orders
        assert strict <= lax


class TestMasks:
    COFFEE = Mask(families=frozenset(["coffee"]))

    @pytest.mark.parametrize(
        "mask", [COFFEE, Mask(categories=frozenset(["COFFEE"])), Mask(categories=frozenset(["DRINKS > COFFEE"]))]
    )
    def test_no_history_and_no_certificate_gets_past_it(self, mask):
        plain = only(decided(model=SURE))
        found = only(decided(model=SURE, policy=Policy(masks=(mask,))))
        assert plain.rung is Rung.SILENT
        assert found.rung is Rung.CURATE
        removed = considered(found, Mode.EXECUTE).removed_by
        assert (removed.stage, removed.rule) == (Stage.RULE, "mask.coach")
        assert explain.removal(removed) == "This is never ordered for anybody by us."
        assert found.lever is None or found.lever.would_give is not Mode.EXECUTE

    @pytest.mark.parametrize("most", [Rung.RESPOND, Rung.CURATE, Rung.COACH, Rung.APPROVE])
    def test_each_says_how_far_it_goes(self, most):
        found = only(decided(model=SURE, policy=Policy(masks=(replace(self.COFFEE, at_most=most),))))
        assert found.rung <= most
        assert {r for r, rule in rules(found).items() if rule.startswith("mask.")} <= {r for r in Rung if r > most}
        assert most < Rung.APPROVE or Rung.APPROVE in allowed(found)

    def test_a_substitute_of_another_family_is_looked_at_too(self):
        """Coffee is out of stock, and the customer signed for wine in its place: the shop never orders wine."""
        gone = worlds.items_but(worlds.an_item("i1", name="Beans", family="coffee", available=False))
        signed = a_signed(substitutes=("w1",), families=frozenset(["coffee"]), price_high=None)
        context = a_context(mandates=(signed,))
        wine = Policy(masks=(Mask(categories=frozenset(["WINE"])),))
        assert only(decided(context, SURE, items=gone)).execution.lines[0].item_id == "w1"
        assert only(decided(context, SURE, items=gone, policy=wine)).execution is None

    @settings(deadline=None, max_examples=60)
    @given(
        situations(),
        st.sets(st.sampled_from(["coffee", "milk", "tea"]), min_size=1).map(frozenset),
        st.sets(st.sampled_from(["DRINKS", "FOOD > MILK", "WINE"])).map(frozenset),
        st.sampled_from([Rung.RESPOND, Rung.CURATE, Rung.COACH, Rung.APPROVE]),
    )
    def test_a_mask_never_adds_a_rung(self, situation, families, categories, most):
        policy = replace(situation["policy"], messages=99)
        plain = worlds.made({**situation, "policy": policy})
        mask = Mask(families=families, categories=categories, at_most=most)
        masked = worlds.made({**situation, "policy": replace(policy, masks=(mask,))})
        for one in masked.experiences:
            twin = [other for other in plain.experiences if other.need == one.need]
            assert not twin or {r for r in allowed(one) if r > Rung.CURATE} <= allowed(twin[0]) | _crowded(twin[0])
            assert one.need.family not in families or one.rung <= most


def _crowded(experience) -> set[Rung]:
    """The rungs that another need of the same decision took something from: attention, or a mandate's budget."""
    shared = ("attention.", "mandate.budget", "value.low")
    return {r for r, rule in rules(experience).items() if rule.startswith(shared)}


class TestShut:
    SINCE = NOW - timedelta(days=10)
    HOUSE = House(shut={Rung.SILENT: SINCE})

    def test_a_rung_that_the_watch_shut_is_not_used(self):
        found = only(decided(model=SURE, house=self.HOUSE))
        assert found.rung is Rung.VETO
        removed = rung(found, Rung.SILENT).removed_by
        assert (removed.stage, removed.rule) == (Stage.GATE, "watch.shut")
        assert "asked first for now" in explain.removal(removed)
        both = House(shut=dict.fromkeys(UNASKED, self.SINCE))
        assert only(decided(model=SURE, house=both)).rung is Rung.APPROVE

    def test_only_a_certificate_whose_window_began_later_opens_it(self):
        shut = day_of(self.SINCE)
        old, new = (a_certificate(windows=(shut - 40, day)) for day in (shut - 1, shut))
        assert (gate.renewed(old, self.SINCE), gate.renewed(new, self.SINCE)) == (False, True)
        assert not gate.renewed(a_certificate(None, windows=(shut + 1,)), self.SINCE)
        order = a_forecast(probability=0.99)
        assert [one.rule for one in gate.removals(old, order, shut_at=self.SINCE)] == ["watch.shut"]
        assert gate.removals(new, order, shut_at=self.SINCE) == []

    def test_nobody_climbs_to_it(self):
        assert gate.proved(SURE, Rung.SILENT, Policy(), House())
        assert not gate.proved(SURE, Rung.SILENT, Policy(), self.HOUSE)
        assert gate.proved(SURE, Rung.VETO, Policy(), self.HOUSE)
        assert not gate.proved(None, Rung.VETO, Policy(), House())


class TestHarm:
    def heard(self, *days: float, signal: Signal = Signal.RETURNED) -> tuple[Heard, ...]:
        return tuple(Heard(signal=signal, at=ago(day), need="tea", rung=Rung.VETO, source=f"x{day}") for day in days)

    @pytest.mark.parametrize(
        ("days", "orders", "over"),
        [((300, 200), 2, False), ((290, 200), 2, True), ((290, 200), 3, False), ((200,), 1, True)],
    )
    def test_so_many_in_so_many_days_and_everything_is_asked_about(self, days, orders, over):
        context = a_context(record=replace(a_record(), heard=self.heard(*days), stated_trust=0.9, stated_agency=0.2))
        found = Conduct.of(context, Policy(harm=Harm(orders=orders)), NOW)
        assert (found.cap_by == "incidents") is over
        assert (found.cap is Rung.APPROVE) is over

    def test_raising_a_ceiling_begins_anew(self):
        both = (*self.heard(290, 200), Heard(signal=Signal.RAISED, at=ago(100), source="p"))
        record = Record(standings=a_record().standings, reviewed_at=ago(3), heard=both, stated_trust=0.9)
        assert Conduct.of(a_context(record=record), Policy(), NOW).cap_by != "incidents"

    @given(st.lists(st.integers(0, 400), max_size=8), st.integers(1, 4), st.integers(1, 200))
    def test_a_larger_budget_is_never_spent_sooner(self, days, orders, within):
        times = sorted(ago(day) for day in days)
        if spent(times, Harm(orders=orders + 1, days=within)):
            assert spent(times, Harm(orders=orders, days=within))
            assert spent(times, Harm(orders=orders + 1, days=within + 1))


def test_chance_holds_back_its_share_of_executions_and_says_how_much():
    policy = Policy(chance=Chance())
    found = [only(decided(model=SURE, policy=policy, now=NOW + timedelta(seconds=n))).rung for n in range(400)]
    held = found.count(Rung.APPROVE) / len(found)
    assert 0.03 < held < 0.12
    assert set(found) == {Rung.SILENT, Rung.APPROVE}
    one = only(decided(model=SURE, policy=policy))
    assert rung(one, Rung.APPROVE).propensity == pytest.approx(0.07)
    assert rung(one, Rung.SILENT).propensity == pytest.approx(0.93)
    assert of(decided(model=SURE, policy=policy), "coffee") == one


class TestStakes:
    """Where prices part proofs, an order is held to that of its class, and one above all of them is not made."""

    class Classes(FakeModel):
        """A model whose proof holds for orders below so much."""

        stakes = (500.0, 1_000.0)

        def certificate(self, window_days, promise, *, stake=None):
            open_here = stake is None or stake < 1_000.0
            return a_certificate(0.5 if open_here else None, window_days=window_days, promise=promise)

    @pytest.mark.parametrize(
        ("prices", "currency", "unasked"),
        [((10.0,), "USD", True), ((), "USD", True), ((10.0,), "EUR", False)],
    )
    def test_an_order_is_held_to_the_proof_of_its_class(self, prices, currency, unasked):
        model = self.Classes([a_forecast(probability=0.99)])
        policy = Policy(stakes=prices, currency=currency)
        assert (only(decided(model=model, policy=policy)).rung is Rung.SILENT) is unasked

    def test_above_every_proved_class_nothing_is_ordered_unasked(self):
        dear = worlds.items_but(worlds.an_item("i1", name="Beans", family="coffee", price=worlds.usd(1_000)))
        context = a_context(mandates=(a_signed(price_high=None),))
        model = self.Classes([a_forecast(probability=0.99)])
        for prices, rung_given in (((10.0,), Rung.APPROVE), ((), Rung.SILENT)):
            found = only(decided(context, model, items=dear, policy=Policy(stakes=prices)))
            assert found.rung is rung_given

    def test_prices_are_told_in_minor_units_of_the_currency(self):
        assert Policy(stakes=(5.0, 10.5)).bounds == (500.0, 1050.0)
        assert Policy(stakes=(500.0,), currency="JPY").bounds == (500.0,)
