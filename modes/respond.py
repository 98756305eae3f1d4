"""A request turned into an order that is ready to confirm, with what to do about what cannot be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.domain.decisions import DraftLine, Offer, OrderDraft, Unmet
from engine.domain.shopping import Item
from engine.errors import InputError, Problem, shown
from modes import curate, delivery, habits, rules
from modes.request import Request
from modes.scene import Scene

SUBSTITUTES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a request comes to. ``order`` None: there is nothing to confirm yet, only ``options`` to choose from."""

    order: OrderDraft | None
    options: tuple[Offer, ...] = ()


def answer(request: Request, scene: Scene) -> Answer:
    """The order a request means.

    Raises
    ------
    InputError
        that names every requested item the catalogue does not know
    """
    asked = _known(request, scene)
    lines, unmet = _fill(asked, scene)
    options: tuple[Offer, ...] = ()
    if request.query is not None or request.category is not None:
        options = curate.of_items(request.matches, scene)
        named = {item.item_id for item, _ in asked}
        found, lacking = _resolve(request, options, scene)
        lines += [line for line in found if line.item_id not in named]
        unmet += [one for one in lacking if one.item_id not in named]
    if not lines and not asked and (options or not unmet):
        return Answer(order=None, options=options[: scene.limit])
    order = OrderDraft(
        lines=tuple(lines),
        total=rules.total_of(lines) if lines else None,
        unmet=tuple(unmet),
        delivery=delivery.promised(lines, request.needed_by, scene),
    )
    return Answer(order=order, options=options[: scene.limit])


def usual(family: str, scene: Scene) -> OrderDraft | None:
    """The customer's usual item of a family, in the usual quantity, as an order; None where there is none to be had."""
    own = scene.habits(family)
    quantities = {habit.item_id: habit.quantity for habit in own}
    items = scene.shelf.offered(quantities)
    if not items:
        return None
    line = _line(items[0], quantities[items[0].item_id])
    return OrderDraft(lines=(line,), total=rules.total_of([line]))


def substitutes(item: Item, scene: Scene) -> tuple[Offer, ...]:
    """What stands in for an item: others of its family that can be had, the customer's own first."""
    options = curate.of_family(item.family, None, scene)
    return tuple(option for option in options if option.item_id != item.item_id)[:SUBSTITUTES]


def _known(request: Request, scene: Scene) -> list[tuple[Item, int]]:
    """The requested items with their quantities; one asked for twice is asked for once, with both."""
    scene.shelf.load(id for id, _ in request.items)
    wanted: dict[str, int] = {}
    problems = []
    for index, (id, quantity) in enumerate(request.items):
        if scene.shelf.item(id) is None:
            problems.append(_unknown(index, id))
        wanted[id] = wanted.get(id, 0) + quantity
    if problems:
        raise InputError(problems)
    return [(item, n) for id, n in wanted.items() if (item := scene.shelf.item(id)) is not None]


def _unknown(index: int, id: str) -> Problem:
    return Problem(field=f"request.items.{index}.item_id", expected="an item of the catalogue", came=shown(id))


def _fill(asked: Iterable[tuple[Item, int]], scene: Scene) -> tuple[list[DraftLine], list[Unmet]]:
    lines, unmet = [], []
    for item, quantity in asked:
        if item.available:
            lines.append(_line(item, quantity))
        else:
            unmet.append(Unmet(item_id=item.item_id, reason="unavailable", substitutes=substitutes(item, scene)))
    return lines, unmet


def _resolve(request: Request, options: Sequence[Offer], scene: Scene) -> tuple[list[DraftLine], list[Unmet]]:
    """One line for words or a category: the customer's own usual item among those found, else, for words, the best.

    None where what was found lacks one of the words, or the item has no known price: that is a choice to look at.
    """
    own = habits.of_items(scene.context.history, set(request.matches))
    missing = _missing(own[0].item_id, options, scene) if own else []
    if request.partly:
        return [], missing
    quantities = {habit.item_id: habit.quantity for habit in own}
    chosen = next((option.item_id for option in options if option.item_id in quantities), None)
    if chosen is None and request.query is not None and options:
        chosen = options[0].item_id
    item = None if chosen is None else scene.shelf.item(chosen)
    if item is None or item.price is None:
        return [], missing
    return [_line(item, quantities.get(item.item_id, 1))], missing


def _missing(usual: str, options: Sequence[Offer], scene: Scene) -> list[Unmet]:
    """The usual item, where it cannot be had."""
    item = scene.shelf.item(usual)
    if item is None or item.available:
        return []
    others = tuple(option for option in options if option.item_id != usual)[:SUBSTITUTES]
    return [Unmet(item_id=usual, reason="unavailable", substitutes=substitutes(item, scene) or others)]


def _line(item: Item, quantity: int) -> DraftLine:
    return DraftLine(item_id=item.item_id, family=item.family, quantity=quantity, unit_price=item.price)
