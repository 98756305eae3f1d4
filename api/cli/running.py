"""``rapport serve``, ``worker``, ``jobs``, ``gateway-example``, ``doctor`` and ``settings``: running the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import click
import typer

from api.cli import out
from api.cli.here import instant, opened, placing_settings, reached, require_free
from api.cli.out import AsJson
from engine.config import Settings
from engine.domain.values import parse_id
from engine.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("worker")(worker)
    jobs = typer.Typer(help="Jobs: what the worker does by the clock.", no_args_is_help=True)
    jobs.command("list")(list_jobs)
    jobs.command("run")(run_job)
    app.add_typer(jobs, name="jobs")
    app.command("gateway-example")(gateway_example)
    app.command("test-order")(order_a_test)
    app.command("doctor")(doctor)
    app.command("settings")(show_settings)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Serve the API, its documentation and the console, until SIGTERM.

    Example: `rapport serve --port 8080 --workers 2`
    """
    from api import server
    from modes.parameters import policy_of

    settings = Settings.from_env()
    policy_of(settings)  # one that is none stops it here, not every process behind it
    require_free(host, port)
    opened(settings).close()
    click.echo(f"API and console at http://{host}:{port}  (console at /console, documentation at /docs)", err=True)
    server.serve(settings, host, port, workers)


def worker() -> None:
    """Do the jobs by the clock: place what is due, plan, train, reconcile; until SIGTERM.

    Example: `RAPPORT_GATEWAY_URL=http://127.0.0.1:8900/orders rapport worker`
    """
    from jobs import worker as work
    from modes.parameters import policy_of

    settings = placing_settings()
    policy_of(settings)  # or every job would fail
    opened(settings).close()
    work.run(settings)


def list_jobs(as_json: AsJson = False) -> None:
    """The jobs there are, and their last runs.

    Example: `rapport jobs list`
    """
    from engine.store import job_runs
    from jobs.scheduler import JOBS

    with opened(Settings.from_env()).read() as tx:
        runs = job_runs.last_of_each(tx)
    rows = [
        {
            "job": job.name,
            "every_seconds": int(job.every.total_seconds()),
            "does": job.does,
            "last_state": runs[job.name].state.value if job.name in runs else None,
            "last_finished_at": runs[job.name].finished_at if job.name in runs else None,
            "last_error": runs[job.name].error if job.name in runs else None,
        }
        for job in JOBS.values()
    ]
    if as_json:
        return out.document({"jobs": rows})
    out.table(("job", "every s", "does", "last", "finished", "error"), [list(row.values()) for row in rows])


def run_job(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Work as if it were this instant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one job here and now; without --at as if it were just after the newest stored order.

    Example: `rapport jobs run plan --at 2017-12-01T08:00:00Z`
    """
    from jobs.scheduler import Shop, just_after, run_now

    settings = placing_settings()
    shop = Shop.of(settings, opened(settings))
    as_if = instant(settings, at, "--at") or just_after(shop)
    summary = run_now(shop, name, as_if)
    if as_json:
        return out.document(dict(summary))
    said = out.said(as_if or settings.clock.now())
    out.table((f"{name}, as of {said}", ""), summary.items() or [("nothing to do", None)])


def gateway_example(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8900,
    late: Annotated[float, typer.Option(metavar="P", min=0, max=1, help="Share answered after the time-out.")] = 0.0,
    fail: Annotated[float, typer.Option(metavar="P", min=0, max=1, help="Share answered 500, nothing kept.")] = 0.0,
    stall: Annotated[float, typer.Option(metavar="P", min=0, max=1, help="Share never answered.")] = 0.0,
    refuse: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE=P", help="Share refused: out_of_stock, price_changed, payment_failed, rejected."),
    ] = None,
    stores_errors: Annotated[bool, typer.Option("--stores-errors", help="A refusal stands under its key.")] = False,
    no_look_up: Annotated[bool, typer.Option("--no-look-up", help="Answer no look-ups.")] = False,
    die_after: Annotated[int | None, typer.Option(metavar="N", min=1, help="Die after keeping N orders.")] = None,
    seed: Annotated[int, typer.Option(help="Of which requests go wrong.")] = 0,
    database: Annotated[Path, typer.Option(help="Its own database, not Rapport's.")] = Path("gateway.db"),
) -> None:
    """A gateway to try with: it keeps the orders it is sent, and fails as it is told to.

    Example: `rapport gateway-example --port 8900 --late 0.03 --refuse out_of_stock=0.05`
    """
    from jobs import example_gateway

    refused = _shares(refuse or [])
    secret = placing_settings().gateway_secret
    require_free("127.0.0.1", port)
    example_gateway.main(
        port,
        database,
        late=late,
        fail=fail,
        stall=stall,
        refuse=refused,
        stores_errors=stores_errors,
        looks_up=not no_look_up,
        die_after=die_after,
        seed=seed,
        secret=secret,
        say=click.echo,
    )


def order_a_test(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    items: Annotated[list[str], typer.Argument(metavar="ITEM[=QUANTITY]...")],
    as_json: AsJson = False,
) -> None:
    """Make a test order: it goes all the way to the gateway, charges nobody and counts for nothing.

    It goes to the gateway that the rules choose. Where it would not go out, it is not made, and the reasons are told.

    Example: `rapport test-order 1228 995242=2`
    """
    from api import trying
    from api.wire.executions import ExecutionOut

    settings = Settings.from_env()
    wanted = dict(_wanted(item) for item in items)
    with opened(settings).begin() as tx:
        made = trying.make(tx, settings, parse_id(customer, "CUSTOMER"), wanted, "command line", settings.clock.now())
    if as_json:
        return out.document(ExecutionOut.of(made).model_dump(mode="json"))
    click.echo(f"{made.execution_id}  {made.total}  a worker places it, as a test")


def _wanted(item: str) -> tuple[str, int]:
    """An item and how many of it, as they are typed."""
    item_id, parted, quantity = item.rpartition("=")
    if not parted:
        return parse_id(item, "ITEM"), 1
    if not quantity.isdigit() or not 0 < int(quantity) <= 10_000:
        raise InputError.of("ITEM", "a quantity of 1 to 10000 behind the =", item)
    return parse_id(item_id, "ITEM"), int(quantity)


def _shares(given: list[str]) -> dict[str, float]:
    """Codes of refusals and the share of calls each is to have, as ``--refuse`` gives them."""
    from jobs.gateway import CODES

    found = {}
    for text in given:
        code, _, share = text.partition("=")
        if code not in CODES or not re.fullmatch(r"0?\.\d+|[01](\.0+)?", share):
            raise InputError.of("--refuse", f"one of {', '.join(CODES)}, '=' and a share of 0 to 1", text)
        found[code] = float(share)
    return found


def doctor(as_json: AsJson = False) -> int:
    """Check what must hold: invariants of the ledger, clock, backlog, database, served model, disk.

    Example: `rapport doctor`
    """
    from jobs import doctor as practice

    settings = placing_settings()
    findings = practice.run(reached(settings), settings)
    if as_json:
        out.document({"findings": [{"check": f.check, "well": f.well, "found": f.said} for f in findings]})
    else:
        out.table(("check", "", "what was found"), [(f.check, "well" if f.well else "LOOK", f.said) for f in findings])
    return 0 if all(finding.well for finding in findings) else 1


def show_settings(as_json: AsJson = False) -> None:
    """All settings as they are in force, secrets masked.

    Example: `rapport settings`
    """
    shown, defaults = Settings.from_env().shown(), Settings.from_env({}).shown()
    if as_json:
        return out.document({name: {"value": value, "default": defaults[name]} for name, value in shown.items()})
    out.table(("setting", "value", "default"), [(name, value, defaults[name]) for name, value in shown.items()])
