"""What is believed of a customer and where they stand: theirs to see, and to correct."""

from __future__ import annotations

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic, caller
from api.service import service
from api.wire.beliefs import BeliefsIn, BeliefsOut, LadderOut
from engine.store import audit, ladders
from engine.store.database import Tx
from modes.capability import reduced
from modes.conduct import Conduct

topic = Topic(name="beliefs", description="What is believed of a customer, and the ladder of autonomy")
CUSTOMER = "/v1/customers/<ident:customer_id>"


@topic.route("GET", CUSTOMER + "/beliefs", scopes=APP_AND_BACKEND, answer=BeliefsOut)
def get_beliefs(customer_id: str) -> BeliefsOut:
    """What is believed of the customer's wish to decide and of their trust, and every signal behind it."""
    with service().reading(customer_id) as tx:
        return BeliefsOut.of(_conduct(tx, customer_id))


@topic.route("PUT", CUSTOMER + "/beliefs", scopes=APP_AND_BACKEND, body=BeliefsIn, answer=BeliefsOut)
def put_beliefs(customer_id: str, body: BeliefsIn) -> BeliefsOut:
    """Correct what is believed of the customer; what was inferred before counts no more. Ladders stay."""
    now = service().now()
    with service().writing(customer_id) as tx:
        ladders.state(tx, customer_id, body.agency, body.trust, now)
        audit.add(tx, caller().actor, "beliefs.put", customer_id, body.model_dump(mode="json"), now)
        return BeliefsOut.of(_conduct(tx, customer_id))


@topic.route("GET", CUSTOMER + "/ladder", scopes=APP_AND_BACKEND, answer=LadderOut)
def get_ladder(customer_id: str) -> LadderOut:
    """Where the customer stands for each need, and every move that led there."""
    with service().reading(customer_id) as tx:
        return LadderOut.of(_conduct(tx, customer_id), ladders.moves(tx, customer_id), service().now())


def _conduct(tx: Tx, customer_id: str) -> Conduct:
    now = service().now()
    return Conduct.of(reduced(service().context(tx, customer_id, now)), service().policy, now)
