"""The ground of every wire model, and the small types they share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

from engine.config import parse_span
from engine.domain.values import MAX_ID, parse_currency, parse_id, parse_time, require_aware
from engine.errors import InputError


class Wire(BaseModel):
    """A message: its fields and no others, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _id(value: str, info: ValidationInfo) -> str:
    return parse_id(value, info.field_name or "")


def _time(value: object, info: ValidationInfo) -> datetime:
    if not isinstance(value, str | datetime):
        raise InputError.of(info.field_name or "", "an ISO 8601 time with an offset, or a date", value)
    if isinstance(value, datetime):  # what stands already is told, however far off it lies
        return require_aware(value, info.field_name or "")
    zone = (info.context or {}).get("zone", ZoneInfo("UTC"))
    return parse_time(value, info.field_name or "", date_zone=zone)


def _currency(value: str, info: ValidationInfo) -> str:
    return parse_currency(value, info.field_name or "")


def _span(value: str, info: ValidationInfo) -> str:
    if parse_span(value, info.field_name or "") <= timedelta(0):
        raise InputError.of(info.field_name or "", "a length of time above 0", value)
    return value


Id = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID, json_schema_extra={"pattern": r"^(?!\.{1,2}$)[^/\x00-\x1f\x7f-\x9f]+$"}),
    AfterValidator(_id),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema(
        {
            "type": "string",
            "description": "ISO 8601 with an offset, 1970 to 2199; a date alone is midnight in the business's zone",
            "anyOf": [{"format": "date-time"}, {"format": "date"}],
        }
    ),
]
Currency = Annotated[str, Field(json_schema_extra={"pattern": "^[A-Z]{3}$"}), AfterValidator(_currency)]
Span = Annotated[
    str,
    Field(json_schema_extra={"pattern": "^[0-9]{1,9}[smhdw]$"}, description="such as 7d or 24h", examples=["7d"]),
    AfterValidator(_span),
]
Decimal = Annotated[str, Field(json_schema_extra={"pattern": r"^[0-9]{1,15}(\.[0-9]{1,6})?$"}, examples=["4.99"])]
Text = Annotated[str, Field(max_length=200)]


class Page(Wire):
    """How much of a list, and from where."""

    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=500, description="as the answer before gave it")


class FieldErrorOut(Wire):
    """One thing wrong with one field."""

    pointer: str = Field(description="JSON pointer; empty for the whole object")
    detail: str


class ProblemOut(Wire):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldErrorOut] | None = None
