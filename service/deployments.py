"""Deployments: which images a group of devices is to run. The latest deployment is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # SQLAlchemy's name for a row of any columns

from sqlalchemy import Connection, Row, select

from .catalogs import within
from .core import Operator, Service
from .database import DEPLOYMENTS, DEVICES, GROUPS, IMAGES
from .refusals import Missing, Unprocessable


def create(service: Service, operator: Operator, group: str, images: Sequence[str]) -> dict[str, object]:
    """The group's devices are to have exactly these images (which may be none) from now on.

    Raises Missing for a group or an image that is not in the same catalog, Unprocessable for two
    images of one component.
    """
    with service.database.write() as tx:
        target = tx.execute(select(GROUPS).where(GROUPS.c.id == group, within(GROUPS, operator))).first()
        if target is None:
            raise Missing("group-unknown", "there is no such group", "create it first")
        found = [_image(tx, target.catalog, image) for image in images]
        if len({row.component for row in found}) != len(found):
            raise Unprocessable("deployment-ambiguous", "two images are of the same component", "name one")
        row: dict[str, object] = {
            "id": service.new_id(), "catalog": target.catalog, "group": group,
            "images": " ".join(images), "created": service.now(),
        }  # fmt: skip
        tx.execute(DEPLOYMENTS.insert().values(row))
    return {**row, "images": list(images)}


def list_all(service: Service, operator: Operator, group: str | None) -> list[dict[str, object]]:
    """Deployments, the latest first."""
    query = select(DEPLOYMENTS).where(within(DEPLOYMENTS, operator)).order_by(DEPLOYMENTS.c.at.desc())
    if group is not None:
        query = query.where(DEPLOYMENTS.c.group == group)
    with service.database.read() as tx:
        found = tx.execute(query.limit(1000)).all()
    return [
        {
            "id": row.id,
            "catalog": row.catalog,
            "group": row.group,
            "images": row.images.split(),
            "created": row.created,
        }
        for row in found
    ]


def wanted(service: Service, device: str) -> list[dict[str, object]]:
    """Every image the device is to have, in the order they were deployed."""
    fields = ("component", "image", "length", "sha256", "name", "security_version")
    with service.database.read() as tx:
        return [{name: row._mapping[name] for name in fields} for row in _of_device(tx, device)]


def blob_of(service: Service, device: str, image: str) -> tuple[str, int]:
    """(blob name, length) of an image the device is to have. Raises Missing for any other image."""
    with service.database.read() as tx:
        for row in _of_device(tx, device):
            if row.image == image:
                return row.sha256, row.length
    raise Missing("image-unknown", "no such image is deployed to this device")


def _of_device(tx: Connection, device: str) -> list[Row[Any]]:
    where = DEVICES.c.id == device
    query = select(DEPLOYMENTS).join(DEVICES, DEVICES.c.group == DEPLOYMENTS.c.group).where(where)
    latest = tx.execute(query.order_by(DEPLOYMENTS.c.at.desc()).limit(1)).first()
    return [] if latest is None else [_image(tx, latest.catalog, image) for image in latest.images.split()]


def _image(tx: Connection, catalog: str, image: str) -> Row[Any]:
    row = tx.execute(select(IMAGES).where(IMAGES.c.catalog == catalog, IMAGES.c.image == image)).first()
    if row is None:
        raise Missing("image-unknown", "there is no image " + image + " in the catalog", "upload it first")
    return row
