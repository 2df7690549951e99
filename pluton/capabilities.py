"""Device capabilities: what a signed file for this one device, and its lifecycle, allow.

A file is an image package of type 13. It is checked like any other image (signature by a key with the
capability role, then type) and must name this device. What it grants lasts until reset, and shows in
the evidence.
"""

from __future__ import annotations

import struct

from .. import native
from ..wire import capability, image
from ..wire.fault import Denied, Untrusted
from . import abi
from .signers import Signers


class Capabilities:
    """The capabilities in force on one device (`device_id`: X||Y, 64 bytes)."""

    def __init__(self, signers: Signers, device_id: bytes) -> None:
        self._signers = signers
        self._device_id = device_id
        self._installed: list[int] = []

    def check(self, package: bytes) -> tuple[list[int], image.Package]:
        """(what `package` grants this device, the package). Raises Invalid, Untrusted, Denied."""
        signed, signature = image.split(package)
        self._signers.find(abi.ROLE_CAPABILITY, native.sha256(signed), signature, lambda: image.lms_part(package, native.Sha256))
        parsed = image.parse(package)
        if parsed.image_type != image.FIRMWARE_CONFIG:
            raise Untrusted("not a capability file", "pluton", "capability.type", "type 13 wanted", "")
        device_id, granted = capability.unpack(parsed.body)
        if native.decision_equal(device_id, self._device_id) != native.ACCEPT or device_id != self._device_id:
            raise Denied(
                "the capability file is for another device", "pluton", "capability.device",
                "device id " + self._device_id[:8].hex() + "...", "ask for a file for this device",
            )  # fmt: skip
        return granted, parsed

    def install(self, granted: list[int]) -> None:
        """Put `granted` in force, instead of what was installed before."""
        self._installed = [one for one in granted if one]

    def in_force(self, lifecycle: int) -> list[int]:
        """The capabilities held in a lifecycle state, in rising order."""
        if lifecycle not in (abi.BLANK, abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE):
            return []
        held = list(self._installed)
        if lifecycle == abi.BLANK and abi.CAPABILITY_RF_TEST not in held:
            held.append(abi.CAPABILITY_RF_TEST)
        return sorted(held)


def pack(held: list[int]) -> bytes:
    """Capabilities as the mailbox gives them: u16 little-endian each, at most 64."""
    return b"".join([struct.pack("<H", one) for one in held[: capability.SLOTS]])
