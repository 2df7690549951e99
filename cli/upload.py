"""`armillary image upload|list|delete`: the service's store of images."""

from __future__ import annotations

from pathlib import Path

import click

from .base import Command, Problem
from .fleet import find, find_image
from .image import FILE, read_package
from .link import operator, service_options
from .output import date, progress, show_result, show_rows
from .places import Places


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.option("--catalog", metavar="CATALOG", help="Its catalog, by name or id.")
@service_options
@click.pass_obj
def upload(places: Places, file: Path, catalog: str | None, service: str | None, root: Path | None) -> None:
    """Give an app's package to the service, which takes it only signed with a key of the catalog."""
    with operator(places, service, root) as client, progress(f"uploading {file}"):
        row = client.upload(read_package(file), find("catalog", client.catalogs(), catalog))
    show_result(row, f"uploaded {row['name']}, security version {row['security_version']}, {row['length']} bytes\nimage {row['image']}")


@click.command("list", cls=Command)
@service_options
@click.pass_obj
def list_images(places: Places, service: str | None, root: Path | None) -> None:
    """List the images that the service has."""
    with operator(places, service, root) as client:
        rows = client.images()
    show_rows(rows, [
        ("name", "name"), ("version", "security_version"), ("image", "image"), ("bytes", "length"),
        ("uploaded", lambda row: date(row["uploaded"])),
    ], "no images: upload one with 'armillary image upload FILE'")  # fmt: skip


@click.command(cls=Command)
@click.argument("image")
@click.option("--catalog", metavar="CATALOG", help="Its catalog, by name or id.")
@service_options
@click.pass_obj
def delete(places: Places, image: str, catalog: str | None, service: str | None, root: Path | None) -> None:
    """Have the service forget an image that no deployment names. IMAGE is an id, or a name that only one has."""
    with operator(places, service, root) as client:
        target = find("catalog", client.catalogs(), catalog)
        known = [row for row in client.images() if row["catalog"] == target]
        if len([row for row in known if row["name"] == image]) > 1:
            raise Problem(f"there is more than one image named {image!r}", "name its id ('armillary image list')")
        found = find_image(known, image)
        client.remove_image(found, target)
    show_result({"image": found, "state": "deleted"}, f"the service forgot {found}")
