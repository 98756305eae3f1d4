"""What the customer could change to be given more: the fewest of their own settings, tried out before it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.domain.context import Context
from engine.domain.customers import Grant, Mandate, Purpose
from engine.domain.decisions import Change, Lever, Removal, Rung, Stage
from engine.domain.values import Money, to_minor
from modes.assess import Candidate, Prospect
from modes.execute import Plan
from modes.scene import Scene
from modes.select import Choice, chosen

WEIGHTS = {"expires_at": 1, "max_quantity": 1, "price_low": 2, "price_high": 2, "order_limit": 3, "budget": 3}
PROPOSED = "proposed"  # id of a mandate that is not signed
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Relaxation:
    """One setting changed as little as it takes, and how much is asked of the customer by it."""

    change: Change
    weight: int
    apply: Callable[[Context], Context]


class Trials:
    """One decision made again under changed settings; under the same changes once, whatever need asks for them."""

    def __init__(self, candidates: Sequence[Candidate], scene: Scene) -> None:
        self.scene = scene
        self._candidates = candidates
        self._known: dict[tuple[tuple[str, str], ...], _Trial] = {}

    def given(self, candidate: Candidate, changes: Sequence[Relaxation]) -> Choice:
        """What a need would be given."""
        key = tuple(sorted((one.change.setting, repr(one.change.after)) for one in changes))
        if key not in self._known:
            context = self.scene.context
            for one in changes:
                context = one.apply(context)
            self._known[key] = _Trial(chosen(self._candidates, self.scene.under(context)))
        return self._known[key].of(candidate)


class _Trial:
    """A decision made as far as it is asked for: needs whose turn comes later change nothing for those before them."""

    def __init__(self, turns: Iterator[Choice]) -> None:
        self._turns = turns
        self._made: list[Choice] = []

    def of(self, candidate: Candidate) -> Choice:
        """What the need is given."""
        for one in self._made:
            if one.prospect.candidate is candidate:
                return one
        for one in self._turns:
            self._made.append(one)
            if one.prospect.candidate is candidate:
                return one
        raise AssertionError("every need has its turn")


def lever(choice: Choice, trials: Trials) -> Lever | None:
    """The settings that stand between the customer and something of more value; None where there are none.

    What a gate, a phase or the stock removes is not the customer's to change, and a consent that was refused is
    not asked for again. The decision is made once more with the changes, and must then give what is promised.
    """
    for rung in _better(choice):
        found = _relaxations(rung, choice)
        if found and _gives(rung, found, choice, trials):
            changes = sorted(found, key=lambda one: (one.weight, one.change.setting))
            return Lever(changes=tuple(one.change for one in changes), rung=rung)
    return None


def _better(choice: Choice) -> list[Rung]:
    """The rungs worth more than the chosen one, the best first."""
    better = {rung: value for rung, value in choice.values.items() if value is not None and value > choice.value}
    return sorted(better, key=lambda rung: (-better[rung], rung))


def _relaxations(rung: Rung, choice: Choice) -> list[Relaxation]:
    """One for each thing that removes the rung; none at all where one of them cannot be relaxed."""
    found: dict[str, Relaxation] = {}
    for removal in choice.removals[rung]:
        relaxed = _relaxed(removal, rung, choice.prospect)
        if relaxed is None:
            return []
        found[relaxed.change.setting] = relaxed
    return list(found.values())


def _gives(rung: Rung, found: Sequence[Relaxation], choice: Choice, trials: Trials) -> bool:
    """Whether the need is given that rung then, and is better off: other needs may take attention before it."""
    other = trials.given(choice.prospect.candidate, found)
    return other.rung is rung and other.value > choice.value


def _relaxed(removal: Removal, rung: Rung, found: Prospect) -> Relaxation | None:
    if removal.stage is Stage.CAPABILITY:
        return _consent(removal)
    if removal.rule == "preferences.paused":
        return _unpaused()
    if removal.stage is Stage.CEILING:
        return _ceiling(removal, rung)
    if removal.stage is Stage.MANDATE and found.plan is not None:
        return _signed(removal, found.plan)
    return None


def _consent(removal: Removal) -> Relaxation | None:
    purpose = Purpose(removal.rule.removeprefix("consents."))
    if removal.detail.get("state") != Grant.UNSET.value or purpose is Purpose.PERSONALIZATION:
        return None
    return Relaxation(
        change=Change(setting=removal.rule, before=Grant.UNSET.value, after=Grant.GRANTED.value),
        weight=4,
        apply=lambda context: replace(context, consents={**context.consents, purpose: Grant.GRANTED}),
    )


def _unpaused() -> Relaxation:
    def apply(context: Context) -> Context:
        return replace(context, preferences=replace(context.preferences, paused=False, paused_until=None))

    return Relaxation(change=Change(setting="preferences.paused", before=True, after=False), weight=1, apply=apply)


def _ceiling(removal: Removal, rung: Rung) -> Relaxation:
    _, field, *name = removal.rule.split(".", 2)
    before = removal.detail["ceiling"] if removal.detail["stated"] else Grant.UNSET.value

    def apply(context: Context) -> Context:
        preferences = context.preferences
        changes: dict[str, Any] = {field: {**getattr(preferences, field), name[0]: rung} if name else rung}
        return replace(context, preferences=replace(preferences, **changes))

    return Relaxation(change=Change(setting=removal.rule, before=before, after=rung.label), weight=5, apply=apply)


def _signed(removal: Removal, plan: Plan) -> Relaxation | None:
    """The mandate as it would have to be signed."""
    field = removal.rule.removeprefix("mandate.")
    if field == "missing":
        return _proposed(plan)
    if field == "expired":
        return _changed(removal, "expires_at", removal.detail["at"], None, None)
    asked = _needed(field, removal.detail, plan)
    if asked is None:
        return None
    before = removal.detail["signed"]
    shown = asked.decimal() if isinstance(asked, Money) else asked
    return _changed(removal, field, _number(before) if isinstance(asked, Money) else before, shown, asked)


def _needed(field: str, detail: Mapping[str, object], plan: Plan) -> Money | int | None:
    """What the field would have to say at least."""
    if field in ("price_low", "price_high"):
        return plan.line.unit_price
    if field == "order_limit":
        return plan.total
    if field == "budget":
        return _money(detail["before"]) + plan.total
    return plan.line.quantity if field == "max_quantity" else None


def _changed(removal: Removal, field: str, before: object, shown: object, value: Money | int | None) -> Relaxation:
    id = str(removal.detail["mandate_id"])

    def changed(mandate: Mandate) -> Mandate:
        changes: dict[str, Any] = {field: value}
        return replace(mandate, **changes) if mandate.mandate_id == id else mandate

    return Relaxation(
        change=Change(setting=f"mandates.{id}.{field}", before=before, after=shown),
        weight=WEIGHTS[field],
        apply=lambda context: replace(context, mandates=tuple(changed(mandate) for mandate in context.mandates)),
    )


def _proposed(plan: Plan) -> Relaxation:
    """A mandate for no more than the order at hand."""
    line = plan.line
    terms = {"families": [line.family], "max_quantity": line.quantity, "price_high": str(line.unit_price)}

    def apply(context: Context) -> Context:
        mandate = Mandate(
            mandate_id=PROPOSED,
            customer_id=context.customer.customer_id,
            families=frozenset([line.family]),
            max_quantity=line.quantity,
            price_high=line.unit_price,
            signed_at=_LONG_AGO,
        )
        return replace(context, mandates=(*context.mandates, mandate))

    return Relaxation(change=Change(setting="mandates", before=None, after=terms), weight=3, apply=apply)


def _money(text: object) -> Money:
    """Money from its text, ``15.01 USD``."""
    number, currency = str(text).split()
    return Money(minor=to_minor(Decimal(number), currency), currency=currency)


def _number(text: object) -> str:
    return str(text).split()[0]
