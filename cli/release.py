"""`armillary release`: the operating systems that the service trusts, by what devices measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .base import Group
from .device import read_made
from .link import operator, read_root, service_options
from .output import date, progress, show_result, show_rows
from .places import Places
from .system import make_system


@click.group(cls=Group)
def release() -> None:
    """Releases: the operating systems that devices may attest to. Only the administrator makes them."""


@release.command()
@click.argument("name")
@click.option("--from-device", metavar="NAME", help="The operating system that this device was made with.")
@click.option("--system", is_flag=True, help="The operating system that 'device create' would pack now.")
@click.option("--hybrid", is_flag=True, help="With --system: as 'device create --hybrid' would sign it.")
@service_options
@click.pass_obj
def create(
    places: Places, name: str, from_device: str | None, system: bool, hybrid: bool, service: str | None, root: Path | None
) -> None:  # fmt: skip
    """Trust devices that run exactly these images, from now on."""
    if (from_device is None) != system:
        raise click.UsageError("give one of --from-device and --system")
    if hybrid and not system:
        raise click.UsageError("--hybrid goes with --system")
    if from_device is not None:
        components = read_made(places.device(from_device))["components"]
    else:
        components = components_now(places, root, hybrid)
    with operator(places, service, root) as client:
        row = client.create_release(name, components)
    show_result({**row, "parts": components}, f"made release {name} of {row['components']} images")


def components_now(places: Places, root: Path | None, hybrid: bool = False) -> list[dict[str, Any]]:
    """What a device made now would measure: {"type", "sha256", "version"} of each image."""
    from armillary.boards.keys import Vendor

    with progress("packing the operating system"):
        return make_system(Vendor.open(places.keys, places.ledger if hybrid else None), {"service": read_root(places, root).encode()}).components()


@release.command("list")
@service_options
@click.pass_obj
def list_releases(places: Places, service: str | None, root: Path | None) -> None:
    """List the releases."""
    with operator(places, service, root) as client:
        rows = client.releases()
    show_rows(rows, [
        ("name", "name"), ("created", lambda row: date(row["created"])), ("withdrawn", "is_withdrawn"),
        ("images", lambda row: len(row["components"])),
    ], "no releases")  # fmt: skip


@release.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Trust it again.")
@service_options
@click.pass_obj
def withdraw(places: Places, name: str, undo: bool, service: str | None, root: Path | None) -> None:
    """Trust a release no more: devices that run it are refused, and told why."""
    with operator(places, service, root) as client:
        row = client.withdraw_release(name, not undo)
    show_result(row, f"release {name} is {'trusted again' if undo else 'withdrawn'}")
