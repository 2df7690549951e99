"""Capability files: what the maker allows one device, and no other, to do.

The body of an image package of type 13 (FirmwareConfig): a header, the device's id (its public key,
X||Y) and 64 slots of one capability each, zero where unused and in any order. The signature is that
of the package; the file is authority only on the device it names.
"""

from __future__ import annotations

import struct

from .fault import Invalid, malformed

MAGIC = 0x5CFD5CFD
VERSION = 1
SIZE = 204
DEVICE_ID = 64
SLOTS = 64
HEADER = "<III"

NAMES = {
    1: "allow test-key-signed software",
    2: "Pluton debugging",
    3: "A7 core debugging",
    4: "N9 core debugging",
    5: "A7 GDB debugging",
    6: "real-time core 1 debugging",
    7: "real-time core 2 debugging",
    8: "A7 console",
    9: "SLT loader",
    10: "system software development",
    11: "application development",
    12: "RF test mode",
    13: "field servicing",
}


def name(capability: int) -> str:
    """The capability in words."""
    return NAMES.get(capability, "unknown capability " + str(capability))


def pack(device_id: bytes, capabilities: list[int] | tuple[int, ...]) -> bytes:
    """The 204 bytes granting `capabilities` to the device whose id (64 bytes) is given. Raises Invalid."""
    if len(device_id) != DEVICE_ID:
        raise Invalid("a device id of " + str(len(device_id)) + " bytes")
    if len(capabilities) > SLOTS:
        raise Invalid("more than " + str(SLOTS) + " capabilities")
    body = bytearray(struct.pack(HEADER, MAGIC, VERSION, SIZE))
    body.extend(device_id)
    seen = []
    for capability in capabilities:
        if not 0 < capability <= 0xFFFF or capability in seen:
            raise Invalid("capability " + str(capability) + " is out of bounds or given twice")
        seen.append(capability)
        body.extend(struct.pack("<H", capability))
    body.extend(bytes(SIZE - len(body)))
    return bytes(body)


def unpack(body: bytes) -> tuple[bytes, list[int]]:
    """(device id of 64 bytes, capabilities in the order of their slots). Raises Invalid.

    Numbers nobody knows are given back as they are: no check asks for them, so they grant nothing.
    """
    if len(body) != SIZE:
        raise Invalid("a capability file's body of " + str(len(body)) + " bytes, not " + str(SIZE))
    for at, (value, want) in enumerate(zip(struct.unpack(HEADER, bytes(body[:12])), (MAGIC, VERSION, SIZE))):
        if value != want:
            raise malformed("not a capability file: " + hex(value), 4 * at)
    device_id = bytes(body[12 : 12 + DEVICE_ID])
    capabilities: list[int] = []
    for at in range(12 + DEVICE_ID, SIZE, 2):
        (capability,) = struct.unpack("<H", bytes(body[at : at + 2]))
        if capability in capabilities:
            raise malformed("capability " + str(capability) + " twice, again", at)
        if capability:
            capabilities.append(capability)
    return device_id, capabilities
