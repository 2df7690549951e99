"""`armillary token`: who may ask the service for what."""

from __future__ import annotations

from pathlib import Path

import click

from .base import Group
from .fleet import find
from .link import TOKEN, operator, service_options
from .output import date, say, show_result, show_rows
from .places import Places


@click.group(cls=Group)
def token() -> None:
    """Tokens: who may ask the service for what. The service keeps only their hashes."""


@token.command()
@click.argument("name")
@click.option("--catalog", metavar="CATALOG", help="It opens this catalog alone (by name or id).")
@click.option("--administrator", is_flag=True, help="It opens everything.")
@service_options
@click.pass_obj
def create(places: Places, name: str, catalog: str | None, administrator: bool, service: str | None, root: Path | None) -> None:
    """Make a token. It is printed this once; NAME is for telling it from others."""
    if (catalog is None) != administrator:
        raise click.UsageError("give one of --catalog and --administrator")
    with operator(places, service, root) as client:
        row = client.create_token(name, find("catalog", client.catalogs(), catalog) if catalog else None)
    show_result(row, row["token"])
    say(f"keep it secret; whoever sets {TOKEN} to it may act. Its id is {row['id']}")


@token.command("list")
@service_options
@click.pass_obj
def list_tokens(places: Places, service: str | None, root: Path | None) -> None:
    """List the tokens: their ids and names, never the tokens themselves."""
    with operator(places, service, root) as client:
        rows = client.tokens()
        catalogs = {row["id"]: row["name"] for row in client.catalogs()}
    show_rows(rows, [
        ("id", "id"), ("name", "name"), ("opens", lambda row: catalogs.get(row["catalog"], row["catalog"]) or "everything"),
        ("created", lambda row: date(row["created"])),
    ], "no tokens")  # fmt: skip


@token.command()
@click.argument("token_id", metavar="ID")
@service_options
@click.pass_obj
def revoke(places: Places, token_id: str, service: str | None, root: Path | None) -> None:
    """Have the service forget a token, given by its id."""
    with operator(places, service, root) as client:
        client.revoke_token(token_id)
    show_result({"id": token_id, "state": "revoked"}, f"token {token_id} opens nothing any more")
