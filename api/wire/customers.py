"""A customer's profile, preferences and consents."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, RootModel

from api.wire.base import Text, Time, Wire
from engine.domain.customers import (
    DEFAULT_QUIET,
    Consent,
    Grant,
    Preferences,
    Purpose,
    QuietHours,
)
from engine.domain.decisions import Rung
from engine.domain.shopping import Customer
from engine.learn.base import Persona

RungLabel = Literal["respond", "curate", "coach", "approve", "veto", "silent"]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["21:00"])]


class PersonaOut(Wire):
    """The kind of customer that somebody's orders show."""

    persona_id: int = Field(description="goes on from one training to the next")
    name: str
    probability: float = Field(description="that they belong to it, rather than to another")
    share: float = Field(description="of all customers")
    tentative: bool = Field(description="whether other customers might have shown other kinds")

    @classmethod
    def of(cls, persona: Persona) -> PersonaOut:
        """As answered."""
        return cls(
            persona_id=persona.persona_id,
            name=persona.name,
            probability=persona.probability,
            share=persona.share,
            tentative=persona.tentative,
        )


class CustomerOut(Wire):
    """A customer's profile."""

    customer_id: str
    timezone: str | None
    locale: str | None
    attributes: dict[str, object]
    persona: PersonaOut | None = Field(description="null where their orders are none, or may not be looked at")

    @classmethod
    def of(cls, customer: Customer, persona: Persona | None = None) -> CustomerOut:
        """The profile as answered."""
        return cls(
            customer_id=customer.customer_id,
            timezone=customer.timezone,
            locale=customer.locale,
            attributes=dict(customer.attributes),
            persona=None if persona is None else PersonaOut.of(persona),
        )


class QuietHoursWire(Wire):
    """The part of the customer's day in which nothing is sent."""

    start: ClockTime = DEFAULT_QUIET.start.strftime("%H:%M")
    end: ClockTime = DEFAULT_QUIET.end.strftime("%H:%M")

    def domain(self) -> QuietHours:
        """As the domain holds it."""
        return QuietHours(start=time.fromisoformat(self.start), end=time.fromisoformat(self.end))


class PreferencesWire(Wire):
    """How much the customer lets Rapport do, and when it may speak. What is left out is at its default."""

    ceiling: RungLabel | None = Field(default=None, description="in general; not stated counts as approve")
    category_ceilings: dict[str, RungLabel] = Field(default_factory=dict, max_length=1000)
    family_ceilings: dict[str, RungLabel] = Field(default_factory=dict, max_length=1000)
    quiet_hours: QuietHoursWire = QuietHoursWire()
    channels: list[Text] = Field(default=["app"], max_length=20)
    paused: bool = Field(
        default=False, description="nothing proactive until paused_until; where that is null, until it is taken back"
    )
    paused_until: Time | None = Field(default=None, description="nothing proactive before then; only with paused")

    def domain(self) -> Preferences:
        """As the domain holds it."""
        return Preferences(
            ceiling=None if self.ceiling is None else Rung.of(self.ceiling),
            category_ceilings={k: Rung.of(v) for k, v in self.category_ceilings.items()},
            family_ceilings={k: Rung.of(v) for k, v in self.family_ceilings.items()},
            quiet_hours=self.quiet_hours.domain(),
            channels=tuple(self.channels),
            paused=self.paused,
            paused_until=self.paused_until,
        )

    @classmethod
    def of(cls, said: Preferences) -> PreferencesWire:
        """As answered."""
        return cls.model_construct(
            ceiling=None if said.ceiling is None else said.ceiling.label,
            category_ceilings={k: v.label for k, v in said.category_ceilings.items()},
            family_ceilings={k: v.label for k, v in said.family_ceilings.items()},
            quiet_hours=QuietHoursWire(
                start=said.quiet_hours.start.strftime("%H:%M"), end=said.quiet_hours.end.strftime("%H:%M")
            ),
            channels=list(said.channels),
            paused=said.paused,
            paused_until=said.paused_until,
        )


class ConsentWire(Wire):
    """Where one consent stands, and how that is known."""

    state: Grant
    at: Time | None = Field(default=None, description="when it was said; default now")
    wording: Text | None = Field(default=None, description="version of the text that was shown")
    source: Text | None = None


def _spelled_out(value: object) -> object:
    return {"state": value} if isinstance(value, str) else value


ConsentIn = Annotated[
    ConsentWire,
    BeforeValidator(_spelled_out, json_schema_input_type=ConsentWire | Grant),
]


class ConsentsIn(Wire):
    """Purposes and where they stand; a purpose left out stays as it was."""

    personalization: ConsentIn | None = None
    behaviour: ConsentIn | None = None
    coaching: ConsentIn | None = None
    automation: ConsentIn | None = None
    research: ConsentIn | None = None

    def domain(self, now: datetime) -> list[Consent]:
        """The consents that were said."""
        said = [(purpose, getattr(self, purpose)) for purpose in Purpose]
        return [
            Consent(purpose=purpose, state=c.state, at=c.at or now, wording=c.wording, source=c.source)
            for purpose, c in said
            if c is not None
        ]


class ConsentsOut(Wire):
    """All five purposes."""

    personalization: ConsentWire
    behaviour: ConsentWire
    coaching: ConsentWire
    automation: ConsentWire
    research: ConsentWire

    @classmethod
    def of(cls, current: dict[Purpose, Consent]) -> ConsentsOut:
        """As answered; a purpose nothing was said about is unset."""
        return cls(**{purpose.value: _consent(current.get(purpose)) for purpose in Purpose})


def _consent(said: Consent | None) -> ConsentWire:
    if said is None:
        return ConsentWire(state=Grant.UNSET)
    return ConsentWire(state=said.state, at=said.at, wording=said.wording, source=said.source)


class ConsentChange(ConsentWire):
    """One entry of the history."""

    purpose: Purpose


class ConsentHistory(Wire):
    """Everything that was said, newest first."""

    consents: list[ConsentChange]

    @classmethod
    def of(cls, said: list[Consent]) -> ConsentHistory:
        """As answered, from the oldest first as it is kept."""
        return cls(
            consents=[
                ConsentChange(purpose=c.purpose, state=c.state, at=c.at, wording=c.wording, source=c.source)
                for c in reversed(said)
            ]
        )


class Export(RootModel[dict[str, object]]):
    """Everything kept of a customer: table -> rows."""
