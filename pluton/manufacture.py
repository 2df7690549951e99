"""Manufacture: make a blank chip a device, once, and tell nobody its secret.

Every step can be cut by a power loss and the whole be run again: a step that is done is left alone,
one half done is finished, and a half-blown secret is given up for the next row (there are eight).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.fault import Failed, Invalid, OutOfOrder
from . import abi, bits, bootheader, fusemap, keys
from .drbg import Random

if TYPE_CHECKING:
    from .hardware import Hardware

LEAST_ONES, MOST_ONES = 64, 192  # of 256; a sound secret is outside once in 2**50


def manufacture(
    hardware: Hardware, root_public: bytes, personalization: bytes, root_lms: bytes = b"", is_hybrid_required: bool = False
) -> bytes:  # fmt: skip
    """The new device's id (its public key X||Y, 64 bytes), which is all that comes out.

    `root_public` is the maker's root key (X||Y), `personalization` anything that tells this chip from
    others, `root_lms` the root's LMS public key, if it has one. With `is_hybrid_required` the device takes,
    for ever, only what is signed by ECDSA and by LMS. Raises Invalid if a key is none, OutOfOrder if the
    device left the factory, Unhealthy, and Failed if the chip is scrap.
    """
    refuse_finished(hardware)
    try:
        native.p256_check(root_public)
    except native.BadPoint:
        raise Invalid("the root key is not a point of the curve", "pluton", "manufacture.root_key")
    if len(root_lms) not in (0,) + bootheader.LMS_SIZES or is_hybrid_required and not root_lms:
        raise Invalid("the root has no LMS key", "pluton", "manufacture.root_lms")
    try:
        put_root_key_hash(hardware, fusemap.ROOT_KEY_HASH, native.sha256(root_public))
        if root_lms:
            put_root_key_hash(hardware, fusemap.LMS_ROOT_HASH, native.sha256(root_lms))
            hardware.fuses.lock_write(fusemap.LMS_ROOT_HASH)
        if is_hybrid_required:
            fusemap.require_hybrid(hardware.fuses)
        put_secret(hardware, Random(hardware.entropy, b"manufacture" + personalization))
        for row in (fusemap.ROOT_KEY_HASH, fusemap.SECRET_MARKS) + fusemap.SECRETS:
            hardware.fuses.lock_write(row)
        fusemap.blow(hardware.fuses, fusemap.LIFECYCLE, dict(fusemap.CODES)[abi.BLANK])
        seed = keys.device_seed(fusemap.read_secret(hardware.fuses))
    finally:
        fusemap.hide_secret(hardware.fuses)
    return keys.Keys(seed, abi.BLANK).public(keys.IDENTITY)


def refuse_finished(hardware: Hardware) -> None:
    """Raise OutOfOrder if the lifecycle went beyond BLANK, Failed if its row can never be lawful."""
    row = fusemap.read(hardware.fuses, fusemap.LIFECYCLE)
    if bits.is_within(row, dict(fusemap.CODES)[abi.BLANK]):
        return
    if bits.is_within(row, dict(fusemap.CODES)[abi.DEVICE_COMPLETE]):
        raise OutOfOrder("this device is made already", "pluton", "manufacture.lifecycle", "lifecycle fuses", "take a blank chip")
    raise scrap("its lifecycle fuses hold bits that no state has", fusemap.LIFECYCLE)


def put_root_key_hash(hardware: Hardware, row: int, wanted: bytes) -> None:
    """Blow the hash of a root key into `row`, or what is missing of it."""
    if not bits.is_within(fusemap.read(hardware.fuses, row), wanted):
        raise Failed(
            "the chip was begun with another root key", "pluton", "manufacture.root_key",
            "fuse row " + str(row) + " holds bits that this key's hash has not", "give the key it was begun with, or scrap it",
        )  # fmt: skip
    fusemap.blow(hardware.fuses, row, wanted)


def put_secret(hardware: Hardware, random: Random) -> None:
    """Blow a secret into the first untouched row and mark it, unless one is marked already.

    A mark is begun only after its secret was read back whole, so any bit of a mark proves the secret.
    """
    fuses, size = hardware.fuses, len(fusemap.MARK)
    marks = fusemap.read(fuses, fusemap.SECRET_MARKS)
    for at in range(len(fusemap.SECRETS)):
        if any(marks[at * size : (at + 1) * size]):
            blow_mark(hardware, at)
            return
    for at, row in enumerate(fusemap.SECRETS):
        if bits.is_empty(fusemap.read(fuses, row)):
            fusemap.blow(fuses, row, new_secret(random))
            blow_mark(hardware, at)
            return
    raise scrap("no secret row is left that was never touched", fusemap.SECRETS[0])


def blow_mark(hardware: Hardware, at: int) -> None:
    """Mark secret row number `at` as the device secret."""
    size = len(fusemap.MARK)
    mark = bytes(at * size) + fusemap.MARK + bytes(fusemap.ROW - (at + 1) * size)
    fusemap.blow(hardware.fuses, fusemap.SECRET_MARKS, mark)


def new_secret(random: Random) -> bytes:
    """32 random bytes that are not absurd. Raises Failed if they are: the generator is broken."""
    secret = random.read(fusemap.ROW)
    ones = sum([bits.has(secret, index) for index in range(fusemap.ROW_BITS)])
    if not LEAST_ONES <= ones <= MOST_ONES:
        raise Failed("the random numbers are not random", "pluton", "manufacture.secret")
    return secret


def scrap(reason: str, row: int) -> Failed:
    """The fault, to be raised, for a chip that can never become a device."""
    return Failed("the chip is scrap: " + reason, "pluton", "manufacture.scrap", "fuse row " + str(row), "nothing: take another chip")
