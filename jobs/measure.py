"""What came of the orders made unasked, against what was promised: a rung that breaks its promise is shut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import structlog

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.domain.watches import Verdict, Watch
from engine.store import watches
from engine.store.database import Database, Tx
from engine.store.rows import lock
from modes import gate
from modes.parameters import policy_of
from modes.value import EXECUTES
from modes.watch import RIPE, watched

log = structlog.get_logger()
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def run(db: Database, now: datetime, settings: Settings) -> Counter[str]:
    """Look at every rung that orders unasked; answers how many orders were judged and rungs shut. Safe to run twice."""
    policy, found = policy_of(settings), Counter[str]()
    for rung in EXECUTES:
        with db.begin() as tx:
            lock(tx, f"watch {rung.label}")
            one = looked(tx, rung, gate.least_promise(rung, policy), now)
            found[f"{rung.label}_judged"] += one.judged
            if watches.keep(tx, one):
                found["shut"] += 1
                log.error("rung.shut", rung=rung.label, judged=one.judged, wrong=one.wrong, promise=one.promise)
    return found


def looked(tx: Tx, rung: Rung, promise: float, now: datetime) -> Watch:
    """The latest watch over a rung as it stands now; after one that shut the rung, the next."""
    before = watches.latest(tx, rung)
    began = BEGINNING if before is None else before.shut_at or before.began_at
    said = watches.verdicts(tx, rung, began, now - RIPE)
    found = watched(np.array([one.wrong for one in said], bool), promise)
    watch = Watch(rung=rung, began_at=began, promise=promise, looked_at=now, judged=found.judged, wrong=found.wrong)
    shut_at = now if found.shuts else None
    return replace(watch, wealth=found.wealth, evidence=_evidence(said[: found.judged]), shut_at=shut_at)


def _evidence(said: Sequence[Verdict]) -> dict[str, object]:
    certificates = Counter(one.certificate_id or "none" for one in said)
    wrong = Counter(one.certificate_id or "none" for one in said if one.wrong)
    return {
        "states": dict(Counter(one.state for one in said)),
        "certificates": {id: {"judged": n, "wrong": wrong[id]} for id, n in certificates.items()},
        "first": said[0].decided_at.isoformat() if said else None,
        "last": said[-1].decided_at.isoformat() if said else None,
    }
