"""The worker's side of executions: claimed by lease, intended before the call, completed behind a fence.

Leases, retries and the life of the gateway's key run on the database's clock; whether something is due is told by the
``now`` that is passed in. What a sweep does to many, it does in one statement for all of them: a transaction costs a
write to the disk, a statement a way to the database, a row next to nothing.
"""

from engine.store.ledger.claiming import UNASKED, Claim, claim
from engine.store.ledger.completing import Answered, Completion, complete_all, settle, settle_by_hand
from engine.store.ledger.fences import ACTOR
from engine.store.ledger.intending import NOT_CALLED, intend_all, let_go, skip_unanswered, take_back

__all__ = [
    "ACTOR",
    "Answered",
    "Claim",
    "Completion",
    "NOT_CALLED",
    "UNASKED",
    "claim",
    "complete_all",
    "intend_all",
    "let_go",
    "settle",
    "settle_by_hand",
    "skip_unanswered",
    "take_back",
]
