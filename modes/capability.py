"""What a customer's consents let a decision look at and do."""

from __future__ import annotations

from dataclasses import replace

from engine.domain.context import Context
from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Removal, Rung, Stage
from engine.domain.history import History
from engine.domain.signals import Record

NEEDED = {
    Rung.COACH: (Purpose.COACHING, Purpose.PERSONALIZATION),
    Rung.APPROVE: (Purpose.AUTOMATION, Purpose.PERSONALIZATION),
    Rung.VETO: (Purpose.AUTOMATION, Purpose.PERSONALIZATION),
    Rung.SILENT: (Purpose.AUTOMATION, Purpose.PERSONALIZATION),
}  # respond and curate need none: they work with whatever may be looked at


def granted(context: Context, purpose: Purpose) -> bool:
    """Whether the purpose is granted; what is not said counts as refused."""
    return context.consents.get(purpose) is Grant.GRANTED


def reduced(context: Context) -> Context:
    """The context without everything the customer did not let be used, before anything is computed from it."""
    if not granted(context, Purpose.PERSONALIZATION):
        context = replace(context, history=History.empty(), executions=(), shown=(), record=Record())
    if not granted(context, Purpose.BEHAVIOUR):
        context = replace(context, events=())
    if not granted(context, Purpose.COACHING):
        context = replace(context, goals=())
    return context


def removals(context: Context, rung: Rung) -> list[Removal]:
    """One for every consent that the rung needs and lacks."""
    return [
        Removal(stage=Stage.CAPABILITY, rule=f"consents.{purpose}", detail={"state": context.consents[purpose].value})
        for purpose in NEEDED.get(rung, ())
        if not granted(context, purpose)
    ]
