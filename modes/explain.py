"""Sentences a customer can read: why they are given what they are given, and what kept the rest away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from engine.domain.decisions import (
    Delivery,
    DraftLine,
    ExecutionDraft,
    NudgeDraft,
    OrderDraft,
    Removal,
    Rung,
    Source,
    Stage,
)
from engine.domain.values import Money
from modes.phrases import ENGLISH, arrival, lines, rhythm
from modes.request import Request
from modes.scene import Scene
from modes.select import Choice
from modes.shelf import Shelf
from modes.words import Words


def experience(
    choice: Choice, scene: Scene, request: Request | None, nudge: NudgeDraft | None, execution: ExecutionDraft | None
) -> str:
    """Why the customer is given this, with the facts it rests on."""
    if nudge is not None:
        return nudge.text
    if execution is not None:
        return _execution(execution, choice, scene)
    if choice.prospect.wanted.need.source is Source.REQUEST and request is not None:
        return _request(choice, request, scene)
    return _curate(choice, scene) if choice.rung is Rung.CURATE else _respond(choice, scene)


def removal(found: Removal, words: Words = ENGLISH) -> str:
    """What kept a way of serving the customer from being chosen."""
    if found.detail.get("stated") is False:
        return words.say("ceiling-unstated")
    if found.stage is Stage.RULE and found.detail.get("says"):
        return str(found.detail["says"])
    facts = {key: _said(key, value, words) for key, value in found.detail.items()}
    try:
        return words.say(_key(found.rule, words), **facts)
    except KeyError:
        return words.say("plain")


@lru_cache(maxsize=4096)
def _key(rule: str, words: Words) -> str:
    """Under which key a rule has words; a ceiling's ends with a name of the shop's."""
    named = (rule.replace(".", "-"), rule.rsplit(".", 1)[0].replace(".", "-"))
    return next((key for key in named if words.knows(key)), "ceiling")


def _execution(draft: ExecutionDraft, choice: Choice, scene: Scene) -> str:
    forecast, words = choice.prospect.wanted.forecast, scene.words
    why = words.say("execution-unsaid") if forecast is None else rhythm(forecast, words)
    what = _what(draft, scene)
    when = words.when(draft.due_at, scene.context.zone)
    later = "-later" if draft.rung is Rung.SILENT and draft.due_at > scene.now else ""
    said = words.say(f"execution-{draft.rung.label}{later}", why=why, what=what, when=when)
    if draft.deliver_by is None:
        return said
    day = arrival(draft.deliver_by, draft.slot, scene.house.calendar, words)
    return f"{said} {words.say('arrives', arrival=day)}"


def _what(draft: ExecutionDraft, scene: Scene) -> str:
    """What is ordered, with the price of each of several lines."""
    words, total = scene.words, str(draft.total)
    if len(draft.lines) == 1:
        return words.say("priced", lines=_lines(draft.lines, scene.shelf, words), total=total)
    parts = [
        words.say(
            "line-priced",
            quantity=str(line.quantity),
            name=scene.shelf.name(line.item_id),
            price=str(line.unit_price),
        )
        for line in draft.lines
    ]
    return words.say("priced-several", lines=words.listed(parts), total=total)


def _request(choice: Choice, request: Request, scene: Scene) -> str:
    order = choice.prospect.candidate.order
    if order is not None:
        return _order(order, scene)
    asked = request.query or request.category or scene.words.say("request-that")
    met = any(option.item_id in request.matches for option in choice.prospect.candidate.options)
    return scene.words.say("request-options" if met else "request-nothing", asked=asked)


def _order(order: OrderDraft, scene: Scene) -> str:
    parts = [_ready(order, scene)] if order.lines else []
    parts += [_unmet(one.item_id, [s.item_id for s in one.substitutes], scene) for one in order.unmet]
    return f"{'; '.join(parts)}."


def _ready(order: OrderDraft, scene: Scene) -> str:
    listed, words = _lines(order.lines, scene.shelf, scene.words), scene.words
    if order.total is None:
        ready = words.say("order-ready", lines=listed)
    else:
        ready = words.say("order-ready-priced", lines=listed, total=str(order.total))
    return ready if order.delivery is None else _promise(ready, order.delivery, scene)


def _promise(ready: str, found: Delivery, scene: Scene) -> str:
    words, zone = scene.words, scene.context.zone
    if found.deliver_by is None or found.place_by is None:
        return words.say("order-unsaid", ready=ready)
    day = arrival(found.deliver_by, found.slot, scene.house.calendar, words)
    if found.met is False:
        return words.say("order-late", ready=ready, wanted=words.when(found.needed_by or scene.now, zone), arrival=day)
    return words.say("order-arrives", ready=ready, until=words.when(found.place_by, zone), arrival=day)


def _unmet(item_id: str | None, others: Sequence[str], scene: Scene) -> str:
    name = scene.words.say("unmet-unnamed") if item_id is None else scene.shelf.name(item_id)
    if not others:
        return scene.words.say("unmet", name=name)
    return scene.words.say("unmet-substitute", name=name, other=scene.shelf.name(others[0]))


def _curate(choice: Choice, scene: Scene) -> str:
    wanted, words = choice.prospect.wanted, scene.words
    if wanted.need.source is Source.BROWSE:
        return words.say("curate-browsed", family=str(wanted.need.family))
    if wanted.forecast is not None:
        return words.say("curate-rhythm", why=rhythm(wanted.forecast, words))
    return words.say("curate-habits" if len(scene.context.history) else "curate-cold")


def _respond(choice: Choice, scene: Scene) -> str:
    wanted, order, words = choice.prospect.wanted, choice.prospect.candidate.order, scene.words
    if wanted.progress is not None and not wanted.buys:
        return wanted.progress.text
    why = None if wanted.forecast is None else rhythm(wanted.forecast, words)
    if order is not None:
        listed = _lines(order.lines, scene.shelf, words)
        return words.say("respond-order", lines=listed) if why is None else _because(why, listed, words)
    if why is not None:
        return words.say("respond-rhythm", why=why)
    return words.say("respond-habits" if len(scene.context.history) else "respond-cold")


def _because(why: str, listed: str, words: Words) -> str:
    return words.say("respond-order-because", why=why, lines=listed)


def _lines(drafts: Sequence[DraftLine], shelf: Shelf, words: Words) -> str:
    return lines([(line.quantity, shelf.name(line.item_id)) for line in drafts], words)


def _said(key: str, value: object, words: Words) -> str:
    """A fact as it stands in a sentence; shares in per cent, rungs and what they let us do in words."""
    if key in ("ceiling", "at_most") and isinstance(value, str):
        return words.say(f"rung-{value}") if words.knows(f"rung-{value}") else value
    if key == "reached" and isinstance(value, str):
        return words.say(f"reached-{value}") if words.knows(f"reached-{value}") else value
    if isinstance(value, Money):
        return str(value)
    return f"{value:.0%}" if isinstance(value, float) and 0 <= value <= 1 else str(value)
