"""A decision in the words of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.domain.decisions import (
    Considered,
    Decision,
    Delivery,
    DraftLine,
    ExecutionDraft,
    Experience,
    Lever,
    NudgeDraft,
    Offer,
    OrderDraft,
    Reason,
    Removal,
    RungChoice,
    Unmet,
)
from engine.domain.executions import Execution
from engine.domain.history import at_day
from engine.learn.base import Forecast
from modes import explain as sentences
from modes.words import Words

Json = dict[str, Any]  # what orjson writes: text, numbers, lists, objects


def document(decision: Decision, explain: bool = True, executions: Mapping[int, Execution] | None = None) -> Json:
    """The decision as it is answered and kept.

    Parameters
    ----------
    explain : False leaves out reasons of offers, details of removals and levers; every field stays
    executions : position of the experience -> its execution, where the ledger took it
    """
    stored, words = executions or {}, Words.of(decision.locale) if explain else None
    return {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "decided_at": instant(decision.decided_at),
        "model_id": decision.model_id,
        "touchpoint": decision.touchpoint,
        "mode": decision.mode.value,
        "experiences": [_experience(one, words, stored.get(n)) for n, one in enumerate(decision.experiences)],
        "experiments": [],
    }


def offer(one: Offer, explain: bool = True) -> Json:
    """One offer; money is a decimal string with its currency."""
    return {
        "item_id": one.item_id,
        "score": round(one.score, 6),
        "probability": _rounded(one.probability),
        "price": None if one.price is None else one.price.decimal(),
        "currency": None if one.price is None else one.price.currency,
        "reasons": [_reason(each) for each in one.reasons] if explain else [],
    }


def _reason(one: Reason) -> Json:
    return {"code": one.code, "params": dict(one.params), "sentence": one.sentence}


def instant(at: datetime) -> str:
    """An instant in UTC, as text."""
    return at.isoformat().replace("+00:00", "Z")


def _experience(one: Experience, words: Words | None, execution: Execution | None) -> Json:
    need, explain = one.need, words is not None
    return {
        "need": {"family": need.family, "phase": need.phase.value, "source": need.source.value},
        "mode": one.mode.value,
        "rung": one.rung.label,
        "reason": one.reason,
        "considered": [_considered(each, words) for each in one.considered],
        "lever": _lever(one.lever) if explain and one.lever else None,
        "offers": [offer(each, explain) for each in one.offers],
        "nudge": _nudge(one.nudge) if one.nudge else None,
        "execution": _execution(one.execution, execution) if one.execution else None,
        "order": _order(one.order, explain) if one.order else None,
    }


def _considered(one: Considered, words: Words | None) -> Json:
    return {
        "mode": one.mode.value,
        "allowed": one.allowed,
        "value": _rounded(one.value),
        "probability": _rounded(one.probability),
        "propensity": one.propensity,
        "rungs": {each.rung.label: _rung(each, words) for each in one.rungs},
        "removed_by": _removal(one.removed_by, words),
    }


def _rung(one: RungChoice, words: Words | None) -> Json:
    removed = _removal(one.removed_by, words)
    return {"value": _rounded(one.value), "propensity": one.propensity, "removed_by": removed}


def _removal(one: Removal | None, words: Words | None) -> Json | None:
    if one is None:
        return None
    detail = {**one.detail, "sentence": sentences.removal(one, words)} if words else {}
    return {"stage": one.stage.value, "rule": one.rule, "detail": detail}


def _lever(one: Lever) -> Json:
    changes = [{"setting": c.setting, "from": c.before, "to": c.after} for c in one.changes]
    return {"changes": changes, "would_give": one.would_give.value, "rung": one.rung.label}


def _nudge(one: NudgeDraft) -> Json:
    facts = dict(one.facts)
    return {"goal_id": one.goal_id, "kind": one.kind, "text": one.text, "facts": facts, "send_at": instant(one.send_at)}


def _execution(one: ExecutionDraft, stored: Execution | None) -> Json:
    return _plain_execution(one, stored) | _promised(one)


def _promised(one: ExecutionDraft) -> Json:
    """When it is to arrive, and until when it must be placed for that; nothing where no day is promised."""
    if one.deliver_by is None or one.place_by is None:
        return {}
    promise = {"deliver_by": one.deliver_by.isoformat(), "slot": one.slot, "place_by": instant(one.place_by)}
    return promise | {"families": [line.family for line in one.lines]}


def _plain_execution(one: ExecutionDraft, stored: Execution | None) -> Json:
    return {
        "execution_id": stored.execution_id if stored else None,
        "state": stored.state.value if stored else None,
        "rung": one.rung.label,
        "lines": [_line(line) for line in one.lines],
        "total": one.total.decimal(),
        "currency": one.total.currency,
        "mandate_id": one.mandate_id,
        "certificate_id": one.certificate_id,
        "cycle": one.cycle,
        "send_at": instant(one.send_at) if one.send_at else None,
        "due_at": instant(one.due_at),
        "probability": _rounded(one.probability),
        "window_days": one.window_days,
    }


def _order(one: OrderDraft, explain: bool) -> Json:
    order: Json = {
        "lines": [_line(line) for line in one.lines],
        "total": one.total.decimal() if one.total else None,
        "currency": one.total.currency if one.total else None,
        "unmet": [_unmet(each, explain) for each in one.unmet],
    }
    return order if one.delivery is None else order | {"delivery": _delivery(one.delivery)}


def _delivery(one: Delivery) -> Json:
    return {
        "needed_by": instant(one.needed_by) if one.needed_by else None,
        "met": one.met,
        "deliver_by": one.deliver_by.isoformat() if one.deliver_by else None,
        "slot": one.slot,
        "place_by": instant(one.place_by) if one.place_by else None,
        "earliest": one.earliest.isoformat() if one.earliest else None,
        "earliest_slot": one.earliest_slot,
    }


def _unmet(one: Unmet, explain: bool) -> Json:
    return {
        "item_id": one.item_id,
        "reason": one.reason,
        "substitutes": [offer(each, explain) for each in one.substitutes],
    }


def _line(one: DraftLine) -> Json:
    return {
        "item_id": one.item_id,
        "family": one.family,
        "quantity": one.quantity,
        "unit_price": one.unit_price.decimal() if one.unit_price else None,
        "currency": one.unit_price.currency if one.unit_price else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def forecast(one: Forecast, customer_id: str) -> Json:
    """One forecast of what is due, as every edge answers it."""
    evidence = one.evidence
    return {
        "customer_id": customer_id,
        "family": one.family,
        "item_id": one.item_id,
        "probability": one.probability,
        "low": one.low,
        "high": one.high,
        "expected_at": None if one.expected_day is None else instant(at_day(one.expected_day)),
        "evidence": {
            "purchases": evidence.purchases,
            "first_at": instant(at_day(evidence.first_day)),
            "last_at": instant(at_day(evidence.last_day)),
            "since_days": evidence.since_days,
            "median_gap_days": evidence.median_gap_days,
            "pairs_like_it": evidence.pairs_like_it,
            "alive": round(evidence.alive, 6),
        },
    }
