"""Seeing and stopping: the stop switch, alerts, and where the gateway says something else than the ledger."""

from __future__ import annotations

from http import HTTPStatus

from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.watching import (
    AlertOut,
    Alerts,
    AlertsPage,
    CloseIn,
    DifferenceOut,
    Differences,
    DifferencesPage,
    StopIn,
    StopOut,
    Stops,
    StopsQuery,
)
from engine.errors import NotFound
from engine.store import alerts, differences, stops

MOST = 100
topic = Topic(name="watching", description="The stop switch, alerts, differences between ledger and gateway")


@topic.route(
    "POST",
    "/v1/policies/stop",
    scopes=OPERATOR,
    body=StopIn,
    body_needed=False,
    answer=StopOut,
    status=HTTPStatus.CREATED,
)
def press_stop(body: StopIn) -> StopOut:
    """Stop orders: all of them, those of a family, or those for a gateway. Within two seconds none is sent any more.

    What is stopped waits and can still be vetoed. Where the same is stopped already, that stop is answered, and lasts
    the longer of both. 404 for a family or gateway that nothing has.
    """
    now = service().now()
    with service().db.begin() as tx:
        return StopOut.of(stops.press(tx, body.scope, body.value, body.reason, caller().actor, now, body.until), now)


@topic.route("GET", "/v1/policies/stops", scopes=OPERATOR, query=StopsQuery, answer=Stops)
def list_stops(query: StopsQuery) -> Stops:
    """The stops in force."""
    now = service().now()
    with service().db.read() as tx:
        found = stops.latest(tx, MOST) if query.all else stops.in_force(tx, now)
    return Stops(stops=[StopOut.of(one, now) for one in found])


@topic.route("DELETE", "/v1/policies/stops/<ident:stop_id>", scopes=OPERATOR, answer=StopOut)
def lift_stop(stop_id: str) -> StopOut:
    """Let orders go on. What became due meanwhile is placed at once, unless it is more than three days late."""
    now = service().now()
    with service().db.begin() as tx:
        return StopOut.of(stops.lift(tx, stop_id, caller().actor, now), now)


@topic.route("GET", "/v1/alerts", scopes=OPERATOR, query=AlertsPage, answer=Alerts)
def list_alerts(query: AlertsPage) -> Alerts:
    """What somebody should look at, newest first. A worker raises and clears them, every half minute."""
    with service().db.read() as tx:
        found, following = alerts.page(tx, query.limit, query.cursor, standing=query.open)
    return Alerts(alerts=[AlertOut.of(one) for one in found], next_cursor=following)


@topic.route("GET", "/v1/reports/differences", scopes=OPERATOR, query=DifferencesPage, answer=Differences)
def list_differences(query: DifferencesPage) -> Differences:
    """Where the gateway says something else than the ledger, as the job `reconcile` found, newest first."""
    with service().db.read() as tx:
        found, following = differences.page(tx, query.limit, query.cursor, everything=query.all)
    return Differences(differences=[DifferenceOut.of(one) for one in found], next_cursor=following)


@topic.route(
    "POST",
    "/v1/reports/differences/<ident:difference_id>/close",
    scopes=OPERATOR,
    body=CloseIn,
    answer=DifferenceOut,
)
def close_difference(difference_id: str, body: CloseIn) -> DifferenceOut:
    """Say that a person has dealt with a difference; it is not reported again while the gateway says the same."""
    if not (difference_id.isdigit() and len(difference_id) < 10 and difference_id.isascii()):
        raise NotFound("difference", difference_id)
    with service().db.begin() as tx:
        return DifferenceOut.of(differences.close(tx, int(difference_id), caller().actor, body.note, service().now()))
