"""The report on stored decisions as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from engine.domain.decisions import Mode, Rung
from engine.domain.estimates import NotEstimable
from engine.measure.shares import Share
from jobs.choices import Kept, Mixed, Report, Without
from modes.document import instant


def document(report: Report) -> dict[str, object]:
    """The whole report; what cannot be known says why, and what it would take."""
    return {
        "first": instant(report.first),
        "last": instant(report.last),
        "decisions": report.decisions,
        "needs": report.needs,
        "customers": report.customers,
        "led": _mixed(report.led),
        "by_persona": _all(report.by_persona),
        "by_family": _all(report.by_family),
        "moves": [
            {"from": before.label, "to": after.label, "n": int(report.moves[before, after])}
            for before in Rung
            for after in Rung
            if report.moves[before, after]
        ],
        "removed_by": [
            {"stage": one.stage, "rule": one.rule, "n": sum(one.rungs.values()), "rungs": labelled(one.rungs)}
            for one in report.removed
        ],
        "explained": _told(report.explained),
        "without_stage": [_without("stage", one) for one in report.without_stage],
        "without_term": [
            _without("term", one) if isinstance(one, Without) else {"term": one[0], "changed": asdict(one[1])}
            for one in report.without_term
        ],
        "nothing_but_respond": {"customers": sum(report.closed.values()), "by_stage": dict(report.closed)},
        "promise": [_kept(one) for one in report.kept],
    }


def labelled(rungs: Mapping[Rung, int]) -> dict[str, int]:
    """Counts by the rungs' labels; without those of none."""
    return {rung.label: n for rung, n in sorted(rungs.items()) if n}


def modes(rungs: Mapping[Rung, int]) -> dict[Mode, int]:
    """Counts by mode."""
    return {mode: sum(n for rung, n in rungs.items() if rung.mode is mode) for mode in Mode}


def _mixed(one: Mixed) -> dict[str, object]:
    shares = {mode.value: n / one.n for mode, n in modes(one.rungs).items()}
    return {"group": one.group, "n": one.n, "modes": shares, "rungs": labelled(one.rungs)}


def _all(found: Sequence[Mixed] | NotEstimable) -> object:
    return asdict(found) if isinstance(found, NotEstimable) else [_mixed(one) for one in found]


def _without(name: str, one: Without) -> dict[str, object]:
    return {name: one.what, "changed": _told(one.changed), "would_be": labelled(one.would_be)}


def _told(one: Share | NotEstimable) -> dict[str, object]:
    return asdict(one)


def _kept(one: Kept) -> dict[str, object]:
    return {
        "rung": one.rung.label,
        "states": dict(one.states),
        "share_right": _told(one.right),
        "share_settled": _told(one.settled),
        "said": one.said,
        "promise": one.promise,
    }
