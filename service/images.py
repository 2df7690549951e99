"""Images: application packages of a catalog, taken only with a signature of one of its keys.

The signature is checked over the bytes as they came; only then is the package parsed. What is kept
is exactly what was checked.
"""

from __future__ import annotations

import hashlib
from typing import Any  # SQLAlchemy's name for a row of any columns

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from sqlalchemy import Row, delete, func, select
from sqlalchemy.exc import IntegrityError

from ..wire import asxipfs, guid, image, manifest
from ..wire.fault import Fault
from . import evidence
from .catalogs import within
from .core import Operator, Service
from .database import DEPLOYMENTS, IMAGES, KEYS
from .refusals import Conflict, Forbidden, Missing, TooLarge, Unprocessable
from .tokens import require_catalog

MOST_BYTES = 16 * 1024 * 1024  # the whole flash of an MT3620
MOST_IMAGES = 1000  # of one catalog


def upload(service: Service, operator: Operator, package: bytes, catalog: str | None) -> dict[str, object]:
    """Keep an application package. The same package again is the same image.

    Raises Forbidden for a package that no key of the catalog signed, Unprocessable for one that no
    device would take, Conflict for another package with the same image id.
    """
    catalog = require_catalog(service, operator, catalog)
    parsed = _read(package, _check_signature(service, catalog, package))
    row: dict[str, object] = {
        "catalog": catalog, "image": guid.to_text(parsed.image), "component": guid.to_text(parsed.component),
        "name": parsed.name, "security_version": parsed.security_version, "built": parsed.built_unix,
        "length": len(package), "sha256": hashlib.sha256(package).hexdigest(), "uploaded": service.now(),
    }  # fmt: skip
    known = _find(service, catalog, str(row["image"]))
    if known is None:
        return _keep(service, catalog, row, package)
    if known.sha256 != row["sha256"]:
        raise Conflict("image-exists", "another package has this image id", "give the image a new id")
    return dict(known._mapping)


def list_all(service: Service, operator: Operator) -> list[dict[str, object]]:
    query = select(IMAGES).where(within(IMAGES, operator)).order_by(IMAGES.c.uploaded, IMAGES.c.image)
    with service.database.read() as tx:
        return [dict(row._mapping) for row in tx.execute(query)]


def remove(service: Service, operator: Operator, name: str, catalog: str | None) -> None:
    """Forget an image. Raises Conflict while any deployment names it."""
    catalog = require_catalog(service, operator, catalog)
    with service.database.write() as tx:
        row = tx.execute(select(IMAGES).where(IMAGES.c.catalog == catalog, IMAGES.c.image == name)).first()
        if row is None:
            raise Missing("image-unknown", "there is no such image")
        using = tx.execute(select(DEPLOYMENTS.c.images).where(DEPLOYMENTS.c.catalog == catalog))
        if any(name in images.split() for images in using.scalars()):
            raise Conflict(
                "image-deployed", "a deployment names this image", "images of deployments are kept"
            )
        tx.execute(delete(IMAGES).where(IMAGES.c.catalog == catalog, IMAGES.c.image == name))
        same = tx.execute(select(func.count()).where(IMAGES.c.sha256 == row.sha256)).scalar_one()
        if not same:  # within the write lock, so nobody takes up the blob meanwhile
            service.blobs.remove(row.sha256)


def _check_signature(service: Service, catalog: str, package: bytes) -> str:
    """The thumbprint of the catalog's key that signed the package."""
    if len(package) > MOST_BYTES:
        raise TooLarge("image-large", "more than " + str(MOST_BYTES) + " bytes")
    try:
        signed, signature = image.split(package)
    except Fault as fault:
        raise Unprocessable("image-malformed", fault.reason) from None
    digest = hashlib.sha256(signed).digest()
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    with service.database.read() as tx:
        keys = tx.execute(select(KEYS.c.public, KEYS.c.thumbprint).where(KEYS.c.catalog == catalog)).all()
    for public, thumbprint in keys:
        try:
            key = evidence.load_key(bytes.fromhex(public))
            key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
            return str(thumbprint)
        except InvalidSignature:
            continue
    raise Forbidden(
        "image-untrusted",
        "no image-signing key of the catalog signed this",
        "register the key, or sign again",
    )


def _read(package: bytes, thumbprint: str) -> image.Package:
    """The parsed package, if a device could run it."""
    try:
        parsed = image.parse(package)
        if parsed.image_type != image.APPLICATIONS:
            raise Unprocessable(
                "image-type", "only applications are deployed, not type " + str(parsed.image_type)
            )
        described = manifest.parse(asxipfs.FileSystem(parsed.body).read(manifest.FILE))
    except Fault as fault:
        raise Unprocessable("image-malformed", str(fault)) from None
    if parsed.thumbprint.hex() != thumbprint:
        raise Unprocessable("image-signer", "the metadata names another signer than the one that signed")
    if described.component != parsed.component:
        raise Unprocessable("image-component", "metadata and manifest name different components")
    if parsed.temporary_flags:
        reason = "the image is marked as temporary, for development"
        raise Unprocessable("image-temporary", reason, "pack it without the mark")
    return parsed


def _find(service: Service, catalog: str, name: str) -> Row[Any] | None:
    with service.database.read() as tx:
        return tx.execute(select(IMAGES).where(IMAGES.c.catalog == catalog, IMAGES.c.image == name)).first()


def _keep(service: Service, catalog: str, row: dict[str, object], package: bytes) -> dict[str, object]:
    try:
        with service.database.write() as tx:
            if (
                tx.execute(select(func.count()).where(IMAGES.c.catalog == catalog)).scalar_one()
                >= MOST_IMAGES
            ):
                raise TooLarge(
                    "images-full", "a catalog has at most " + str(MOST_IMAGES) + " images", "remove some"
                )
            tx.execute(IMAGES.insert().values(row))
            service.blobs.put(package)  # within the write lock, so that no removal takes it away meanwhile
    except IntegrityError:
        raise Conflict("image-exists", "the image was uploaded a moment ago", "try again") from None
    return row
