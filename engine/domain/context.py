"""Everything one decision may look at, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.customers import Consent, Goal, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Showing
from engine.domain.executions import Execution
from engine.domain.history import History
from engine.domain.shopping import Customer, Event
from engine.domain.signals import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One customer as known at one instant."""

    customer: Customer
    known: bool
    zone: ZoneInfo  # the customer's, else the business's
    history: History
    events: tuple[Event, ...] = ()  # of the last 30 days, newest first
    shown: tuple[Showing, ...] = ()  # by our decisions of the last 28 days, to the customer who was there
    preferences: Preferences
    consents: Mapping[Purpose, Grant]  # all five; personalization unset is resolved to its default
    mandates: tuple[Mandate, ...] = ()
    goals: tuple[Goal, ...] = ()  # not ended
    executions: tuple[Execution, ...] = ()  # all open ones, and those of the last 400 days
    messages: tuple[datetime, ...] = ()  # when the nudges and notices of the last 7 days were or will be delivered
    coached: Mapping[str, datetime] = field(default_factory=dict)  # goal id -> its latest nudge of the last 7 days
    record: Record = field(default_factory=Record)  # how the customer took what was done for them

    @classmethod
    def anonymous(cls, customer_id: str, zone: ZoneInfo, personalization_default: Grant) -> Context:
        """The context of somebody nothing is known of."""
        return cls(
            customer=Customer(customer_id=customer_id),
            known=False,
            zone=zone,
            history=History.empty(),
            preferences=Preferences(),
            consents=resolved({}, personalization_default),
        )


def resolved(given: Mapping[Purpose, Consent], personalization_default: Grant) -> dict[Purpose, Grant]:
    """Where each of the five purposes stands; only personalization has a default other than unset.

    Examples
    --------
    >>> resolved({}, Grant.GRANTED)[Purpose.PERSONALIZATION].value
    'granted'
    >>> resolved({}, Grant.GRANTED)[Purpose.AUTOMATION].value
    'unset'
    """
    states = {purpose: given[purpose].state if purpose in given else Grant.UNSET for purpose in Purpose}
    if states[Purpose.PERSONALIZATION] is Grant.UNSET:
        states[Purpose.PERSONALIZATION] = personalization_default
    return states
