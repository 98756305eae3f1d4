"""How much a customer lets Rapport do, and when it may speak."""

from __future__ import annotations

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic, caller
from api.service import service
from api.wire.customers import PreferencesWire
from engine.store import audit, executions, preferences, withdrawing
from modes import agency

topic = Topic(name="preferences", description="Ceilings, quiet hours, channels, pause")
PATH = "/v1/customers/<ident:customer_id>/preferences"


@topic.route("GET", PATH, scopes=APP_AND_BACKEND, answer=PreferencesWire)
def get_preferences(customer_id: str) -> PreferencesWire:
    """A customer's preferences; the defaults where nothing was said."""
    with service().reading(customer_id) as tx:
        return PreferencesWire.of(agency.told(preferences.get(tx, customer_id), service().now()))


@topic.route("PUT", PATH, scopes=APP_AND_BACKEND, body=PreferencesWire, answer=PreferencesWire)
def put_preferences(customer_id: str, body: PreferencesWire) -> PreferencesWire:
    """Replace a customer's preferences; what is left out goes back to its default.

    `paused` with `paused_until` is a pause that ends then; one that is over already is refused, unless it is what
    stands and is sent back: it stays over. Where a change ends a pause, what fell due in it is left out, and not
    ordered all at once.
    """
    now = service().now()
    with service().writing(customer_id) as tx:
        before = preferences.get(tx, customer_id)
        stated, held_until = agency.stated_at(body.domain(), before, now), agency.held_until(before, now)
        preferences.put(tx, customer_id, stated, now)
        executions.lock_customers(tx, [customer_id])  # what is being claimed by the old ones is through by then
        if held_until is not None and not agency.paused(stated, now):
            withdrawing.leave_out(tx, customer_id, held_until, caller().actor, now)
        audit.add(tx, caller().actor, "preferences.put", customer_id, body.model_dump(mode="json"), now)
    return PreferencesWire.of(stated)
