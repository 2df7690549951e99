"""Sealing: data that only this device opens, and only while the chosen stages are what they were.

A blob is format, mask, nonce, then AES-256-GCM ciphertext and tag; all before the ciphertext is
authenticated with it. The key comes from the device seed and the measurements whose bits are set in
the mask. Bit 31 stands for the whole of boot in its order: the key then comes from the compound
device identifier as well, which a stage that was not measured the same cannot know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.call import Layout
from ..wire.fault import Invalid, Untrusted

if TYPE_CHECKING:
    from .drbg import Random
    from .keys import Keys
    from .measurements import Measurements

FORMAT = 1
WHOLE_BOOT = 1 << 31
HEADER = Layout("format:u8 mask:u32 nonce:b12")
TAG = 16


def seal(keys: Keys, measured: Measurements, random: Random, mask: int, data: bytes) -> bytes:
    """The blob that holds `data`. Raises Invalid if the mask names a stage that was not measured."""
    key = derive(keys, measured, mask)
    if key is None:
        raise Invalid("the mask names a stage that was not measured", "pluton", "seal.mask", "", "name stages that were")
    header = HEADER.pack((FORMAT, mask, random.read(12)))
    return header + native.aes_gcm_seal(key, header[-12:], header, bytes(data))


def unseal(keys: Keys, measured: Measurements, blob: bytes) -> bytes:
    """What was sealed in `blob`. Raises Untrusted if it is not ours, or if a named stage is another one."""
    if len(blob) < HEADER.size + TAG:
        raise Invalid("a sealed blob is longer than that", "pluton", "unseal.length")
    header = bytes(blob[: HEADER.size])
    form, mask, nonce = HEADER.unpack(header)
    key = derive(keys, measured, mask) if form == FORMAT else None
    try:
        if key is not None:
            return native.aes_gcm_open(key, nonce, header, bytes(blob[HEADER.size :]))
    except native.BadTag:
        pass
    raise Untrusted(
        "the blob does not open on this device as it booted", "pluton", "unseal.measurements",
        "measurements in mask " + hex(mask), "boot the stages it was sealed under",
    )  # fmt: skip


def derive(keys: Keys, measured: Measurements, mask: int) -> bytes | None:
    """The sealing key of a mask, or None if it names a stage that is not there."""
    chosen = measured.selected(mask & ~WHOLE_BOOT)
    if chosen is None:
        return None
    context = HEADER.pack((FORMAT, mask, bytes(12))) + chosen
    if mask & WHOLE_BOOT:
        context += measured.identifier()
    return keys.sealing(native.sha256(context))
