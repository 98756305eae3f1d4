"""One-tap links of messages: shown with a button, done when it is pressed.

Showing does nothing, so that what looks ahead at links, as mail programs do, stops or orders nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from flask import Response, render_template, request

from api import problem, verbs
from api.auth.check import refuse_guessing
from api.auth.keys import digest
from api.console.csp import strict
from api.routes import Topic
from api.service import service
from api.wire.money import span
from engine.domain.executions import STOPPABLE, Execution
from engine.domain.shopping import Item
from engine.domain.taps import Tap, Verb
from engine.errors import Conflict, Gone, NotFound, RapportError
from engine.store import executions, items, taps
from engine.store.database import Tx
from modes import notices
from modes.phrases import ENGLISH
from modes.words import Words

topic = Topic(name="tap", description="One-tap links of messages about orders")
PATH = "/v1/tap/<ident:token>"
HTML = "text/html"
PROBLEMS = frozenset(
    {HTTPStatus.GONE, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS}
)


@topic.route("GET", PATH, scopes=frozenset(), media_type=HTML, problems=PROBLEMS)
def show_tap(token: str) -> Response:
    """What a link would do, with a button that does it.

    410 for one that was used or has expired, 404 for one there never was.
    """
    return _for_people(lambda: _shown(token))


@topic.route("POST", PATH, scopes=frozenset(), media_type=HTML, problems=PROBLEMS)
def tap(token: str) -> Response:
    """Do what a link is for, once. 409 where it is too late for that; the link then stays as it was."""
    return _for_people(lambda: _done(token))


def _shown(token: str) -> Response:
    now = service().now()
    with service().db.read() as tx:
        found = _standing(tx, token, now)
        execution = executions.get(tx, found.execution_id)
        if execution is None or execution.state not in STOPPABLE:
            raise Conflict("it is too late for this: the order is not waiting any more")
        return _told(tx, "ask", execution, found, button=found.verb.value)


def _done(token: str) -> Response:
    now = service().now()
    with service().db.begin() as tx:
        found = _standing(tx, token, now)
        if not taps.use(tx, found.digest, now):
            raise _over()
        execution = _moved(tx, found, now)
        return _told(tx, "done", execution, found)


def _standing(tx: Tx, token: str, now: datetime) -> Tap:
    """What a token is for.

    Raises
    ------
    NotFound
        for one there never was; whoever tries too many of these is let wait
    Gone
        for one that was used or has expired
    """
    found = taps.get(tx, digest(token))
    if found is None:
        refuse_guessing()
        raise NotFound("link", "of this token")
    if found.used_at is not None or found.expires_at <= now:
        raise _over()
    return found


def _moved(tx: Tx, tap: Tap, now: datetime) -> Execution:
    id, actor = tap.execution_id, f"tap:{tap.digest[:12]}"
    if tap.verb is Verb.SNOOZE:
        return executions.snooze(tx, id, actor, now, span(tap.argument, "by"))
    if tap.verb is Verb.SWAP:
        return verbs.swap(tx, id, str(tap.argument), None, actor, now)
    if tap.verb is Verb.CHANGE:
        return verbs.change(tx, id, int(str(tap.argument)), None, actor, now)
    simple = {Verb.APPROVE: executions.approve, Verb.VETO: executions.veto, Verb.SKIP: executions.skip}
    return simple[tap.verb](tx, id, actor, now)


def _told(tx: Tx, key: str, execution: Execution, tap: Tap, button: str | None = None) -> Response:
    """The page in the customer's language, with what the link is about."""
    other = [tap.argument] if tap.verb is Verb.SWAP and tap.argument else []
    known = items.get_many(tx, [*(line.item_id for line in execution.lines), *other])
    context = service().context(tx, execution.customer_id, service().now())
    words = Words.of(context.customer.locale)
    listed = notices.listed(execution.lines, known, words)
    sentence = words.say(
        f"tap-{key}-{tap.verb.value}",
        what=words.say("priced", lines=listed, total=str(execution.total)),
        other=_other(tap, known, words),
        argument=tap.argument or "",
        when=words.when(execution.due_at, context.zone),
    )
    return _page(HTTPStatus.OK, sentence, words, button)


def _other(tap: Tap, known: Mapping[str, Item], words: Words) -> str:
    """The other item of a swap, with its price of today."""
    item = known.get(tap.argument or "")
    return "" if item is None else words.say("tap-each", name=item.name or item.item_id, price=str(item.price))


def _over() -> Gone:
    return Gone("this link was used, or has expired")


def _for_people(work: Callable[[], Response]) -> Response:
    """The page; where something is wrong a page too for whoever reads pages, and a problem for all others."""
    try:
        return work()
    except RapportError as error:
        if HTML not in request.headers.get("Accept", ""):
            raise
        answer = problem.of_rapport(error)
        return _page(HTTPStatus(answer.status_code), f"{str(error)[:1].upper()}{str(error)[1:]}.", ENGLISH)


def _page(status: HTTPStatus, sentence: str, words: Words, button: str | None = None) -> Response:
    title, yes = words.say("tap-title"), words.say("tap-yes")
    made = render_template("tap.html", sentence=sentence, button=button, language=words.language, title=title, yes=yes)
    response = strict(Response(made, status=status, content_type="text/html; charset=utf-8"))
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response
