"""What the outcomes of a decision teach: the signals they are heard as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.domain.decisions import Outcome, OutcomeKind, Rung
from engine.domain.signals import Heard
from modes import attention
from modes.signals import Signal

SIGNALS = {kind: Signal(kind.value) for kind in OutcomeKind if kind is not OutcomeKind.REJECTED} | {
    OutcomeKind.REJECTED: Signal.SKIPPED
}
Json = Mapping[str, Any]


def heard(decision: Json, outcomes: Sequence[Outcome]) -> list[Heard]:
    """The signals of the outcomes of a stored decision, each experience's own; what teaches nothing is left out.

    An outcome of an item is about the experience that put it forward, one of no item about the first. That a list was
    left by somebody who came by is no message ignored.
    """
    return [one for outcome in outcomes if (one := _heard(decision, outcome)) is not None]


def _heard(decision: Json, outcome: Outcome) -> Heard | None:
    position, experience = _about(decision["experiences"], outcome.item_id)
    rung, signal = Rung.of(experience["rung"]), SIGNALS[outcome.kind]
    if signal is Signal.IGNORED and not attention.speaks(rung, decision.get("touchpoint") is not None):
        return None
    order = experience["execution"] or {}
    known = order.get("execution_id")
    return Heard(
        signal=signal,
        at=outcome.at,
        need=experience["need"]["family"],
        rung=rung,
        probability=order.get("probability"),
        source=f"execution:{known}" if known else f"decision:{decision['decision_id']}/{position}",
    )


def _about(experiences: Sequence[Json], item_id: str | None) -> tuple[int, Json]:
    """The experience that put an item forward, else the first."""
    found = ((n, one) for n, one in enumerate(experiences) if item_id is not None and item_id in _items(one))
    return next(found, (0, experiences[0]))


def _items(experience: Json) -> set[str]:
    lines = [line for key in ("execution", "order") for line in (experience[key] or {}).get("lines", ())]
    return {one["item_id"] for one in (*experience["offers"], *lines)}
