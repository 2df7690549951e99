"""Releases: the sets of operating system images that devices may run, by digest.

A release is a whole set. A device must run exactly the images of one release: not one fewer, not
one more, and none taken from another release.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from . import queries
from .core import Operator, Service
from .database import RELEASE_COMPONENTS, RELEASES
from .evidence import Component
from .refusals import Conflict, Forbidden, Missing, Unprocessable
from .tokens import require_administrator


def create(
    service: Service, operator: Operator, name: str, components: Sequence[tuple[int, str, int]]
) -> dict[str, object]:
    """Devices that run these images are trusted from now on. `components` is (image type, SHA-256 in
    hex, lowest security version) of each."""
    require_administrator(operator)
    if len({kind for kind, _, _ in components}) != len(components):
        raise Unprocessable("release-ambiguous", "an image type is there twice")
    try:
        with service.database.write() as tx:
            tx.execute(RELEASES.insert().values(name=name, is_withdrawn=False, created=service.now()))
            for kind, sha256, version in components:
                values = {"release": name, "type": kind, "sha256": sha256, "version": version}
                tx.execute(RELEASE_COMPONENTS.insert().values(values))
    except IntegrityError:
        raise Conflict("release-exists", "there is a release of this name") from None
    return {"name": name, "components": len(components)}


def withdraw(service: Service, operator: Operator, name: str, is_withdrawn: bool) -> dict[str, object]:
    """Devices that run this release are (or are no longer) refused; the release stays known, so that
    they are told why."""
    require_administrator(operator)
    with service.database.write() as tx:
        changed = tx.execute(
            update(RELEASES).where(RELEASES.c.name == name).values(is_withdrawn=is_withdrawn)
        )
        if changed.rowcount == 0:
            raise Missing("release-unknown", "there is no such release")
    return {"name": name, "is_withdrawn": is_withdrawn}


def remove(service: Service, operator: Operator, name: str) -> None:
    require_administrator(operator)
    with service.database.write() as tx:
        tx.execute(delete(RELEASE_COMPONENTS).where(RELEASE_COMPONENTS.c.release == name))
        if tx.execute(delete(RELEASES).where(RELEASES.c.name == name)).rowcount == 0:
            raise Missing("release-unknown", "there is no such release")


def list_all(service: Service, operator: Operator) -> list[dict[str, object]]:
    """Every release with its components; operators of catalogs may look too."""
    with service.database.read() as tx:
        parts = tx.execute(select(RELEASE_COMPONENTS).order_by(RELEASE_COMPONENTS.c.type)).all()
        found = tx.execute(select(RELEASES).order_by(RELEASES.c.created)).all()
    return [
        {
            **row._mapping,
            "components": [
                {"type": part.type, "sha256": part.sha256, "version": part.version}
                for part in parts
                if part.release == row.name
            ],
        }
        for row in found
    ]


def appraise(tx: Connection, components: Sequence[Component]) -> str:
    """The name of the release these measured components are, exactly. Raises Forbidden."""
    if len({part.type for part in components}) != len(components):
        raise Forbidden("measurement-repeated", "an image type was measured twice", "reset the device")
    measured = {(part.type, part.sha256): part.version for part in components}
    known: dict[str, dict[tuple[int, str], int]] = {}
    withdrawn = set()
    for row in tx.execute(queries.CANDIDATES, {"digests": [part.sha256 for part in components]}):
        known.setdefault(row.release, {})[row.type, row.sha256] = row.version
        if row.is_withdrawn:
            withdrawn.add(row.release)
    unknown = [key for key in measured if not any(key in parts for parts in known.values())]
    if unknown or not measured:
        what = "type {}, SHA-256 {}".format(*unknown[0]) if unknown else "nothing"
        raise Forbidden("measurement-unknown", "what booted is of no release: " + what, "recover the device")
    whole = {name: parts for name, parts in known.items() if parts.keys() == measured.keys()}
    if not whole:
        raise Forbidden(
            "measurements-incomplete", "what booted is not one whole release", "update the device"
        )
    return _newest_lawful(measured, whole, withdrawn)


def _newest_lawful(
    measured: dict[tuple[int, str], int], whole: dict[str, dict[tuple[int, str], int]], withdrawn: set[str]
) -> str:
    """The first of the `whole` releases that is neither withdrawn nor of higher security versions."""
    standing = [name for name in whole if name not in withdrawn]
    if not standing:
        reason = "release " + next(iter(whole)) + " was withdrawn"
        raise Forbidden("release-withdrawn", reason, "update the device")
    for name in standing:
        if all(measured[key] >= version for key, version in whole[name].items()):
            return name
    raise Forbidden("version-old", "an image's security version is below its release's", "update the device")
