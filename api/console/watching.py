"""Pages of the console for seeing and stopping: the stop switch, alerts, differences, settling by hand."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, g, redirect, render_template, request, url_for

from api import settling
from api.console.pages import console
from api.service import service
from engine.domain.stops import Scope
from engine.domain.values import parse_id
from engine.errors import Conflict, InputError, NotFound
from engine.store import alerts, differences, executions, stops
from engine.store.database import Tx

MOST = 50


@console.context_processor
def _stopped() -> dict[str, object]:
    """What is stopped, on every page behind the sign-in."""
    if g.get("caller") is None:
        return {"stopped": ()}
    with service().db.read() as tx:
        return {"stopped": stops.in_force(tx, service().now())}


@console.get("/stops")
def stops_page() -> str:
    """The switch, what is stopped, and what was."""
    with service().db.read() as tx:
        return render_template("console/stops.html", latest=stops.latest(tx, MOST))


@console.post("/stops")
def press_stop() -> Response:
    """Stop everything, a family or a gateway."""
    form = request.form
    reason = form.get("reason", "").strip()[:200] or "no reason given"

    def press(tx: Tx) -> str:
        scope, value = _scope(form.get("scope", "")), form.get("value", "").strip() or None
        named = value if value is None else parse_id(value, "value")
        return f"Stopped: {stops.press(tx, scope, named, reason, g.caller.actor, service().now()).subject}."

    return _done(press, "console.stops_page")


@console.post("/stops/<ident:stop_id>/lift")
def lift_stop(stop_id: str) -> Response:
    """Let orders go on."""
    return _done(
        lambda tx: f"Orders go on: {stops.lift(tx, stop_id, g.caller.actor, service().now()).subject}.",
        "console.stops_page",
    )


@console.get("/alerts")
def alerts_page() -> str:
    """What somebody should look at, and where ledger and gateway differ."""
    with service().db.read() as tx:
        return render_template(
            "console/alerts.html",
            standing=alerts.open_now(tx),
            cleared=alerts.page(tx, MOST, standing=False)[0],
            differences=differences.page(tx, MOST)[0],
        )


@console.post("/differences/<ident:difference_id>/close")
def close_difference(difference_id: str) -> Response:
    """A person has dealt with it."""
    if not (difference_id.isdigit() and len(difference_id) < 10):
        raise NotFound("difference", difference_id)
    note = request.form.get("note", "").strip()[:200] or "dealt with"

    def close(tx: Tx) -> str:
        differences.close(tx, int(difference_id), g.caller.actor, note, service().now())
        return "Noted."

    return _done(close, "console.alerts_page")


@console.get("/executions/<ident:execution_id>")
def execution_page(execution_id: str) -> str:
    """One execution: its lines, where it stands, its life, what the gateway was asked and said."""
    with service().db.read() as tx:
        found = executions.get(tx, execution_id)
        if found is None:
            raise NotFound("execution", execution_id)
        return render_template(
            "console/execution.html",
            execution=found,
            moves=executions.moves(tx, execution_id),
            attempts=executions.attempts(tx, execution_id),
        )


@console.post("/executions/<ident:execution_id>/settle")
def settle_execution(execution_id: str) -> Response:
    """Settle one that needs review, as a person found out."""
    order_id = request.form.get("order_id", "").strip()
    placed = request.form.get("outcome") == "placed"

    def settle(tx: Tx) -> str:
        named = parse_id(order_id, "order") if placed else None
        here, said = service(), "settled in the console"
        after = settling.settle(tx, here.settings, execution_id, named, g.caller.actor, said, here.now())
        return f"It is {after.state}."

    return _done(settle, "console.executions_page")


def _done(work: Callable[[Tx], str], page: str) -> Response:
    """Do it in one transaction, say what came of it, and go to a page."""
    try:
        with service().db.begin() as tx:
            said = work(tx)
        flash(said, "done")
    except (Conflict, NotFound, InputError) as error:
        flash(f"Not done: {error}.", "error")
    return redirect(url_for(page), 303)  # type: ignore[return-value]


def _scope(text: str) -> Scope:
    if text not in [scope.value for scope in Scope]:
        raise InputError.of("scope", "all, family or gateway", text)
    return Scope(text)
