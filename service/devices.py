"""Devices: claiming, moving, revoking, and releasing them again.

A device is named by its public key (X||Y, 128 hex digits). Unlike Azure Sphere, a claim can be
undone; what a former owner gathered stays with the former owner.
"""

from __future__ import annotations

import hashlib
from typing import Any  # SQLAlchemy's name for a row of any columns

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from . import evidence
from .catalogs import within
from .core import Operator, Service
from .database import BOOTS, CERTIFICATES, DEVICES, GROUPS, REPORTS, VERDICTS
from .refusals import Conflict, Missing, Unprocessable

ACTIVE, REVOKED, QUARANTINED = "active", "revoked", "quarantined"
UNPROVEN = "device-unproven"  # the error of evidence in a device's name that it did not sign

# What an operator may make of a device in each state. Quarantine is the service's own doing.
NEXT = {
    (ACTIVE, REVOKED): REVOKED,
    (REVOKED, ACTIVE): ACTIVE,
    (QUARANTINED, ACTIVE): ACTIVE,
    (QUARANTINED, REVOKED): REVOKED,
    (ACTIVE, ACTIVE): ACTIVE,
    (REVOKED, REVOKED): REVOKED,
}


def key_id(device: str) -> str:
    """How evidence names the device: SHA-256 of its public key, hex."""
    return hashlib.sha256(bytes.fromhex(device)).hexdigest()


def claim(service: Service, operator: Operator, device: str, group: str) -> dict[str, object]:
    """The device belongs to the group's catalog, until it is unclaimed.

    Raises Conflict if it is claimed, by whomever; Unprocessable if the id is not a key.
    """
    try:
        evidence.load_key(bytes.fromhex(device))
    except evidence.BadEvidence:
        raise Unprocessable("device-invalid", "the device id is not a point of P-256") from None
    try:
        with service.database.write() as tx:
            row: dict[str, object] = {
                "id": device, "key_id": key_id(device), "catalog": _group(tx, operator, group).catalog,
                "group": group, "state": ACTIVE, "claimed": service.now(),
            }  # fmt: skip
            tx.execute(DEVICES.insert().values(row))
    except IntegrityError:
        raise Conflict(
            "device-claimed", "the device is claimed already", "its owner can unclaim it"
        ) from None
    return row


def unclaim(service: Service, operator: Operator, device: str) -> None:
    """The device belongs to nobody; its certificates open nothing from the next request on."""
    with service.database.write() as tx:
        find(tx, operator, device)
        tx.execute(delete(CERTIFICATES).where(CERTIFICATES.c.device == device))
        tx.execute(delete(DEVICES).where(DEVICES.c.id == device))


def change(
    service: Service, operator: Operator, device: str, group: str | None, state: str | None
) -> dict[str, object]:
    """Move the device to another group of its catalog, or change its state as NEXT allows."""
    with service.database.write() as tx:
        row = find(tx, operator, device)
        new = {"group": group or row.group, "state": state or row.state}
        if group is not None and _group(tx, operator, group).catalog != row.catalog:
            raise Missing("group-unknown", "there is no such group in the device's catalog")
        if state is not None and (row.state, state) not in NEXT:
            raise Conflict("state-unlawful", "a device that is " + row.state + " cannot become " + state)
        tx.execute(update(DEVICES).where(DEVICES.c.id == device).values(new))
        if row.state == QUARANTINED and new["state"] == ACTIVE:
            tx.execute(delete(BOOTS).where(BOOTS.c.device == device))  # judged anew from its next boot
        return {**row._mapping, **new}


def show(service: Service, operator: Operator, device: str) -> dict[str, object]:
    """A device with its last verdict, the end of its newest certificate, how much it reported, and
    how often somebody else attested in its name (up to a bound)."""
    with service.database.read() as tx:
        row = find(tx, operator, device)
        owned = (VERDICTS.c.device == device) & (VERDICTS.c.catalog == row.catalog)
        proven = owned & (VERDICTS.c.error != UNPROVEN)
        strangers = tx.execute(
            select(func.count()).where(owned & (VERDICTS.c.error == UNPROVEN))
        ).scalar_one()
        verdict = tx.execute(select(VERDICTS).where(proven).order_by(VERDICTS.c.at.desc()).limit(1)).first()
        own = (CERTIFICATES.c.device == device, CERTIFICATES.c.tenant == "")
        expiry = tx.execute(select(func.max(CERTIFICATES.c.not_after)).where(*own)).scalar_one()
        mine = (REPORTS.c.device == device, REPORTS.c.catalog == row.catalog)
        count = tx.execute(select(func.count()).where(*mine)).scalar_one()
    last = None if verdict is None else {name: verdict._mapping[name] for name in VERDICT_FIELDS}
    return {
        **row._mapping,
        "attestation": last,
        "strangers": strangers,
        "certificate_not_after": expiry,
        "reports": count,
    }


def list_all(service: Service, operator: Operator, group: str | None) -> list[dict[str, object]]:
    """The operator's devices, all or those of one group."""
    query = select(DEVICES).where(within(DEVICES, operator)).order_by(DEVICES.c.claimed, DEVICES.c.id)
    if group is not None:
        query = query.where(DEVICES.c.group == group)
    with service.database.read() as tx:
        return [dict(row._mapping) for row in tx.execute(query)]


def certificates_of(service: Service, operator: Operator, device: str) -> list[dict[str, object]]:
    """The certificates of a device that have not ended: serial, tenant ("" for its own), not_after and
    PEM, the newest first."""
    with service.database.read() as tx:
        row = find(tx, operator, device)
        mine = (CERTIFICATES.c.device == device) & (CERTIFICATES.c.catalog == row.catalog)
        newest = CERTIFICATES.c.not_after.desc()
        return [dict(each._mapping) for each in tx.execute(select(CERTIFICATES).where(mine).order_by(newest))]


def verdicts(service: Service, operator: Operator, device: str | None) -> list[dict[str, object]]:
    """The latest verdicts on the operator's devices; the administrator also sees those on strangers."""
    query = (
        select(VERDICTS).where(within(VERDICTS, operator)).order_by(VERDICTS.c.at.desc()).limit(MOST_SHOWN)
    )
    if device is not None:
        query = query.where(VERDICTS.c.device == device)
    with service.database.read() as tx:
        return [dict(row._mapping) for row in tx.execute(query)]


MOST_SHOWN = 500
VERDICT_FIELDS = ("time", "is_accepted", "error", "reason", "release")


def find(tx: Connection, operator: Operator, device: str) -> Row[Any]:
    """The device, if it is the operator's. Raises Missing."""
    row = tx.execute(select(DEVICES).where(DEVICES.c.id == device, within(DEVICES, operator))).first()
    if row is None:
        raise Missing("device-unknown", "there is no such device", "claim it first")
    return row


def _group(tx: Connection, operator: Operator, group: str) -> Row[Any]:
    row = tx.execute(select(GROUPS).where(GROUPS.c.id == group, within(GROUPS, operator))).first()
    if row is None:
        raise Missing("group-unknown", "there is no such group", "create it first")
    return row
