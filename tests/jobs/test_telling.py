"""Alerts are told at least once, signed, under one id; a receiver that is dead or leads elsewhere blocks nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from engine.domain.alerts import Alarm, AlertKind, Message
from engine.store import alerts
from engine.store.database import Database
from jobs import telling
from jobs.telling import Hook, deliver
from tests.ledgers import NOW

SECRET = "whsec_" + "c2VjcmV0" * 4
MESSAGE = Message(message_id="alert-1-opened", document={"type": "alert.opened"}, attempts=1)


class Inbox:
    """A receiver that answers as it is told to."""

    def __init__(self, *answers: str | None) -> None:
        self.answers, self.came = list(answers), list[Message]()

    def tell(self, message: Message) -> str | None:
        """Take it down."""
        self.came.append(message)
        return self.answers.pop(0) if self.answers else None

    @property
    def ids(self) -> list[str]:
        """Of what came."""
        return [one.message_id for one in self.came]


def raised(db: Database, *kinds: AlertKind) -> None:
    """So much stands, and is to be told."""
    with db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=kind, detail={"n": 1}) for kind in kinds], NOW, tell=True)


def due_again(db: Database) -> None:
    """As if the waiting were over."""
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE alert_messages SET next_at = '2017-01-01 00:00:00.000000'")


def answering(answer: Callable[[httpx.Request], httpx.Response], secret: str | None = None) -> Hook:
    """A webhook that answers so."""
    return Hook("https://ops.example/hook", secret, httpx.Client(transport=httpx.MockTransport(answer)))


def test_what_opens_and_clears_is_told_once_each(db: Database) -> None:
    raised(db, AlertKind.REVIEW)
    inbox = Inbox()
    assert deliver(db, inbox) == {"told": 1}
    raised(db)
    assert deliver(db, inbox) == {"told": 1}
    assert deliver(db, inbox) == {}
    opened, cleared = inbox.came
    assert opened.message_id.endswith("-opened")
    assert cleared.message_id.endswith("-cleared")
    assert opened.document["type"] == "alert.opened"
    assert opened.document["data"]["kind"] == "executions.needs_review"
    assert cleared.document["data"]["cleared_at"] == NOW.isoformat()


def test_what_is_not_taken_is_told_again_under_the_same_id_and_meanwhile_the_receiver_is_left_alone(
    db: Database,
) -> None:
    raised(db, AlertKind.REVIEW, AlertKind.BACKLOG)
    inbox = Inbox("status 500")
    assert deliver(db, inbox) == {"untold": 1}
    assert len(inbox.came) == 1, "the rest waits for the next run"
    assert deliver(db, inbox) == {"told": 1}
    assert deliver(db, inbox) == {}, "the one that failed waits"
    due_again(db)
    assert deliver(db, inbox) == {"told": 1}
    assert inbox.ids[0] == inbox.ids[2]
    assert inbox.came[2].attempts == 2
    with db.read() as tx:
        assert alerts.waiting(tx) == 0


def test_a_process_that_dies_while_telling_leaves_the_message_to_another(db: Database) -> None:
    raised(db, AlertKind.REVIEW)
    with db.begin() as tx:
        taken = alerts.take_message(tx, timedelta(minutes=1))
    assert taken is not None
    inbox = Inbox()
    assert deliver(db, inbox) == {}
    due_again(db)
    assert deliver(db, inbox) == {"told": 1}
    assert inbox.ids == [taken.message_id]


def test_after_three_days_a_message_is_given_up(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "GIVE_UP", 2)
    raised(db, AlertKind.REVIEW)
    inbox = Inbox(*["ConnectError"] * 3)
    for _ in range(3):
        deliver(db, inbox)
        due_again(db)
    assert len(inbox.came) == 2


def test_nothing_is_kept_to_tell_where_nobody_is_to_be_told(db: Database) -> None:
    with db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.REVIEW)], NOW, tell=False)
        assert alerts.waiting(tx) == 0


def test_what_is_sent_is_signed_as_standard_webhooks_say() -> None:
    came: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        came.append(request)
        return httpx.Response(204)

    assert answering(answer, SECRET).tell(MESSAGE) is None
    [request] = came
    assert Webhook(SECRET).verify(request.content, dict(request.headers)) == orjson.loads(request.content)
    assert request.headers["webhook-id"] == MESSAGE.message_id


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_whatever_is_no_success_is_not_told_and_not_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, headers={"Location": "http://169.254.169.254/"})

    assert answering(answer).tell(MESSAGE) == f"status {status}"
    assert asked == ["https://ops.example/hook"]


def test_an_endless_answer_is_not_read() -> None:
    read = []

    def endless() -> object:
        for n in range(10_000_000):
            read.append(n)
            yield b"x" * 65_536

    assert answering(lambda _: httpx.Response(200, content=endless())).tell(MESSAGE) is None
    assert len(read) < 10


def test_a_receiver_that_never_ends_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "ENDS", 0.2)

    def answer(_: httpx.Request) -> httpx.Response:
        time.sleep(3)
        return httpx.Response(200)

    began = time.monotonic()
    assert answering(answer).tell(MESSAGE) == "no answer within 0 s"
    assert time.monotonic() - began < 2
