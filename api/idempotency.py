"""The same write sent twice is done once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Response, g, request

from api import problem, requests
from api.auth.caller import Caller
from api.service import service
from engine.errors import Conflict, InputError, RapportError
from engine.store import idempotency
from engine.store.idempotency import Reply

HEADER = "Idempotency-Key"
ABANDONED = timedelta(minutes=1)  # after which a request that never answered counts as dead
_SANE = re.compile(r"[!-~]{1,255}")


def once(caller: Caller, work: Callable[[], Response]) -> Response:
    """The answer of ``work``, or the one that was given under the same key before.

    Raises
    ------
    InputError
        where another body came under the key before
    Conflict
        while the first request under the key is still at work
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not _SANE.fullmatch(key):
        raise InputError.of(HEADER, "1 to 255 visible ASCII characters", key)
    standing = _begin(caller, key)
    return _worked(caller, key, work) if standing is None else _again(standing)


def _begin(caller: Caller, key: str) -> Reply | None:
    now = datetime.now(UTC)
    with service().db.begin() as tx:
        idempotency.abandon(tx, caller.key_id, key, now - ABANDONED)
        return idempotency.begin(tx, caller.key_id, key, _digest(), g.get("customer_id"), now)


def _worked(caller: Caller, key: str, work: Callable[[], Response]) -> Response:
    try:
        response = _answered(work)
    except BaseException:
        _release(caller, key)
        raise
    if response.status_code >= 500:
        _release(caller, key)
        return response
    kept = Reply(
        digest=_digest(),
        status=response.status_code,
        headers={"Content-Type": response.content_type or ""},
        body=response.get_data(as_text=True),
    )
    with service().db.begin() as tx:
        idempotency.finish(tx, caller.key_id, key, kept)
    return response


def _answered(work: Callable[[], Response]) -> Response:
    """The answer, a refusal included: it is an answer too."""
    try:
        return work()
    except RapportError as error:
        return problem.of_rapport(error)


def _again(standing: Reply) -> Response:
    if standing.digest != _digest():
        raise InputError.of(HEADER, "the same request as came under this key before", "another one")
    if standing.status is None:
        raise Conflict("the first request under this Idempotency-Key is still at work")
    response = Response(standing.body, status=standing.status)
    if standing.headers.get("Content-Type"):
        response.headers["Content-Type"] = standing.headers["Content-Type"]
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _release(caller: Caller, key: str) -> None:
    with service().db.begin() as tx:
        idempotency.release(tx, caller.key_id, key)


def _digest() -> str:
    said = (request.method, request.full_path, request.headers.get("Content-Type", ""))
    return hashlib.sha256("\x00".join(said).encode() + b"\x00" + requests.data()).hexdigest()
