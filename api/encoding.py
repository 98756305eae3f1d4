"""JSON in and out through orjson, and identifiers in paths."""

from __future__ import annotations

from typing import Any

import orjson
from flask.json.provider import JSONProvider
from pydantic import BaseModel
from werkzeug.routing import BaseConverter, ValidationError

from engine.domain.values import parse_id
from engine.errors import InputError

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def dumps(value: object) -> bytes:
    """The value as JSON: wire models, and plain values."""
    return orjson.dumps(value, default=_plain, option=OPTIONS)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} is not JSON")


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """The value as JSON text."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of JSON text."""
        return orjson.loads(s)


class IdentConverter(BaseConverter):
    """An identifier in a path; what cannot be one finds no route."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The identifier, as parse_id takes it."""
        try:
            return parse_id(value, "id")
        except InputError:
            raise ValidationError from None
