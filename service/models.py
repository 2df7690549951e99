"""Request bodies: their fields, types and bounds. A field that is not here is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal  # a report's detail is any JSON object

import msgspec
from msgspec import Meta

GUID_PATTERN = r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
DEVICE_PATTERN = r"\A[0-9a-f]{128}\Z"

Guid = Annotated[str, Meta(pattern=GUID_PATTERN)]
Device = Annotated[str, Meta(pattern=DEVICE_PATTERN)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Word = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object with exactly the fields of its subclass."""


class NonceBody(Body):
    device: Device


class AttestBody(Body):
    evidence: Annotated[str, Meta(max_length=11_000)]  # base64


class Report(Body):
    kind: Literal["denial", "crash", "update", "boot"]
    time: Annotated[int, Meta(ge=0, le=0x1F_FFFF_FFFF_FFFF)]  # Unix milliseconds
    component: Annotated[str, Meta(pattern=r"\A([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\Z")]
    detail: dict[str, Any]
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")] | None = None  # the device's own; one is counted once


class ReportsBody(Body):
    reports: Annotated[list[Report], Meta(max_length=100)]


class CatalogBody(Body):
    name: Name


class TokenBody(Body):
    name: Name
    catalog: Guid | None = None


class TenantBody(Body):
    tenant: Guid | None = None
    catalog: Guid | None = None


class ProductBody(Body):
    name: Name
    catalog: Guid | None = None


class GroupBody(Body):
    name: Name
    product: Guid
    development: bool = False


class ClaimBody(Body):
    device: Device
    group: Guid


class ChangeBody(Body):
    group: Guid | None = None
    state: Literal["active", "revoked"] | None = None


class KeyBody(Body):
    public: Device  # a P-256 point, as a device id is
    thumbprint: Annotated[str, Meta(pattern=r"\A[0-9a-f]{40}\Z")]
    catalog: Guid | None = None


class DeploymentBody(Body):
    group: Guid
    images: Annotated[list[Guid], Meta(max_length=64)]


class ReleaseComponent(Body):
    type: Annotated[int, Meta(ge=1, le=0xFFFF)]
    sha256: Digest
    version: Word


class ReleaseBody(Body):
    name: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._~-]{1,64}\Z")]  # it is part of a path
    components: Annotated[list[ReleaseComponent], Meta(min_length=1, max_length=20)]


class WithdrawBody(Body):
    withdrawn: bool
