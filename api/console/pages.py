"""The console: what an operator sees, behind an operator's key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from apiflask import APIBlueprint
from flask import Response, flash, g, redirect, render_template, request, send_from_directory, session, url_for
from flask_wtf.csrf import CSRFProtect

from api import cursors, risks, ruling
from api.auth.caller import Caller, Scope
from api.auth.check import caller_of, refuse_guessing
from api.console.csp import strict
from api.console.pictures import mix_of
from api.service import service
from api.topics.rules import caps_in_force
from api.wire.operators import JOBS
from api.wire.rules import RuleOut
from engine.domain.customers import Purpose
from engine.domain.executions import STOPPABLE, Execution, State
from engine.domain.stories import told
from engine.domain.values import parse_id
from engine.errors import Conflict, InputError, NotFound, Unauthenticated
from engine.store import (
    artifacts,
    audit,
    customers,
    decisions,
    executions,
    items,
    job_runs,
    keys,
    models,
    rules,
    stories,
)
from engine.store.database import Tx
from modes import explain
from modes.rules import Objection

console = APIBlueprint("console", __name__, url_prefix="/console", enable_openapi=False, template_folder="templates")
csrf = CSRFProtect()
PAGES = (
    ("/console/", "Overview"),
    ("/console/executions", "Executions"),
    ("/console/stops", "Stops"),
    ("/console/alerts", "Alerts"),
    ("/console/rules", "Rules"),
    ("/console/customers", "Customers"),
    ("/console/running", "Models and jobs"),
)
STORY = timedelta(days=400)  # as far back as stories go
VIEWS = (("upcoming", "Upcoming"), ("at_risk", "At risk"), ("failed", "Failed or refused"), ("placed", "Placed"))
PAGE = 50  # executions
FAILED = (State.FAILED, State.REFUSED, State.NEEDS_REVIEW)
PLACED = (State.PLACED, State.CONFIRMED, State.KEPT, State.RETURNED)
OPEN = frozenset({"console.login", "console.sign_in", "console.asset"})


@console.before_request
def _guard() -> Response | None:
    """Forms carry their token; every page but the sign-in needs a key that still holds."""
    if request.method == "POST":
        csrf.protect()
    g.caller = _signed_in()
    if g.caller is None and request.endpoint not in OPEN:
        return redirect(url_for("console.login"), 303)  # type: ignore[return-value]
    return None


@console.after_request
def _strict(response: Response) -> Response:
    return strict(response)


@console.context_processor
def _on_every_page() -> dict[str, object]:
    here = service()
    return {
        "clock": here.settings.clock,
        "now": here.now(),
        "pages": PAGES,
        "signed_in": g.get("caller") is not None,
        "stoppable": STOPPABLE,
    }


@console.app_template_filter("instant")
def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(service().settings.timezone).strftime("%Y-%m-%d %H:%M %Z")


@console.app_template_filter("figure")
def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


@console.app_template_filter("sentence")
def _sentence(objection: Objection) -> str:
    return explain.removal(objection.removal())


@console.get("/login")
def login() -> str:
    """The sign-in form."""
    return render_template("console/login.html")


@console.post("/login")
def sign_in() -> Response | tuple[str, int]:
    """Sign in with an operator's key."""
    try:
        caller = caller_of(request.form.get("key", "").strip())
    except Unauthenticated:
        refuse_guessing()
        caller = None
    if caller is None or caller.scope is not Scope.OPERATOR:
        flash("That is not an operator's key.", "error")
        return render_template("console/login.html"), 401
    session.clear()
    session["key_id"] = caller.key_id
    return redirect(url_for("console.overview"), 303)  # type: ignore[return-value]


@console.post("/logout")
def sign_out() -> Response:
    """Forget the session."""
    session.clear()
    return redirect(url_for("console.login"), 303)  # type: ignore[return-value]


@console.get("/")
def overview() -> str:
    """How decisions come out, and what is about to be ordered."""
    with service().db.read() as tx:
        return render_template(
            "console/overview.html",
            customers=customers.count(tx),
            items=items.count(tx),
            mix=mix_of(decisions.mode_mix(tx)),
            counts=executions.counts(tx),
            upcoming=_upcoming(tx, 10),
            served=artifacts.served_id(service().settings.models),
        )


@console.get("/executions")
def executions_page() -> str:
    """Upcoming executions and those that need a person; those at risk, failed, or placed."""
    wanted, after = request.args.get("view", ""), request.args.get("after")
    view = wanted if wanted in dict(VIEWS) else "upcoming"
    with service().db.read() as tx:
        found, following = _view(tx, view, after)
        review = executions.by_state(tx, State.NEEDS_REVIEW, PAGE)
    return render_template(
        "console/executions.html", view=view, views=VIEWS, found=found, next=following, review=review
    )


def _view(tx: Tx, view: str, after: str | None) -> tuple[Sequence[Execution | risks.Risky], str | None]:
    """A page of executions, and where the next one begins."""
    if view == "at_risk":
        risky = risks.page(service(), tx, timedelta(days=2), PAGE, after)
        return risky.at_risk, risky.following
    if view == "upcoming":
        found = executions.upcoming_page(tx, PAGE, after)
    else:
        found = executions.in_states(tx, FAILED if view == "failed" else PLACED, PAGE, after)
    return found, cursors.following(found, PAGE, lambda one: one.execution_id)


@console.post("/executions/<ident:execution_id>/veto")
def veto(execution_id: str) -> Response:
    """Stop an order."""
    try:
        with service().db.begin() as tx:
            executions.veto(tx, execution_id, _caller().actor, service().now())
        flash("The order is stopped.", "done")
    except (Conflict, NotFound) as error:
        flash(f"Not stopped: {error}.", "error")
    return redirect(_back(), 303)  # type: ignore[return-value]


@console.get("/customers")
def customers_page() -> str | Response:
    """Find a customer by id, or leaf through all."""
    asked = request.args.get("id", "").strip()
    with service().db.read() as tx:
        if asked and _is_customer(tx, asked):
            return redirect(url_for("console.customer", customer_id=asked), 303)  # type: ignore[return-value]
        found = customers.page(tx, 100, request.args.get("after"))
    following = found[-1].customer_id if len(found) == 100 else None
    return render_template("console/customers.html", asked=asked, customers=found, next=following)


@console.get("/customers/<ident:customer_id>")
def customer(customer_id: str) -> str:
    """One customer: what they allow, their executions, the story of a need, their decisions and why."""
    here, now, need = service(), service().now(), request.args.get("need", "")
    with here.reading(customer_id) as tx:
        context = here.context(tx, customer_id, now)
        found, _ = decisions.of_customer(tx, customer_id, 20)
        needs = stories.needs(tx, customer_id, now - STORY)
        story = stories.of_need(tx, customer_id, need, now - STORY, now) if need in needs else []
    return render_template(
        "console/customer.html",
        customer=context.customer,
        preferences=context.preferences,
        consents={purpose.value: context.consents[purpose].value for purpose in Purpose},
        mandates=context.mandates,
        goals=context.goals,
        executions=sorted(context.executions, key=lambda e: e.due_at, reverse=True)[:50],
        decisions=found,
        needs=needs,
        need=need,
        story=told(story),
    )


@console.get("/rules")
def rules_page() -> str:
    """What operators set: each rule, where it stands, who wrote and approved it; caps, and rules that failed."""
    now, zone = service().now(), service().settings.timezone
    with service().db.read() as tx:
        found = rules.all(tx)
        failed = rules.failures(tx)
        used = caps_in_force(tx, now, zone)
    shown = [RuleOut.of(versions, ruling.standing(versions, now)) for versions in found.values()]
    return render_template("console/rules.html", rules=shown, caps=used, failures=failed)


@console.get("/running")
def running() -> str:
    """Models and jobs."""
    with service().db.read() as tx:
        return render_template(
            "console/running.html",
            models=models.all(tx),
            served=artifacts.served_id(service().settings.models),
            runs=job_runs.page(tx, 30)[0],
            job_names=JOBS,
        )


@console.post("/jobs")
def ask_job() -> Response:
    """Ask a worker for a run."""
    job = request.form.get("job", "")
    if job not in JOBS:
        raise NotFound("job", job[:200])
    now = service().now()
    with service().db.begin() as tx:
        run = job_runs.ask(tx, job, None)
        audit.add(tx, _caller().actor, "job.ask", job, {"run": run}, now)
    flash(f"A worker is asked to run {job}.", "done")
    return redirect(url_for("console.running"), 303)  # type: ignore[return-value]


@console.get("/static/<path:name>")
def asset(name: str) -> Response:
    """The console's own files."""
    return send_from_directory(f"{console.root_path}/static", name, max_age=3600)


def _signed_in() -> Caller | None:
    key_id = session.get("key_id")
    if key_id is None:
        return None
    with service().db.read() as tx:
        key = keys.get(tx, key_id)
    live = key is not None and key.scope == Scope.OPERATOR and key.live(datetime.now(UTC))
    return Caller(key_id=key_id, scope=Scope.OPERATOR) if live else None


def _caller() -> Caller:
    found: Caller = g.caller
    return found


def _back() -> str:
    """Where the form was: a page of the console, never another site."""
    wanted = request.form.get("back", "")
    return wanted if wanted.startswith("/console/") else url_for("console.overview")


def _upcoming(tx: Tx, limit: int) -> list[Execution]:
    """What can still be stopped, the next due first."""
    found = [one for state in STOPPABLE for one in executions.by_state(tx, state, 1000)]
    return sorted(found, key=lambda one: (one.due_at, one.execution_id))[:limit]


def _is_customer(tx: Tx, asked: str) -> bool:
    try:
        return customers.get(tx, parse_id(asked, "id")) is not None
    except InputError:
        return False
