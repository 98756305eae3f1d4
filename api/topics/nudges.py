"""The customer's inbox: list, live stream, responses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import BoundedSemaphore
from zoneinfo import ZoneInfo

from flask import Response, request

from api import stopping, taps
from api.auth.caller import APP
from api.auth.check import still_valid
from api.encoding import dumps
from api.routes import EVENT_STREAM, Topic, caller
from api.service import Service, service
from api.wire.base import Page
from api.wire.nudges import NudgeOut, Nudges, ResponseIn
from engine.domain.nudges import Nudge
from engine.domain.values import parse_time
from engine.errors import InputError, NotFound, Unavailable
from engine.store import nudges
from engine.store.database import Tx

topic = Topic(name="nudges", description="The customer's inbox, and its live stream")
PATH = "/v1/customers/<ident:customer_id>/nudges"
LOOK_EVERY = 1.0  # seconds between two looks at the inbox
BREATH = 0.2  # seconds between two looks at whether to end
BEAT_EVERY = 15.0  # seconds between two comments that keep proxies from closing the line
LONGEST = 600.0  # seconds; then the client comes back with Last-Event-ID
LATE = timedelta(minutes=5)  # how long after its time a message may have been stored
MOST_STREAMS = 32  # of one process: each holds a thread, and requests need theirs

_room = BoundedSemaphore(MOST_STREAMS)


@topic.route("GET", PATH, scopes=APP, query=Page, answer=Nudges)
def list_nudges(customer_id: str, query: Page) -> Nudges:
    """The customer's messages that are due, newest first."""
    with service().reading(customer_id) as tx:
        found, following = nudges.inbox(tx, customer_id, service().now(), query.limit, query.cursor)
    offered = taps.links(service(), found)
    return Nudges(nudges=[NudgeOut.of(one, offered.get(one.nudge_id, ())) for one in found], next_cursor=following)


@topic.route(
    "GET", PATH + "/stream", scopes=APP, media_type=EVENT_STREAM, problems=frozenset({HTTPStatus.SERVICE_UNAVAILABLE})
)
def stream_nudges(customer_id: str) -> Response:
    """Messages as they become due, as server-sent events named ``nudge``.

    A client that comes back with Last-Event-ID misses nothing, and may be sent the latest messages again: their
    nudge_id tells. The stream ends after ten minutes, when the server stops, when the token ends or is revoked, and
    when the customer is erased.
    """
    with service().reading(customer_id):
        pass
    if request.method == "HEAD":
        return Response(content_type=EVENT_STREAM)
    stream = _Stream(service(), customer_id, _shown_token(), _left_off())
    if not _room.acquire(blocking=False):
        raise Unavailable("this server holds as many streams as it can; try again later")
    response = Response(stream, content_type=EVENT_STREAM)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@topic.route("POST", "/v1/nudges/<ident:nudge_id>/responses", scopes=APP, body=ResponseIn, answer=NudgeOut)
def respond(nudge_id: str, body: ResponseIn) -> NudgeOut:
    """Say what became of a message."""
    now = service().now()
    with service().db.begin() as tx:
        _own(tx, nudge_id, now)
        nudges.respond(tx, nudge_id, body.response, now)
        return NudgeOut.of(_own(tx, nudge_id, now))


def _own(tx: Tx, nudge_id: str, now: datetime) -> Nudge:
    found = nudges.get(tx, nudge_id)
    if found is None or found.customer_id != caller().customer_id or found.send_at > now:
        raise NotFound("nudge", nudge_id)
    return found


class _Stream:
    """The bytes of one open stream; it gives its place back however it ends."""

    def __init__(self, here: Service, customer_id: str, token: str, left_off: datetime | None) -> None:
        self._here, self._customer_id, self._token = here, customer_id, token
        self._sent: set[str] = set()
        self._since = here.now() if left_off is None else left_off
        if left_off is None:
            self._sent.update(nudge.nudge_id for nudge in self._news())
        self._closed = False
        self._parts = self._made()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back, once."""
        if not self._closed:
            self._closed = True
            _room.release()

    def _made(self) -> Iterator[bytes]:
        begun = beat = time.monotonic()
        yield b"retry: 2000\n\n"
        while not stopping.announced() and time.monotonic() - begun < LONGEST:
            if not still_valid(self._here, self._token, self._customer_id):
                return
            news = self._news()
            offered = taps.links(self._here, news)
            for nudge in news:
                said = dumps(NudgeOut.of(nudge, offered.get(nudge.nudge_id, ())))
                yield f"id: {nudge.send_at.isoformat()}\nevent: nudge\ndata: ".encode() + said + b"\n\n"
            if time.monotonic() - beat > BEAT_EVERY:
                beat = time.monotonic()
                yield b": still here\n\n"
            _rest(LOOK_EVERY)

    def _news(self) -> list[Nudge]:
        """What became due and was not sent; looks back a little, for what was stored late."""
        now = self._here.now()
        with self._here.db.read() as tx:
            found = nudges.delivered(tx, self._customer_id, self._since - LATE, now)
        news = [nudge for nudge in found if nudge.nudge_id not in self._sent]
        self._sent.update(nudge.nudge_id for nudge in found)
        self._since = now
        return news


def _rest(seconds: float) -> None:
    """Wait, unless the server is about to end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopping.announced():
        time.sleep(BREATH)


def _left_off() -> datetime | None:
    """The instant that the client's Last-Event-ID names; None where it names none."""
    try:
        return parse_time(request.headers.get("Last-Event-ID", ""), "Last-Event-ID", date_zone=ZoneInfo("UTC"))
    except InputError:
        return None


def _shown_token() -> str:
    return request.headers["Authorization"].partition(" ")[2].strip()
