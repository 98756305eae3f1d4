"""JSON in and out through orjson, and identifiers in paths."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request
from flask.json.provider import JSONProvider
from pydantic import BaseModel
from werkzeug.routing import BaseConverter

from engine.domain.values import parse_id
from engine.errors import InputError, NotFound

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def dumps(value: object) -> bytes:
    """The value as JSON: wire models, and plain values."""
    return orjson.dumps(value, default=_plain, option=OPTIONS)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """The value as JSON text."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of JSON text."""
        return orjson.loads(s)


class NoId(str):
    """Text in a path that cannot be an identifier."""

    __slots__ = ()


class IdentConverter(BaseConverter):
    """An identifier in a path. What cannot be one is let through to be refused, or it would seem a wrong method."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The identifier, as parse_id takes it."""
        try:
            return parse_id(value, "id")
        except InputError:
            return NoId(value)


def refuse_no_ids() -> None:
    """NotFound where a path names something by what cannot be an identifier."""
    for name, value in (request.view_args or {}).items():
        if isinstance(value, NoId):
            raise NotFound(name.removesuffix("_id"), value)
