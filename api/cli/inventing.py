"""``rapport simulate``: the selector in invented worlds, beside rivals and an oracle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from api.cli import out
from api.cli.out import AsJson

if TYPE_CHECKING:
    from jobs.simulate import Row
    from jobs.simulate.scenario import Scenario


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="grocery, regular, touchy, or a YAML file")],
    seeds: Annotated[int, typer.Option(min=1, help="How many worlds.")] = 4,
    first_seed: Annotated[int, typer.Option(min=0, help="Of the first one; the others follow.")] = 100,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead of a table: one day decided by chance, as a CSV for `rapport ope`."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """How the selector fares among customers whose wishes are known, beside simple rules and an oracle.

    The world is invented: it can tell which of two ways of deciding is better, not what either would bring.

    Example: `rapport simulate grocery --seeds 2`
    """
    from jobs import simulate as inventing
    from jobs.simulate import scenario as scenarios

    given = scenarios.of(scenario)
    if log is not None:
        return _log(given, first_seed, log, as_json)
    with out.stages(shown=not as_json) as say:
        rows = inventing.run(given, range(first_seed, first_seed + seeds), say=say)
    if as_json:
        out.document({"policies": [row.document() for row in rows]})
    else:
        last = first_seed + seeds - 1
        _tell(rows, f"{given.name}, seed {last}" if seeds == 1 else f"{given.name}, seeds {first_seed} to {last}")
    return 0


def _log(given: Scenario, seed: int, file: Path, as_json: bool) -> int:
    from jobs.simulate.logs import Eve

    with out.stages(shown=not as_json) as say:
        say(f"seed {seed}: {given.burn_in} days of burn-in, then the selector", 0, 1)
        day = Eve.of(given, seed).logged()
    rows = day.write(file)
    if as_json:
        out.document({"log": str(file), "rows": rows})
    else:
        click.echo(f"{rows:,} rows of day {day.eve.world.day} in {file}")
    return 0


def _tell(rows: list[Row], title: str) -> None:
    names = ("policy", "% of oracle", "s.e.", "opt-outs %", "unwanted a customer-year", "margin a customer-month")
    out.table(names, [_cells(row) for row in rows], title)


def _cells(row: Row) -> tuple[object, ...]:
    share, se = (None if one is None else round(100 * one, 1) for one in (row.share, row.se))
    return row.policy, share, se, round(row.opt_outs, 1), round(row.unwanted, 2), round(row.margin, 2)
