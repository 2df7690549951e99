"""`armillary catalog|product|group|deployment`: what belongs to whom, and what runs where.

The service knows all of these by id. People know them by name, so a name (or PRODUCT/GROUP for a group)
will do wherever it is the only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Group, Problem
from .link import operator, service_options
from .output import date, show_result, show_rows
from .places import Places

if TYPE_CHECKING:
    from armillary.service.client import OperatorClient, Row

DEFAULT = "default"


def find(what: str, rows: Sequence[Row], wanted: str | None) -> str:
    """The id of the row that `wanted` names by id or name; without it the only row, or "default". Raises Problem."""
    if wanted is None:
        by_default = [row for row in rows if row["name"] == DEFAULT]
        found = rows if len(rows) == 1 else by_default
    else:
        found = [row for row in rows if wanted in (row["id"], row["name"])]
    if len(found) == 1:
        return str(found[0]["id"])
    known = ", ".join(sorted({row["name"] for row in rows})) or "none"
    if not found and wanted is not None:
        raise Problem(f"there is no {what} {wanted!r}", f"use one of {known}, or make it with 'armillary {what} create'")
    if not rows:
        raise Problem(f"the service has no {what}", f"make one with 'armillary {what} create', or all of them with 'armillary service seed'")
    raise Problem(f"which {what} is not clear: there are {known}", f"name its id ('armillary {what} list')")


def find_group(client: OperatorClient, wanted: str | None) -> str:
    """The id of a group given as id, name, PRODUCT/NAME, or not at all. Raises Problem."""
    groups = client.groups()
    product, slash, name = (wanted or "").partition("/")
    if not slash:
        return find("group", groups, wanted)
    product = find("product", client.products(), product)
    return find("group", [row for row in groups if row["product"] == product], name)


@click.group(cls=Group)
def catalog() -> None:
    """Catalogs: whose devices and images they are. Only the administrator makes them."""


@catalog.command("create")
@click.argument("name")
@service_options
@click.pass_obj
def create_catalog(places: Places, name: str, service: str | None, root: Path | None) -> None:
    """Make a catalog, with an authority of its own for its devices' certificates."""
    with operator(places, service, root) as client:
        row = client.create_catalog(name)
    show_result(row, f"made catalog {name}, {row['id']}")


@catalog.command("list")
@service_options
@click.pass_obj
def list_catalogs(places: Places, service: str | None, root: Path | None) -> None:
    """List the catalogs that your token may see."""
    with operator(places, service, root) as client:
        rows = client.catalogs()
    show_rows(rows, [("name", "name"), ("id", "id"), ("created", lambda row: date(row["created"]))], "no catalogs")


@click.group(cls=Group)
def product() -> None:
    """Products: models of device in a catalog."""


@product.command("create")
@click.argument("name")
@click.option("--catalog", metavar="CATALOG", help="Its catalog, by name or id.")
@service_options
@click.pass_obj
def create_product(places: Places, name: str, catalog: str | None, service: str | None, root: Path | None) -> None:
    """Make a product."""
    with operator(places, service, root) as client:
        row = client.create_product(name, find("catalog", client.catalogs(), catalog))
    show_result(row, f"made product {name}, {row['id']}")


@product.command("list")
@service_options
@click.pass_obj
def list_products(places: Places, service: str | None, root: Path | None) -> None:
    """List the products."""
    with operator(places, service, root) as client:
        rows, catalogs = client.products(), _names(client.catalogs())
    show_rows(rows, [("name", "name"), ("id", "id"), ("catalog", lambda row: catalogs.get(row["catalog"], row["catalog"]))], "no products")


def _names(rows: Sequence[Row]) -> dict[str, str]:
    return {row["id"]: row["name"] for row in rows}


@click.group(cls=Group)
def group() -> None:
    """Groups: devices of a product that run the same images."""


@group.command("create")
@click.argument("name")
@click.option("--product", metavar="PRODUCT", help="Its product, by name or id.")
@click.option("--development", is_flag=True, help="Take devices that are in development too.")
@service_options
@click.pass_obj
def create_group(
    places: Places, name: str, product: str | None, development: bool, service: str | None, root: Path | None
) -> None:
    """Make a group."""
    with operator(places, service, root) as client:
        row = client.create_group(name, find("product", client.products(), product), development)
    show_result(row, f"made group {name}, {row['id']}")


@group.command("list")
@service_options
@click.pass_obj
def list_groups(places: Places, service: str | None, root: Path | None) -> None:
    """List the groups, and how many devices each has."""
    with operator(places, service, root) as client:
        products, devices = _names(client.products()), client.devices()
        rows = [{**row, "devices": sum(each["group"] == row["id"] for each in devices)} for row in client.groups()]
    show_rows(rows, [
        ("name", "name"), ("id", "id"), ("product", lambda row: products.get(row["product"], row["product"])),
        ("development", "is_development"), ("devices", "devices"),
    ], "no groups")  # fmt: skip


@click.group(cls=Group)
def deployment() -> None:
    """Deployments: which images a group of devices runs. The latest is in force."""


@deployment.command("create")
@click.argument("images", nargs=-1, metavar="IMAGE...")
@click.option("--group", metavar="GROUP", help="Its group: id, name or PRODUCT/NAME.")
@click.option("--empty", is_flag=True, help="Deploy no image at all: every app is removed.")
@service_options
@click.pass_obj
def create_deployment(
    places: Places, images: tuple[str, ...], group: str | None, empty: bool, service: str | None, root: Path | None
) -> None:
    """Have every device of a group run exactly these images from now on.

    IMAGE is an image id, or the name of an app, of which the latest upload is meant.
    """
    if bool(images) == empty:
        raise click.UsageError("name the images to run, or say --empty to remove every app")
    with operator(places, service, root) as client:
        target = find_group(client, group)
        catalog = next(row["catalog"] for row in client.groups() if row["id"] == target)
        known = [row for row in client.images() if row["catalog"] == catalog]
        row = client.deploy(target, [find_image(known, image) for image in images])
    names = {image["image"]: f"{image['name']} version {image['security_version']}" for image in known}
    what = ", ".join(names[image] for image in row["images"]) or "no app"
    show_result(row, f"the group's devices are to run {what}; they ask the service by themselves")


def find_image(rows: Sequence[Row], wanted: str) -> str:
    """The id of the image that `wanted` names by id, or by name (then the latest uploaded). Raises Problem."""
    found = [row for row in rows if wanted == row["image"]] or [row for row in rows if wanted == row["name"]]
    if not found:
        known = ", ".join(sorted({row["name"] for row in rows})) or "none"
        raise Problem(f"the service has no image {wanted!r} in this catalog: there are {known}", "upload it with 'armillary image upload FILE'")
    return str(max(found, key=lambda row: (row["uploaded"], row["security_version"]))["image"])


@deployment.command("list")
@click.option("--group", metavar="GROUP", help="Only those of this group.")
@service_options
@click.pass_obj
def list_deployments(places: Places, group: str | None, service: str | None, root: Path | None) -> None:
    """List the deployments, the latest first."""
    with operator(places, service, root) as client:
        rows: list[dict[str, Any]] = client.deployments(find_group(client, group) if group else None)
        groups, images = _names(client.groups()), {row["image"]: row["name"] for row in client.images()}
    show_rows(rows, [
        ("created", lambda row: date(row["created"])), ("group", lambda row: groups.get(row["group"], row["group"])),
        ("images", lambda row: [f"{images.get(image, '?')} {image}" for image in row["images"]] or "no app"), ("id", "id"),
    ], "no deployments")  # fmt: skip
