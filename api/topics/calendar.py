"""The shop's calendar: until when orders count for a day, how long they take, when they arrive, what shipping costs."""

from __future__ import annotations

from http import HTTPStatus

from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.calendar import CalendarIn, CalendarOut
from engine.errors import NotFound
from engine.store import audit, calendars
from engine.store.calendars import Kept

topic = Topic(name="calendar", description="The shop's calendar of deliveries")
ONE = "/v1/calendar"


@topic.route("GET", ONE, scopes=OPERATOR, answer=CalendarOut, problems=frozenset({HTTPStatus.NOT_FOUND}))
def get_calendar() -> CalendarOut:
    """The calendar in force; 404 where there is none, and then no day is promised."""
    with service().db.read() as tx:
        return _answer(calendars.latest(tx))


@topic.route("PUT", ONE, scopes=OPERATOR, body=CalendarIn, answer=CalendarOut)
def put_calendar(body: CalendarIn) -> CalendarOut:
    """Put a calendar in force, as the next version. Decisions and placings take it up at once; promises made stay."""
    now, calendar = service().now(), body.domain(service().settings.timezone)
    with service().db.begin() as tx:
        answer = _answer(calendars.put(tx, calendar, caller().actor, now))
        audit.add(tx, caller().actor, "calendar.put", str(answer.version), answer.model_dump(mode="json"), now)
    return answer


@topic.route("DELETE", ONE, scopes=OPERATOR, status=HTTPStatus.NO_CONTENT, problems=frozenset({HTTPStatus.NOT_FOUND}))
def delete_calendar() -> None:
    """Take the calendar out of force: no day is promised from now on, and needs are not joined."""
    now = service().now()
    with service().db.begin() as tx:
        if calendars.current(tx) is None:
            raise NotFound("calendar", "of the shop")
        kept = calendars.put(tx, None, caller().actor, now)
        audit.add(tx, caller().actor, "calendar.delete", str(kept.version), {}, now)


def _answer(kept: Kept | None) -> CalendarOut:
    if kept is None or kept.calendar is None:
        raise NotFound("calendar", "of the shop")
    return CalendarOut.of(kept, kept.calendar)
