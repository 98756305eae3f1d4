"""``rapport modes policy`` and ``rapport modes fit``: the shop's parameters, and what its own data say of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import click
import typer

from api.cli import out
from api.cli.out import AsJson
from engine.config import File, Settings
from engine.errors import InputError


def show_policy(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Check this file instead.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="The defaults with a word on each, to begin a file of your own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a shop's decisions are made under, complete: check a file, and see what it leads to.

    Example: `rapport modes policy policy.yaml`
    """
    from modes import parameters
    from modes.policy import Policy

    if example and (file is not None or as_json):
        raise InputError.of("--example", "neither a FILE nor --json beside it", str(file or "--json"))
    if example:
        from jobs.fitting import SHIPPED

        return click.echo(SHIPPED.read_text(encoding="utf-8"), nl=False)
    settings = Settings.from_env()
    settings = settings if file is None else replace(settings, policy=File.of(file, "FILE"))
    found, given = Policy.of(settings), settings.policy
    if as_json:
        return out.document({"file": None if given is None else str(given), "policy": parameters.told(found)})
    click.echo(f"# {'the defaults: there is no file' if given is None else given}")
    click.echo(parameters.written(found), nl=False)
