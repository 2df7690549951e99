"""Reports: what devices say went wrong, and what the service noticed about them.

Both are in one list, so an operator sees a refused attestation beside the crash that led to it. A
device's list is bounded: the oldest give way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # the detail of a report is any JSON object

import msgspec
from sqlalchemy import Connection, delete, func, select

from .catalogs import within
from .core import Operator, Service
from .database import DEVICES, REPORTS
from .refusals import TooLarge

MOST_IN_ONE = 100
MOST_DETAIL = 2048  # bytes of JSON
MOST_OF_CRASH = 8192  # of a crash, which may have a post-mortem
MOST_KEPT = 5000  # of one device in one catalog
MOST_SHOWN = 500
NOTICED = "attestation"  # the kind of a report the service made itself


def accept(service: Service, device: str, reports: Sequence[tuple[str, int, str, dict[str, Any], str | None]]) -> int:
    """Keep reports (kind, Unix milliseconds, component or empty, detail, the device's id for it) of a device; their number.

    All or none are kept. One whose id is known was sent before by a device that did not hear the answer: it is
    taken, and not kept twice. Raises TooLarge.
    """
    if len(reports) > MOST_IN_ONE:
        raise TooLarge("reports-many", "more than " + str(MOST_IN_ONE) + " reports", "send them in parts")
    encoded = [
        (kind, time, component, msgspec.json.encode(detail).decode(), identity)
        for kind, time, component, detail, identity in reports
    ]
    for kind, _, _, detail, _ in encoded:
        most = MOST_OF_CRASH if kind == "crash" else MOST_DETAIL
        if len(detail.encode()) > most:
            raise TooLarge("report-large", "the detail of a " + kind + " has more than " + str(most) + " bytes of JSON")
    with service.database.write() as tx:
        catalog = tx.execute(select(DEVICES.c.catalog).where(DEVICES.c.id == device)).scalar_one()
        for kind, time, component, detail, identity in encoded:
            if identity is None or not _is_known(tx, device, identity):
                _keep(tx, service, device, catalog, kind, time, component, detail, identity)
        _forget_oldest(tx, device, catalog)
    return len(encoded)


def notice(tx: Connection, service: Service, device: str, catalog: str, detail: dict[str, str]) -> None:
    """Add what the service itself noticed about a device."""
    text = msgspec.json.encode(detail).decode()
    _keep(tx, service, device, catalog, NOTICED, service.now() * 1000, "", text)
    _forget_oldest(tx, device, catalog)


def list_all(
    service: Service, operator: Operator, device: str | None, kind: str | None, before: int | None, limit: int
) -> dict[str, object]:
    """Reports, the latest first; `next`, where there are more, is the `before` of the next page."""
    query = select(REPORTS).where(within(REPORTS, operator)).order_by(REPORTS.c.at.desc())
    for column, value in ((REPORTS.c.device, device), (REPORTS.c.kind, kind)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(REPORTS.c.at < before)
    limit = min(limit, MOST_SHOWN)
    with service.database.read() as tx:
        found = [dict(row._mapping) for row in tx.execute(query.limit(limit + 1))]
    for row in found:
        row["detail"] = msgspec.json.decode(row["detail"])
    return {"reports": found[:limit], "next": found[limit - 1]["at"] if len(found) > limit else None}


def _is_known(tx: Connection, device: str, identity: str) -> bool:
    found = select(REPORTS.c.at).where(REPORTS.c.device == device, REPORTS.c.id == identity)
    return tx.execute(found).first() is not None


def _keep(
    tx: Connection,
    service: Service,
    device: str,
    catalog: str,
    kind: str,
    time: int,
    component: str,
    detail: str,
    identity: str | None = None,
) -> None:
    tx.execute(
        REPORTS.insert().values(
            device=device, catalog=catalog, kind=kind, time=time, received=service.now(),
            component=component, detail=detail, id=identity,
        )
    )  # fmt: skip


def _forget_oldest(tx: Connection, device: str, catalog: str) -> None:
    mine = (REPORTS.c.device == device, REPORTS.c.catalog == catalog)
    excess = tx.execute(select(func.count()).where(*mine)).scalar_one() - MOST_KEPT
    if excess > 0:
        oldest = select(REPORTS.c.at).where(*mine).order_by(REPORTS.c.at).limit(excess)
        tx.execute(delete(REPORTS).where(REPORTS.c.at.in_(oldest)))
