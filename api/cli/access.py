"""``rapport keys``: keys for backends and operators, tokens for customers."""

from __future__ import annotations

from typing import Annotated

import click
import typer

from api.cli import out
from api.cli.here import opened
from api.cli.out import AsJson
from engine.config import Settings
from engine.domain.values import parse_id
from engine.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="API keys and customers' tokens.", no_args_is_help=True)
    keys.command("create")(create)
    keys.command("list")(show)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="keys")


def create(
    scope: Annotated[str | None, typer.Option(help="backend, or operator (which includes backend).")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Make a token for this customer's app.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is for, shown in the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key or a customer's token; it is shown this once.

    Example: `rapport keys create --scope backend`
    """
    from api.auth import keys
    from api.auth.caller import Scope

    if (scope is None) == (customer is None):
        raise InputError.of("--scope", "either --scope backend|operator or --customer ID", scope)
    if scope not in (None, "backend", "operator"):
        raise InputError.of("--scope", "backend or operator", scope)
    settings = Settings.from_env()
    database = opened(settings)
    if customer is not None:
        made = keys.create_token(database, settings, parse_id(customer, "--customer"), name=name)
    else:
        made = keys.create_key(database, Scope(scope), name=name)
    if as_json:
        return out.document({"id": made.id, "key": made.key})
    click.echo(f"id   {made.id}\nkey  {made.key}\nIt is not shown again.")


def show(as_json: AsJson = False) -> None:
    """All keys and tokens ever made; never the keys themselves.

    Example: `rapport keys list`
    """
    from api.auth import keys

    rows = [
        {
            "id": key.key_id,
            "scope": key.scope,
            "customer_id": key.customer_id,
            "name": key.name,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
        }
        for key in keys.list_keys(opened(Settings.from_env()))
    ]
    if as_json:
        return out.document({"keys": rows})
    names = ("id", "scope", "customer_id", "name", "created_at", "expires_at", "revoked_at")
    out.table(names, [[row[name] for name in names] for row in rows])


def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """End a key or token at once.

    Example: `rapport keys revoke 3f6c...`
    """
    from api.auth import keys

    keys.revoke(opened(Settings.from_env()), key_id)
    if as_json:
        return out.document({"id": key_id, "revoked": True})
    click.echo(f"{key_id} is revoked")
