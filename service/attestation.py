"""Attestation: a device proves which device it is and what it booted, and gets a day's certificates.

A nonce is made, not stored: when it ends, random bytes, and a keyed hash of both with the device's
id. So asking for one costs the service nothing, is the same for devices that are claimed and for
ids that nobody owns, and cannot push out the nonce of the real device. What is stored is a nonce
spent, and only a device whose signature verified can spend one.

Checks, in order: the signature, by the key on record (an unknown device and a wrong signature are
one answer, so that nobody learns who is claimed); the device's state; the claims; the nonce; the
boot seed's lineage; the lifecycle; the measurements. Every verdict on a known device is recorded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any  # SQLAlchemy's name for a row of any columns

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from ..wire import guid
from . import certificates, evidence, queries, releases, reports
from .certificates import Leaf
from .core import Service
from .devices import ACTIVE, UNPROVEN
from .evidence import Claims
from .refusals import Forbidden, Malformed, Refused, TooMany

NONCE_LIFE_S = 300
MOST_SPENT = 64  # attestations of one device within the life of a nonce


@dataclass(frozen=True)
class Issued:
    """A device's certificates: its own, and one per tenant (by GUID) that it asked for and may have."""

    own: Leaf
    tenants: dict[str, Leaf]
    release: str


def make_nonce(service: Service, device: str) -> bytes:
    """32 bytes that this device alone may use, once, within NONCE_LIFE_S seconds."""
    head = (service.now() + NONCE_LIFE_S).to_bytes(6, "big") + service.random(10)
    return head + _nonce_seal(service, head, bytes.fromhex(device))


def attest(service: Service, data: bytes) -> Issued:
    """The certificates that the evidence in `data` earns. Raises Refused, after recording why.

    A nonce that was ours is spent by this, whatever the verdict.
    """
    device, payload = _prove(service, data)
    issued: Issued | None = None
    refusal: Refused = _unproven()  # stands if the device is unclaimed at this very moment
    with service.database.write() as tx:
        row = tx.execute(queries.KNOWN_BY_ID, {"id_is": device}).first()
        if row is not None:
            try:
                issued = _judge(service, tx, payload, row)
            except Refused as refused:
                refusal = refused
            _record(service, tx, row, issued, refusal)
    if issued is None:
        raise refusal
    return issued


def _nonce_seal(service: Service, head: bytes, device: bytes) -> bytes:
    return hmac.digest(service.keys.nonce_key, b"armillary nonce 1" + head + device, "sha256")[:16]


def _prove(service: Service, data: bytes) -> tuple[str, bytes]:
    """The device that signed the evidence, and the payload. Raises Malformed or Forbidden."""
    try:
        envelope = evidence.open_envelope(data)
    except evidence.BadEvidence as error:
        raise Malformed("evidence-malformed", str(error)) from None
    with service.database.read() as tx:
        row = tx.execute(queries.KNOWN_BY_KEY, {"key_id_is": envelope.key_id.hex()}).first()
    try:
        if row is None:
            raise evidence.BadEvidence("the device is not known")
        evidence.verify(envelope, bytes.fromhex(row.id))
    except evidence.BadEvidence:
        _record_stranger(service, row)
        raise _unproven() from None
    return row.id, envelope.payload


def _unproven() -> Forbidden:
    return Forbidden(UNPROVEN, "no claimed device signed this", "claim the device; attest with its own key")


def _judge(service: Service, tx: Connection, payload: bytes, row: Row[Any]) -> Issued:
    if row.state != ACTIVE:
        raise Forbidden(
            "device-" + row.state, "the device is " + row.state, "its operator can make it active"
        )
    try:
        claims = evidence.read_claims(payload)
    except evidence.BadEvidence as error:
        raise Forbidden("claims-invalid", str(error)) from None
    if claims.device.hex() != row.id:
        raise Forbidden("claims-invalid", "the device id in the claims is another device's")
    if claims.client_key == claims.device or any(public == claims.device for _, public in claims.tenants):
        raise Forbidden(
            "claims-invalid", "the device's identity key is to be certified: each key has one use"
        )
    _spend(service, tx, claims.nonce, row.id)
    _check_lineage(tx, claims.boot_seed.hex(), row.id)
    _check_state(claims, row.is_development)
    release = releases.appraise(tx, claims.components)
    if claims.client_key is None:
        raise Forbidden("key-missing", "the evidence names no client key to certify", "generate one first")
    return _issue(service, tx, claims, claims.client_key, row, release)


def _spend(service: Service, tx: Connection, nonce: bytes, device: str) -> None:
    """Refuse a nonce that is not ours for this device, that ended, or that was used before."""
    head, seal = nonce[:16], nonce[16:]
    if not hmac.compare_digest(seal, _nonce_seal(service, head, bytes.fromhex(device))):
        raise Forbidden("nonce-foreign", "the nonce was not made here for this device", "ask for a nonce")
    expires, now = int.from_bytes(head[:6], "big"), service.now()
    tx.execute(queries.FORGET_SPENT, {"now": now})
    if now > expires:
        raise Forbidden("nonce-expired", "the nonce has ended", "ask for a nonce")
    spent = tx.execute(queries.SPENT_BY, {"device_is": device}).scalars().all()
    if nonce.hex() in spent:
        raise Forbidden("nonce-used", "the nonce was used before", "ask for a nonce")
    if len(spent) >= MOST_SPENT:
        raise TooMany("attestations-many", "too many attestations", "wait", retry_after_s=NONCE_LIFE_S)
    tx.execute(queries.SPEND, {"nonce": nonce.hex(), "device": device, "expires": expires})


def _check_lineage(tx: Connection, seed: str, device: str) -> None:
    """A boot seed is drawn at each boot. One that comes back after another has been seen means that
    two devices share the key: a clone. Both are shut out until the operator decides."""
    if tx.execute(queries.NEWEST_BOOT, {"device_is": device}).scalar_one_or_none() == seed:
        return
    try:
        with tx.begin_nested():
            tx.execute(queries.ADD_BOOT, {"device": device, "seed": seed})
    except IntegrityError:
        tx.execute(queries.QUARANTINE, {"id_is": device})
        raise Forbidden(
            "device-cloned", "a boot that had ended attests again: two devices have this key",
            "its operator finds the clone, then makes the device active",
        ) from None  # fmt: skip
    tx.execute(queries.KEEP_BOOTS, {"device_is": device})


def _check_state(claims: Claims, is_development: bool) -> None:
    if claims.lifecycle == "terminated":
        raise Forbidden("lifecycle", "the device is terminated", "nothing: it is at the end of its life")
    if is_development:
        return
    if claims.lifecycle != "device-complete":
        reason = "the device's lifecycle is " + claims.lifecycle
        raise Forbidden("lifecycle", reason, "complete its manufacture, or move it to a development group")
    if claims.capabilities:
        reason = "the device holds capabilities: " + ", ".join(str(one) for one in claims.capabilities)
        raise Forbidden("capabilities", reason, "reset the device, or move it to a development group")


END_OF_PEM = "-----END CERTIFICATE-----\n"


def _issue(
    service: Service, tx: Connection, claims: Claims, public: bytes, row: Row[Any], release: str
) -> Issued:
    digest, now = certificates.measurements_digest(claims.components), service.now()
    own = certificates.issue(service.keys.devices, row.id, public, digest, now, service.random)
    leaves = {"": own}
    for tenant, tenant_public in claims.tenants:
        name = guid.to_text(tenant)
        if tx.execute(queries.TENANT, {"id_is": name, "catalog_is": row.catalog}).first() is None:
            # One app that names a foreign tenant must not keep the whole device from its certificate.
            detail = {"error": "tenant-foreign", "reason": "no tenant of this catalog: " + name}
            reports.notice(tx, service, row.id, row.catalog, detail)
            continue
        issuer = service.keys.catalog(row.catalog)
        leaves[name] = certificates.issue(issuer, row.id, tenant_public, digest, now, service.random)
    tx.execute(queries.FORGET_CERTIFICATES, {"device_is": row.id, "now": now})
    for name, leaf in leaves.items():
        values = {"serial": leaf.serial, "device": row.id, "catalog": row.catalog, "tenant": name}
        pem = leaf.chain[: leaf.chain.index(END_OF_PEM) + len(END_OF_PEM)]
        tx.execute(queries.ADD_CERTIFICATE, {**values, "not_after": leaf.not_after, "pem": pem})
    return Issued(own, {name: leaf for name, leaf in leaves.items() if name}, release)


def _record(service: Service, tx: Connection, row: Row[Any], issued: Issued | None, refusal: Refused) -> None:
    error, reason = ("", "") if issued is not None else (refusal.error, refusal.reason)
    if issued is None:
        reports.notice(tx, service, row.id, row.catalog, {"error": error, "reason": reason})
    release = issued.release if issued is not None else ""
    tx.execute(queries.ADD_VERDICT, _verdict(service, row.id, row.catalog, error, reason, release))
    tx.execute(queries.KEEP_VERDICTS, {"device_is": row.id})


def _record_stranger(service: Service, row: Row[Any] | None) -> None:
    """Record evidence that nobody proved. Its own small list: a stranger who floods it pushes out
    neither the device's verdicts nor its reports."""
    device, catalog = (row.id, row.catalog) if row is not None else ("", None)
    reason = "no claimed device signed this"
    with service.database.write() as tx:
        tx.execute(queries.ADD_VERDICT, _verdict(service, device, catalog, UNPROVEN, reason, ""))
        tx.execute(queries.KEEP_STRANGERS, {"device_is": device})


def _verdict(
    service: Service, device: str, catalog: str | None, error: str, reason: str, release: str
) -> dict[str, object]:
    return {
        "device": device, "catalog": catalog, "time": service.now(), "is_accepted": not error,
        "error": error, "reason": reason, "release": release,
    }  # fmt: skip
