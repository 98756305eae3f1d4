"""What a customer's conduct keeps out: rungs that were not earned yet, or were lost."""

from __future__ import annotations

from engine.domain.decisions import Removal, Rung, Stage
from engine.domain.signals import BOTTOM, Standing
from modes.ladder import LEAST
from modes.scene import Scene

REACHED = {Rung.COACH: "advise", Rung.APPROVE: "ask", Rung.VETO: "announce"}


def removals(rung: Rung, standing: Standing, ceiling: Rung, scene: Scene) -> list[Removal]:
    """Why a rung may not be used for a need by what the customer did so far.

    Parameters
    ----------
    standing : the customer's for the need, see ``standing_of``
    ceiling : above which the customer said nothing is to be done; what is inferred only matters below it
    """
    known = scene.conduct
    found = []
    if known.cap < rung <= ceiling:
        found.append(Removal(stage=Stage.LADDER, rule=f"conduct.{known.cap_by}", detail={"at_most": known.cap.label}))
    if rung > max(standing.rung, BOTTOM):
        found.append(_step(rung, standing, scene))
    return found


def standing_of(need: str | None, scene: Scene) -> Standing:
    """Where the customer stands on the ladder of a need; at its foot where none is named."""
    return Standing() if need is None else scene.conduct.standing(need)


def _step(rung: Rung, standing: Standing, scene: Scene) -> Removal:
    step = min(standing.rung - BOTTOM, len(LEAST) - 1)  # the next one
    facts: dict[str, object] = {
        "earned": standing.rung.label,
        "reached": REACHED.get(standing.rung, "announce"),
        "right": standing.hits[step],
        "wrong": standing.misses[step],
        "least": int(LEAST[step]),
        "falls": standing.falls,
    }
    if standing.rest_until is not None and scene.now < standing.rest_until:
        facts["until"] = standing.rest_until.astimezone(scene.context.zone).date().isoformat()
        return Removal(stage=Stage.LADDER, rule="ladder.rest", detail=facts)
    return Removal(stage=Stage.LADDER, rule="ladder.step", detail=facts)
