"""The statements that every attestation runs, built once: to build one costs more than to run it."""

from __future__ import annotations

from typing import Any  # SQLAlchemy's name for columns of any type

from sqlalchemy import Column, ColumnElement, Delete, Table, bindparam, delete, select, update

from .database import (
    BOOTS,
    CERTIFICATES,
    DEVICES,
    GROUPS,
    RELEASE_COMPONENTS,
    RELEASES,
    SPENT,
    TENANTS,
    VERDICTS,
)
from .devices import QUARANTINED, UNPROVEN

MOST_BOOTS = 256  # boot seeds remembered of one device
MOST_VERDICTS = 1000  # remembered of one device
MOST_STRANGERS = 100  # refusals remembered of evidence in a device's name that it did not sign


def _of(column: Column[Any]) -> ColumnElement[bool]:
    """The rows whose `column` is the parameter of its name with `_is` behind it."""
    return column == bindparam(column.name + "_is")


def _keep_newest(table: Table, which: ColumnElement[bool], most: int) -> Delete:
    """Of the rows that `which` selects, all but those with the `most` highest values of `at`."""
    at = table.c.at
    oldest_kept = select(at).where(which).order_by(at.desc()).offset(most - 1).limit(1).scalar_subquery()
    return delete(table).where(which, at < oldest_kept)


_KNOWN = select(DEVICES, GROUPS.c.is_development).join(GROUPS, GROUPS.c.id == DEVICES.c.group)
KNOWN_BY_KEY = _KNOWN.where(_of(DEVICES.c.key_id))
KNOWN_BY_ID = _KNOWN.where(_of(DEVICES.c.id))
QUARANTINE = update(DEVICES).where(_of(DEVICES.c.id)).values(state=QUARANTINED)

FORGET_SPENT = delete(SPENT).where(SPENT.c.expires < bindparam("now"))
SPENT_BY = select(SPENT.c.nonce).where(_of(SPENT.c.device))
SPEND = SPENT.insert()

NEWEST_BOOT = select(BOOTS.c.seed).where(_of(BOOTS.c.device)).order_by(BOOTS.c.at.desc()).limit(1)
ADD_BOOT = BOOTS.insert()
KEEP_BOOTS = _keep_newest(BOOTS, _of(BOOTS.c.device), MOST_BOOTS)

# Every component of the releases that hold any of the measured digests, the newest release first.
_TOUCHED = select(RELEASE_COMPONENTS.c.release).where(
    RELEASE_COMPONENTS.c.sha256.in_(bindparam("digests", expanding=True))
)
CANDIDATES = (
    select(RELEASE_COMPONENTS, RELEASES.c.is_withdrawn)
    .join(RELEASES, RELEASES.c.name == RELEASE_COMPONENTS.c.release)
    .where(RELEASE_COMPONENTS.c.release.in_(_TOUCHED))
    .order_by(RELEASES.c.created.desc(), RELEASES.c.name)
)

TENANT = select(TENANTS.c.id).where(_of(TENANTS.c.id), _of(TENANTS.c.catalog))
FORGET_CERTIFICATES = delete(CERTIFICATES).where(
    _of(CERTIFICATES.c.device), CERTIFICATES.c.not_after < bindparam("now")
)
ADD_CERTIFICATE = CERTIFICATES.insert()

ADD_VERDICT = VERDICTS.insert()
KEEP_VERDICTS = _keep_newest(VERDICTS, _of(VERDICTS.c.device) & (VERDICTS.c.error != UNPROVEN), MOST_VERDICTS)
KEEP_STRANGERS = _keep_newest(
    VERDICTS, _of(VERDICTS.c.device) & (VERDICTS.c.error == UNPROVEN), MOST_STRANGERS
)
