"""``rapport train``, ``models``, ``recommend``, ``due`` and ``evaluate``: what is learned, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from api.cli import out
from api.cli.here import as_of, instant, opened
from api.cli.out import AsJson
from engine.config import Settings, parse_span
from engine.errors import InputError, NotFound

if TYPE_CHECKING:
    from engine.store.database import Database

At = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="As if it were then; default just after the newest order.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there; default standard output.")]

AsLines = Annotated[bool, typer.Option("--json", help="Each line is JSON already; changes nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("train")(train)
    models = typer.Typer(help="Trained models.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show_model)
    models.command("rollback")(rollback)
    app.add_typer(models, name="models")
    app.command("recommend")(recommend)
    app.command("due")(due)
    app.command("evaluate")(evaluate)


def train(
    at: At = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="After which no more settings are tried.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit, judge on a time split, and publish if no worse than what is served.

    Example: `rapport train --as-of 2017-11-30`, `rapport train --budget 60`
    """
    from jobs import train as training

    settings = Settings.from_env()
    database = opened(settings)
    moment = as_of(settings, database, at)
    with out.stages(shown=not as_json) as say:
        found = training.run(database, settings, as_of=moment, now=settings.clock.now(), budget=budget, say=say)
    if as_json:
        return out.document(found.document())
    rows = [("this training", found.ours), ("the served settings", found.before)]
    out.table(
        ("next basket", "recall@10", "recall@20", "ndcg@10", "hit@10", "s.e.", "customers"),
        [(name, a.recall_10, a.recall_20, a.ndcg_10, a.phr_10, a.se, a.customers) for name, a in rows if a],
    )
    click.echo(f"{found.model_id}: {'published' if found.published else 'not published'}, {found.reason}")


def list_models(as_json: AsJson = False) -> None:
    """The trainings there were, newest first.

    Example: `rapport models list`
    """
    from engine.store import artifacts, models

    settings = Settings.from_env()
    served = artifacts.served_id(settings.models)
    with opened(settings).read() as tx:
        rows = [
            {
                "model_id": one.model_id,
                "as_of": one.as_of,
                "created_at": one.created_at,
                "published": one.published,
                "served": one.model_id == served,
                "reason": one.reason,
            }
            for one in models.all(tx)
        ]
    if as_json:
        return out.document({"models": rows, "served": served})
    out.table(("model", "as of", "trained at", "published", "served", "why"), [list(row.values()) for row in rows])


def show_model(model_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """One model and its metrics.

    Example: `rapport models show 20171130T000000-1a2b3c`
    """
    from engine.store import artifacts, models

    settings = Settings.from_env()
    with opened(settings).read() as tx:
        found = models.get(tx, model_id)
    if found is None:
        raise NotFound("model", model_id)
    said = {
        "model_id": found.model_id,
        "as_of": found.as_of,
        "created_at": found.created_at,
        "published": found.published,
        "served": artifacts.served_id(settings.models) == model_id,
        "reason": found.reason,
        "metrics": dict(found.metrics),
    }
    if as_json:
        return out.document(said)
    metrics = said.pop("metrics")
    assert isinstance(metrics, dict)
    personas = metrics.pop("personas", None)
    out.table(("", ""), [*said.items(), *metrics.items()])
    if personas is not None:
        _personas(personas)


def _personas(found: dict[str, Any]) -> None:
    """The kinds of customers there are, or why none are told apart."""
    if "personas" not in found:
        return click.echo(f"no personas: {found['reason']}; needed: {found['needed']}")
    kinds = found["personas"]
    title = f"personas, stability {found['stability']:.2f}{' (tentative)' if found['tentative'] else ''}"
    columns = ("id", "name", "customers", "share", *found["features"])
    rows = [(one["persona_id"], one["name"], one["customers"], one["share"], *one["means"].values()) for one in kinds]
    out.table(columns, rows, title=title)
    tried = [(one["k"], one["bic"], one["objection"]) for one in found["tried"]]
    out.table(("number", "BIC", "why not"), tried, title="numbers of personas")


def rollback(model_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Serve an earlier model; running servers take it up at their next request.

    Example: `rapport models rollback 20171130T000000-1a2b3c`
    """
    from engine.store import artifacts, audit, models

    settings = Settings.from_env()
    database = opened(settings)
    with database.read() as tx:
        if models.get(tx, model_id) is None:
            raise NotFound("model", model_id)
    artifacts.point(settings.models, model_id)
    with database.begin() as tx:
        audit.add(tx, "command line", "models.rollback", model_id, {}, settings.clock.now())
    if as_json:
        return out.document({"served": model_id})
    click.echo(f"{model_id} is served")


def recommend(
    customers: Annotated[list[str] | None, typer.Argument(metavar="CUSTOMER...")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every customer.")] = False,
    file: Annotated[Path | None, typer.Option("--customers", metavar="FILE", help="Their ids, one a line.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many items each.")] = 10,
    persona: Annotated[
        int | None,
        typer.Option("--persona", metavar="ID", help="Of those who bought nothing; see `models show`."),
    ] = None,
    at: At = None,
    target: Out = None,
    as_json: AsLines = False,
) -> None:
    """The next basket's likeliest items for each customer, best first, one JSON object a line.

    Example: `rapport recommend --all --k 10 --out next.ndjson`
    """
    from jobs import evaluate as evaluation
    from jobs import predict

    settings = Settings.from_env()
    ids = _wanted(customers, everybody, file)
    database = opened(settings)
    with out.bar("recommending", shown=target is not None) as progress:
        rows = predict.recommend(
            database,
            settings,
            evaluation.served(settings),
            ids,
            k=k,
            persona=persona,
            as_of=as_of(settings, database, at),
            progress=progress,
        )
        count = out.lines(rows, target)
    if target is not None:
        click.echo(f"{count:,} customers written to {target}", err=True)


def due(
    customers: Annotated[list[str] | None, typer.Argument(metavar="CUSTOMER...")] = None,
    within: Annotated[str, typer.Option(metavar="SPAN", help="The window, such as 7d; at most 60d.")] = "7d",
    at: At = None,
    target: Out = None,
    as_json: AsLines = False,
) -> None:
    """How likely each customer buys each family again within a window, one JSON object a line.

    Example: `rapport due 1228 --within 14d --as-of 2017-12-01`
    """
    from jobs import evaluate as evaluation
    from jobs import predict

    settings = Settings.from_env()
    database = opened(settings)
    with out.bar("forecasting", shown=target is not None) as progress:
        rows = predict.due(
            database,
            settings,
            evaluation.served(settings),
            customers or None,
            within=parse_span(within, "--within"),
            as_of=as_of(settings, database, at),
            progress=progress,
        )
        count = out.lines(rows, target)
    if target is not None:
        click.echo(f"{count:,} forecasts written to {target}", err=True)


def evaluate(
    split: Annotated[str, typer.Option(metavar="last-basket|time", help="What is to be foreseen.")] = "last-basket",
    cold: Annotated[
        bool, typer.Option("--cold", help="Judge new customers, sessions and new items of the last 4 weeks instead.")
    ] = False,
    gate: Annotated[bool, typer.Option("--gate", help="Replay the gate at past cut-offs instead.")] = False,
    promise: Annotated[float, typer.Option(min=0.4, max=0.99, help="Of the gate.")] = 0.9,
    window: Annotated[str, typer.Option(metavar="SPAN", help="Of the gate: 7d, 14d or 28d.")] = "14d",
    cutoffs: Annotated[int, typer.Option(min=1, max=200, help="Of the gate, weekly.")] = 15,
    cutoff: Annotated[
        list[str] | None, typer.Option(metavar="TIME", help="Judge the forecasts made then instead; may be repeated.")
    ] = None,
    least: Annotated[
        int, typer.Option("--least-purchases", min=2, max=1000, help="With --cutoff: days a pair was bought on.")
    ] = 2,
    level: Annotated[
        list[str] | None, typer.Option(metavar="item|family", help="With --cutoff; may be repeated; default both.")
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Accuracy of our engine beside its baselines, all learned anew on what came before each test point.

    Example: `rapport evaluate`, `rapport evaluate --cold`,
    `rapport evaluate --gate --promise 0.9 --window 14d --cutoffs 15`,
    `rapport evaluate --cutoff 2017-11-01 --least-purchases 4`
    """
    from jobs import evaluate as evaluation

    settings = Settings.from_env()
    database = opened(settings)
    if cold:
        return _cold(settings, database, at, as_json)
    if gate:
        return _gate(settings, database, promise, window, cutoffs, at, as_json)
    if cutoff:
        return _foreseen(settings, database, cutoff, least, level or ["family", "item"], promise, at, as_json)
    if split not in tuple(evaluation.Cut):
        raise InputError.of("--split", " or ".join(evaluation.Cut), split)
    with out.stages(shown=not as_json) as say:
        report = evaluation.run(
            database, settings, cut=evaluation.Cut(split), as_of=as_of(settings, database, at), say=say
        )
    found = report.document()
    if as_json:
        return out.document(found)
    _tables(found)


def _cold(settings: Settings, database: Database, at: str | None, as_json: bool) -> None:
    from jobs import evaluate as evaluation

    with out.stages(shown=not as_json) as say:
        found = evaluation.cold(database, settings, as_of=as_of(settings, database, at), say=say)
    rows = evaluation.cold_rows(found)
    if as_json:
        return out.document({"rows": rows})
    if rows:
        out.table(list(rows[0]), [list(row.values()) for row in rows], title="cold")


def _gate(
    settings: Settings, database: Database, promise: float, window: str, cutoffs: int, at: str | None, as_json: bool
) -> None:
    from datetime import timedelta

    from jobs import evaluate as evaluation

    days = parse_span(window, "--window") / timedelta(days=1)
    if days not in evaluation.WINDOWS:
        raise InputError.of("--window", "7d, 14d or 28d", window)
    with out.stages(shown=not as_json) as say:
        found = evaluation.gate(
            database,
            settings,
            promise=promise,
            window=int(days),
            cutoffs=cutoffs,
            as_of=as_of(settings, database, at),
            say=say,
        )
    rows = evaluation.gates(found)
    if as_json:
        return out.document({"promise": promise, "window": window, "cutoffs": rows})
    out.table(("cut-off", "open", "threshold", "executions", "precision", "of purchases"), [r.values() for r in rows])


def _foreseen(
    settings: Settings,
    database: Database,
    given: list[str],
    least: int,
    levels: list[str],
    promise: float,
    at: str | None,
    as_json: bool,
) -> None:
    from jobs import evaluate as evaluation

    for level in levels:
        if level not in ("item", "family"):
            raise InputError.of("--level", "item or family", level)
    moments = [moment for one in given if (moment := instant(settings, one, "--cutoff")) is not None]
    with out.stages(shown=not as_json) as say:
        found = evaluation.foreseen(
            database,
            settings,
            cutoffs=moments,
            least=least,
            promise=promise,
            levels=list(dict.fromkeys(levels)),
            as_of=as_of(settings, database, at),
            say=say,
        )
    said = evaluation.document(found)
    if as_json:
        return out.document(said)
    for name, rows in said.items():
        if rows:
            out.table(list(rows[0]), [list(row.values()) for row in rows], title=name)


def _tables(found: dict[str, object]) -> None:
    for name, key in (("next basket", "rows"), ("replenishment", "replenishment")):
        rows = found[key]
        assert isinstance(rows, list)
        if rows:
            out.table(list(rows[0]), [list(row.values()) for row in rows], title=name)


def _wanted(customers: list[str] | None, everybody: bool, file: Path | None) -> list[str] | None:
    """The customers asked for; None for all of them."""
    ways = [bool(customers), everybody, file is not None]
    if sum(ways) != 1:
        raise InputError.of("CUSTOMER", "customers, --customers FILE, or --all", "none or several of them")
    if file is not None:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return customers or None
