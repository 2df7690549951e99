"""Verifying an image: authenticate our own copy, only then read what it says of itself.

The bytes that are hashed are the bytes that are used: the caller read them from flash once.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..wire import image
from ..wire.fault import Invalid, Rollback, Untrusted

if TYPE_CHECKING:
    from ..pluton.port import PlutonPort
    from ..wire.image import Package
    from ..wire.partition import Entry


class Verified:
    """A package whose signature holds: `data` is the whole of it, `package` what it says.

    `digest` is SHA-256 of all but the signature, `signer` SHA-256 of the key that signed.
    """

    def __init__(self, data: bytes, package: Package, digest: bytes, signer: bytes, is_development: bool) -> None:
        self.data = data
        self.package = package
        self.digest = digest
        self.signer = signer
        self.is_development = is_development


def digest_of(data: bytes) -> bytes:
    """SHA-256 of the signed part of a package, or nothing if `data` is too short to be one."""
    try:
        signed, _ = image.split_view(data)
    except Invalid:
        return b""
    return hashlib.sha256(signed).digest()


def authenticate(pluton: PlutonPort, data: bytes, roles: int) -> tuple[bytes, bytes, int]:
    """(digest, signer, development flag) of a package signed by a key with one of `roles`.

    Nothing of it is parsed but the place of its LMS signature, if it has one, which Pluton then checks too.
    Raises Untrusted, Denied if it lacks a signature that the fuses want, or Invalid if it is no package.
    """
    signed, signature = image.split_view(data)
    digest = hashlib.sha256(signed).digest()
    part = image.lms_part(data)
    if part is None:
        signer, development = pluton.verify_image(roles, digest, signature)
    else:
        signer, development = pluton.verify_hybrid_image(roles, digest, signature, part)
    return digest, signer, development


def verify(pluton: PlutonPort, data: bytes, roles: int) -> Verified:
    """The package in `data`, authenticated and then parsed. Raises Untrusted, Invalid."""
    digest, signer, development = authenticate(pluton, data, roles)
    return Verified(data, image.parse(data), digest, signer, bool(development))


def match(verified: Verified, entry: Entry) -> None:
    """Raise Untrusted unless the package is the very image that the locator table promises."""
    package = verified.package
    if package.image_type != entry.image_type:
        raise Untrusted("an image of type " + str(package.image_type) + " where type "
                        + str(entry.image_type) + " belongs", "monitor", "image.type")  # fmt: skip
    if package.component != entry.component or package.image != entry.image:
        raise Untrusted("an image of another component or another build", "monitor", "image.identity",
                        "locator component " + entry.component.hex() + " image " + entry.image.hex())  # fmt: skip


def check_version(pluton: PlutonPort, package: Package) -> None:
    """Raise Rollback if the package is older than its component's counter in Pluton."""
    lowest = pluton.read_counter(package.component)
    if package.security_version < lowest:
        raise Rollback("security version " + str(package.security_version) + " is below " + str(lowest), "monitor",
                       "image.version", "counter " + package.component.hex() + " = " + str(lowest),
                       "build it with RV " + str(lowest) + " or more")  # fmt: skip
