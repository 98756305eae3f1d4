"""What came in, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, get_origin

import orjson
from flask import request
from pydantic import BaseModel
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from api.service import service
from engine.domain.pairs import named_twice, under
from engine.errors import InputError, Problem, TooLarge, shown

MAX_BODY = 8_000_000  # bytes
W = TypeVar("W", bound=BaseModel)


def given() -> bool:
    """Whether a body came at all."""
    return bool(data())


def data() -> bytes:
    """The body as it came; TooLarge above MAX_BODY.

    Flask refuses one that tells its length before it is read, and cuts one that comes in chunks.
    """
    came = request.get_data(cache=True)
    if request.content_length is None and len(came) >= MAX_BODY:
        raise TooLarge(f"the body is larger than {MAX_BODY // 1_000_000} MB")
    return came


def raw() -> bytes:
    """The body, JSON by its media type."""
    if not request.is_json:
        raise UnsupportedMediaType("the body must be application/json")
    return data()


def json() -> object:
    """The body's value; no object in it names a key twice, and both databases can hold every text in it."""
    try:
        value = orjson.loads(raw())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    problems = [*_named_twice(raw()), *_unstorable(value, "")]
    if problems:
        raise InputError(problems)
    return value


def body(model: type[W]) -> W:
    """The body as a wire model."""
    json()
    return model.model_validate_json(raw(), context=_context())


def query(model: type[W]) -> W:
    """The query string as a wire model; only a field that is a list may be given more than once."""
    lists = {name for name, f in model.model_fields.items() if get_origin(f.annotation) in (list, tuple)}
    given = request.args.to_dict(flat=False)
    twice = [name for name, values in given.items() if name not in lists and len(values) > 1]
    problems = [Problem(field=name, expected="to be given once", came=shown(given[name])) for name in twice]
    problems += _unstorable(given, "")
    if problems:
        raise InputError(problems)
    values = {name: found if name in lists else found[0] for name, found in given.items()}
    return model.model_validate(values, strict=False, context=_context())


def no_query() -> None:
    """InputError where a parameter came that the route does not know."""
    if request.args:
        raise InputError(Problem(field=n, expected="no such parameter", came=shown(v)) for n, v in request.args.items())


def _context() -> dict[str, object]:
    return {"zone": service().settings.timezone}


def _named_twice(body: bytes) -> list[Problem]:
    try:
        return [Problem(field=path, expected="the key once", came="it more than once") for path in named_twice(body)]
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def _unstorable(value: object, path: str) -> Iterator[Problem]:
    """Texts with a NUL, which PostgreSQL cannot hold."""
    if isinstance(value, str):
        if "\x00" in value:
            yield Problem(field=path, expected="text without NUL characters", came=shown(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unstorable(key, path)
            yield from _unstorable(inner, under(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, under(path, str(index)))
