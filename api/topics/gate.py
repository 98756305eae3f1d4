"""The gate: what is proved of orders made unasked, what came of them, and a rung opened again."""

from __future__ import annotations

from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.gate import CertificateOut, GateOut, RungOut, UnaskedLabel, WatchOut
from engine.domain.decisions import Rung
from engine.errors import NotFound
from engine.store import house, watches
from engine.store.database import Tx
from modes import gate
from modes.value import EXECUTES

topic = Topic(name="gate", description="Proofs of orders made unasked, and the watch over what came of them")


@topic.route("GET", "/v1/gate", scopes=OPERATOR, answer=GateOut)
def get_gate() -> GateOut:
    """What is proved of orders made unasked, and what came of those that were made."""
    with service().db.read() as tx:
        return _told(tx)


@topic.route("POST", "/v1/gate/<ident:rung>/reopen", scopes=OPERATOR, answer=GateOut)
def reopen_gate(rung: str) -> GateOut:
    """Open a rung again that the watch shut. What comes after is watched anew."""
    found = next((one for one in EXECUTES if one.label == rung), None)
    if found is None:
        raise NotFound("rung", rung)
    now = service().now()
    with service().db.begin() as tx:
        watches.reopen(tx, found, caller().actor, now)
        return _told(tx)


def _told(tx: Tx) -> GateOut:
    found = house.read(tx, service().now())
    return GateOut(
        rungs=[
            RungOut(
                rung=_label(rung),
                promise=gate.promise(rung, service().policy),
                open=gate.proved(service().model(), rung, service().policy, found),
                shut_at=found.shut.get(rung),
                certificates=[CertificateOut.of(one) for one in gate.proofs(service().model(), rung, service().policy)],
            )
            for rung in EXECUTES
        ],
        watches=[WatchOut.of(one) for one in watches.all(tx)],
    )


def _label(rung: Rung) -> UnaskedLabel:
    return "veto" if rung is Rung.VETO else "silent"
