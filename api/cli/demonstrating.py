"""``rapport demo``: a month of real shopping, lived and scored, then served."""

from __future__ import annotations

from typing import Annotated

import click
import typer

from engine.config import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the report.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
) -> None:
    """Import The Complete Journey, train, live December 2017 day by day, print the report, serve API and console.

    Example: `rapport demo --no-serve`
    """
    from jobs import demo as demonstration

    settings = demonstration.settings(Settings.from_env())
    demonstration.run(settings)
    if no_serve:
        return
    _serve(settings, port)


def _serve(settings: Settings, port: int) -> None:
    from api import server
    from api.auth import keys
    from api.auth.caller import Scope
    from api.cli.here import opened

    database = opened(settings)
    made = keys.create_key(database, Scope.OPERATOR, name="demo")
    database.close()
    from jobs import demo as demonstration

    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nconsole        {url}/console   (the key below opens it)")
    click.echo(f"documentation  {url}/docs")
    click.echo(f"key            {made.key}\n\n{demonstration.curl(settings, url, made.key)}\n\nCtrl-C ends it.")
    server.serve(settings, "127.0.0.1", port, 1)
