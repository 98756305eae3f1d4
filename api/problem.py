"""Every error as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from apiflask import APIFlask, HTTPError
from flask import Response, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException

from engine.errors import (
    ArtifactError,
    Conflict,
    Forbidden,
    GatewayError,
    Gone,
    InputError,
    NotFound,
    Problem,
    RapportError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    shown,
)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[RapportError], HTTPStatus] = {
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Gone: HTTPStatus.GONE,
    Conflict: HTTPStatus.CONFLICT,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ArtifactError: HTTPStatus.INTERNAL_SERVER_ERROR,
    GatewayError: HTTPStatus.BAD_GATEWAY,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One thing wrong with one field, the way the wire names it."""

    pointer: str  # JSON pointer (RFC 6901); "" is the whole object
    detail: str


def pointer(path: Iterable[object]) -> str:
    """The JSON pointer to a path of keys and indexes.

    Examples
    --------
    >>> pointer(["lines", 0, "a/b"])
    '/lines/0/a~1b'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def answer(
    status: HTTPStatus, detail: str, *, errors: Iterable[FieldError] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The response that carries a problem."""
    body: dict[str, object] = {
        "type": f"urn:rapport:problem:{status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": request.path,
    }
    listed = [{"pointer": e.pointer, "detail": e.detail} for e in errors]
    if listed:
        body["errors"] = listed
    response = Response(orjson.dumps(body), status=status, content_type=MEDIA_TYPE)
    response.headers.update(headers or {})
    return response


def of_rapport(error: RapportError) -> Response:
    """The answer to an error that Rapport raised on purpose."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", error=repr(error))
    headers = {"WWW-Authenticate": 'Bearer realm="rapport"'} if status == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, InputError):
        return answer(status, str(error), errors=map(_of_problem, error.problems))
    return answer(status, str(error), headers=headers)


def of_validation(error: ValidationError) -> Response:
    """The answer to what a wire model does not take: 400 where it is no JSON, else 422 with a pointer each."""
    details = error.errors(include_url=False)
    if any(d["type"] == "json_invalid" for d in details):
        return answer(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {details[0]['msg']}")
    errors = [FieldError(pointer=pointer(d["loc"]), detail=_said(d)) for d in details]
    return answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(f"{e.pointer or 'body'}: {e.detail}" for e in errors), errors=errors
    )


def of_http(error: HTTPException | HTTPError) -> Response:
    """The answer to what Flask refused: no such route, another method, a body too large."""
    if isinstance(error, HTTPError):
        return answer(HTTPStatus(error.status_code), str(error.message), headers=dict(error.headers))
    status = HTTPStatus(error.code or 500)
    kept = {k: v for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")}
    return answer(status, error.description or status.phrase, headers=kept)


def of_unexpected(error: Exception) -> Response:
    """The answer to a mistake of ours: nothing of it is told, all of it is logged."""
    log.error("unexpected error", exc_info=error)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error; it is logged under the X-Request-ID")


def handle(app: APIFlask) -> None:
    """Every error of the app, of every kind, is answered by this module."""
    app.register_error_handler(RapportError, of_rapport)
    app.register_error_handler(ValidationError, of_validation)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(HTTPError, of_http)
    app.register_error_handler(Exception, of_unexpected)


def _of_problem(problem: Problem) -> FieldError:
    path = problem.field.split(".") if problem.field else []
    return FieldError(pointer=pointer(path), detail=f"expected {problem.expected}, came {problem.came}")


def _said(detail: ErrorDetails) -> str:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return "; ".join(f"expected {p.expected}, came {p.came}" for p in cause.problems)
    if detail["type"] == "missing":
        return "required, and missing"
    if detail["type"] == "extra_forbidden":
        return "no such field"
    return f"{detail['msg']}, came {shown(detail['input'])}"
