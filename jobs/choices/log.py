"""The stored log of decisions in codes, as measures read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from engine.domain.decisions import Rung, Stage
from engine.measure.choices import OPEN, RUNGS, STAGES, Choices
from engine.store.decision_log import Logged

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """What was decided, and what the codes mean."""

    choices: Choices
    customers: Sequence[str]
    families: Sequence[str]
    first: datetime  # from which weeks are counted
    last: datetime
    rules: Sequence[tuple[str, str, Rung]]  # stage, rule and rung of everything removed
    decisions: int


def read(rows: Sequence[Logged]) -> Log:
    """From rungs in the order of decisions and positions; at least one."""
    first, last = min(row.decided_at for row in rows), max(row.decided_at for row in rows)
    needs = [list(rungs) for _, rungs in groupby(rows, key=lambda row: (row.decision_id, row.position))]
    customers = {id: n for n, id in enumerate(sorted({row.customer_id for row in rows}))}
    families = {id: n for n, id in enumerate(sorted({row.family for row in rows if row.family is not None}))}
    values, stages = np.full((len(needs), RUNGS), np.nan), np.full((len(needs), RUNGS), OPEN)
    likely = np.full((len(needs), RUNGS), np.nan)
    chosen = np.zeros(len(needs), np.int64)
    for n, rungs in enumerate(needs):
        for row in rungs:
            rung = Rung.of(row.rung)
            values[n, rung] = np.nan if row.value is None else row.value
            likely[n, rung] = np.nan if row.probability is None else row.probability
            if row.removed_stage is not None:
                stages[n, rung] = STAGES.index(Stage(row.removed_stage))
            if row.chosen:
                chosen[n] = rung
    heads = [rungs[0] for rungs in needs]
    return Log(
        choices=Choices(
            customers=np.array([customers[row.customer_id] for row in heads]),
            families=np.array([families.get(row.family or "", -1) for row in heads]),
            weeks=np.array([(row.decided_at - first) // WEEK for row in heads]),
            leads=np.array([row.position == 0 for row in heads]),
            chosen=chosen,
            values=values,
            stages=stages,
            need=likely[:, Rung.CURATE],
            order=likely[:, Rung.VETO],
            present=np.array([row.present for row in heads]),
        ),
        customers=list(customers),
        families=list(families),
        first=first,
        last=last,
        rules=[
            (row.removed_stage, row.removed_rule or "", Rung.of(row.rung))
            for row in rows
            if row.removed_stage is not None
        ],
        decisions=len({row.decision_id for row in heads}),
    )
