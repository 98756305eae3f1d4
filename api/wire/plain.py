"""Health and readiness on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire.base import Time, Wire


class Health(Wire):
    """The process answers."""

    status: Literal["ok"]


class Ready(Wire):
    """What the process serves with."""

    status: Literal["ready"]
    database: str
    model_id: str | None = Field(description="null where none is trained yet: decisions are cold")
    now: Time
    clock_moved: bool = Field(description="whether RAPPORT_NOW fixes or shifts the clock")
