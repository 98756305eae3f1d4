"""What would have been ordered for a customer, and how it would have fared: the record that autonomy is earned with."""

from __future__ import annotations

from collections import Counter

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic
from api.service import service
from api.wire.shadows import Shadows, ShadowsPage
from engine.domain.customers import Purpose
from engine.store import decisions, signals
from modes import capability, shadows
from modes.shadows import Guess, Score
from modes.signals import SHADOWS

topic = Topic(name="shadows", description="Orders that were not made, and how they would have fared")


@topic.route(
    "GET", "/v1/customers/<ident:customer_id>/shadows", scopes=APP_AND_BACKEND, query=ShadowsPage, answer=Shadows
)
def list_shadows(customer_id: str, query: ShadowsPage) -> Shadows:
    """What would have been ordered while nothing was, the newest first, scored by what the customer then did.

    `hit`: bought in the window, the same item. `wrong`: bought in the window, another item of the kind. `late`: bought
    before the order would have been placed. `early`: bought after the window, within another one of its length.
    `unwanted`: not bought in both. `open`: not to be told yet. Empty where the customer's orders may not be looked at.
    """
    here, now = service(), service().now()
    with here.reading(customer_id) as tx:
        context = here.context(tx, customer_id, now)
        if not capability.granted(context, Purpose.PERSONALIZATION):
            return Shadows(shadows=[], counts=dict.fromkeys(Score, 0))
        seen = decisions.foreseen(tx, now - query.back, now, customer_id=customer_id)
        heard = signals.all_of(tx, [customer_id], now).get(customer_id, ())
    guesses = [
        Guess(
            decision_id=one.decision_id,
            need=one.family,
            at=one.decided_at,
            probability=one.probability,
            window_days=one.window_days,
        )
        for one in seen
    ]
    acted = [(one.need, one.at) for one in heard if one.need is not None and one.signal not in SHADOWS]
    found = shadows.record(guesses, acted, context.history, here.policy.veto_window, now)
    counts = Counter(one.score for one in found)
    return Shadows.of(found[: query.limit], {score: counts[score] for score in Score})
