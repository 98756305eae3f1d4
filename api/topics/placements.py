"""What operators put forward in lists: boosts and pins."""

from __future__ import annotations

from http import HTTPStatus

from api.auth.caller import OPERATOR
from api.known import require_items
from api.routes import Topic, caller
from api.service import service
from api.wire.placements import PlacementIn, PlacementOut, Placements
from engine.errors import Conflict, NotFound
from engine.store import audit, placements

MOST = 200  # each is looked at for every list
topic = Topic(name="placements", description="What operators put forward in lists, within every filter")
ONE = "/v1/placements/<ident:placement_id>"


@topic.route("GET", "/v1/placements", scopes=OPERATOR, answer=Placements)
def list_placements() -> Placements:
    """Every placement, by id; those whose time is over included."""
    now = service().now()
    with service().db.read() as tx:
        return Placements(placements=[PlacementOut.of(one, now) for one in placements.all(tx)])


@topic.route("GET", ONE, scopes=OPERATOR, answer=PlacementOut)
def get_placement(placement_id: str) -> PlacementOut:
    """One placement."""
    with service().db.read() as tx:
        found = placements.get(tx, placement_id)
    if found is None:
        raise NotFound("placement", placement_id)
    return PlacementOut.of(found, service().now())


@topic.route("PUT", ONE, scopes=OPERATOR, body=PlacementIn, answer=PlacementOut)
def put_placement(placement_id: str, body: PlacementIn) -> PlacementOut:
    """Put items forward, in place of what stood under this id.

    Lists take it up at once. It changes the order of what may be offered: filters, exclusions, availability and, for
    boosts, the least relevance hold all the same, and every offer it moved says so by the reason `placed`.
    """
    now = service().now()
    asked = body.domain(placement_id, caller().actor, now)
    with service().db.begin() as tx:
        require_items(tx, {"item_ids": body.item_ids})
        if placements.get(tx, placement_id) is None and placements.count(tx) >= MOST:
            raise Conflict(f"there are {MOST} placements already: take one away first")
        kept = placements.put(tx, asked)
        answer = PlacementOut.of(kept, now)
        audit.add(tx, caller().actor, "placement.put", placement_id, answer.model_dump(by_alias=True, mode="json"), now)
    return answer


@topic.route("DELETE", ONE, scopes=OPERATOR, status=HTTPStatus.NO_CONTENT)
def delete_placement(placement_id: str) -> None:
    """Take a placement away; lists are without it at once."""
    now = service().now()
    with service().db.begin() as tx:
        if not placements.remove(tx, placement_id):
            raise NotFound("placement", placement_id)
        audit.add(tx, caller().actor, "placement.delete", placement_id, {}, now)
