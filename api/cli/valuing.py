"""``rapport ope``: what another policy would have brought."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import click
import typer

from api.cli import out
from api.cli.out import AsJson

REJECTED = 3  # exit code: done, with rejected rows


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ope")(ope)


def ope(
    log: Annotated[Path, typer.Argument(metavar="LOG", help=".csv, .ndjson or .parquet")],
    policy: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="logged, target, uniform, best, or its probabilities.")
    ] = None,
    features: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Columns for the reward model; an empty text for none.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and bootstrap.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Show numbers that are refused, too.")] = False,
    as_json: AsJson = False,
) -> int:
    """What a policy would have brought, from a log of decisions with their propensities, or a refusal.

    Example: `rapport ope decisions.csv --policy uniform`
    """
    from jobs import ope as valuing

    columns = None if features is None else [name.strip() for name in features.split(",") if name.strip()]
    with out.stages(shown=not as_json) as say:
        report = valuing.run(log, policy, features=columns, force=force, seed=seed, say=say)
    found = report.document()
    if as_json:
        out.document(found)
    else:
        _tell(found)
    return REJECTED if report.rejected else 0


def _tell(found: dict[str, Any]) -> None:
    click.echo(f"{found['policy']}, on {found['rows']:,} rows of {found['contexts']:,} contexts")
    if found["refused"]:
        click.echo(f"refused: {found['reason']}\nneeded: {found['needed']}")
    rows = [{"estimator": "the log itself", **found["logged_value"], "ess": None}, *found["estimates"]]
    names = ("estimator", "value", "low", "high", "se", "ess")
    out.table(("mean reward", "value", "low", "high", "s.e.", "ESS"), [[row[name] for name in names] for row in rows])
    for row in found["estimates"]:
        if row["value"] is None:
            click.echo(f"{row['estimator']}: {row['reason']}; needed: {row['needed']}")
    if found["rejects"]:
        click.echo(f"{found['rejected']:,} rows rejected; what is wrong with them: {found['rejects']}")
