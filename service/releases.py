"""Releases: the sets of operating system images that devices may run, by digest.

A release is a whole set. A device must run exactly the images of one release: not one fewer, not
one more, and none taken from another release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # SQLAlchemy's name for a row of any columns

from sqlalchemy import Connection, Select, delete, select, update
from sqlalchemy.exc import IntegrityError

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
    measured = {(part.type, part.sha256): part for part in components}
    known: dict[str, dict[tuple[int, str], int]] = {}
    for row in tx.execute(_candidates(components)):
        known.setdefault(row.release, {})[row.type, row.sha256] = row.version
    unknown = [part for key, part in measured.items() if not any(key in parts for parts in known.values())]
    if unknown or not measured:
        what = "type " + str(unknown[0].type) + ", SHA-256 " + unknown[0].sha256 if unknown else "nothing"
        raise Forbidden("measurement-unknown", "what booted is of no release: " + what, "recover the device")
    whole = [name for name, parts in known.items() if parts.keys() == measured.keys()]
    if not whole:
        raise Forbidden(
            "measurements-incomplete", "what booted is not one whole release", "update the device"
        )
    return _newest_lawful(tx, measured, {name: known[name] for name in whole})


def _candidates(components: Sequence[Component]) -> Select[Any]:
    """Every component of the releases that hold any of the measured digests."""
    digests = [part.sha256 for part in components]
    touched = select(RELEASE_COMPONENTS.c.release).where(RELEASE_COMPONENTS.c.sha256.in_(digests))
    return select(RELEASE_COMPONENTS).where(RELEASE_COMPONENTS.c.release.in_(touched))


def _newest_lawful(
    tx: Connection, measured: dict[tuple[int, str], Component], whole: dict[str, dict[tuple[int, str], int]]
) -> str:
    rows = tx.execute(
        select(RELEASES).where(RELEASES.c.name.in_(whole)).order_by(RELEASES.c.created.desc())
    ).all()
    standing = [row.name for row in rows if not row.is_withdrawn]
    if not standing:
        raise Forbidden(
            "release-withdrawn", "release " + rows[0].name + " was withdrawn", "update the device"
        )
    for name in standing:
        if all(measured[key].version >= version for key, version in whole[name].items()):
            return str(name)
    raise Forbidden("version-old", "an image's security version is below its release's", "update the device")
