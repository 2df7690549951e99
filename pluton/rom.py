"""ROM: the first code after reset, and the only code that ever sees the device secret.

It is part of the silicon: what is wrong here stays wrong, so it does little. It decides from the
fuses whether this chip boots at all, verifies the first loader with the one key whose hash is fused,
derives the two values all other keys come from, and hides the device secret until the next reset.
Every later stage runs without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire import image, partition
from ..wire.fault import Failed, Fault, Invalid, Locked, Untrusted, explain
from ..wire.keystore import Key
from . import abi, bootheader, fusemap, keys, measurements
from .handoff import Handoff
from .search import Found, Search
from .signers import Signers

if TYPE_CHECKING:
    from .hardware import Hardware

NO_THUMBPRINT = bytes(20)


def boot(hardware: Hardware) -> tuple[bytes, bytes]:
    """(first loader's package, handoff for it), with the device secret hidden.

    Raises Locked if the fuses allow no boot, Failed if no loader may run, with everything tried. The
    device secret is hidden in these cases too.
    """
    try:
        lifecycle = lawful_lifecycle(hardware)
        root_hash = fusemap.read_root_key_hash(hardware.fuses)
        found, root = find_loader(hardware, root_hash)
        secret = fusemap.read_secret(hardware.fuses)
    finally:
        fusemap.hide_secret(hardware.fuses)
    hardware.uart.write(found.stage.line("1BL").encode())
    handoff = Handoff(
        lifecycle, keys.device_seed(secret), keys.first_identifier(secret, measurements.of(found.stage)),
        root.public, root.lms, root_hash, [(fusemap.LOADER_VERSION, found.parsed.component)], b"", [found.stage],
    )  # fmt: skip
    return found.package, handoff.pack()


def lawful_lifecycle(hardware: Hardware) -> int:
    """The lifecycle state, a torn change finished. Raises Locked unless it is a state that boots."""
    state = fusemap.settle_lifecycle(hardware.fuses)
    lawful = [each for each in (abi.BLANK, abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE) if native.decision_is(state, each) == native.ACCEPT]
    if lawful != [state]:
        raise Locked(
            "the lifecycle fuses hold no lawful state", "pluton", "rom.lifecycle", "lifecycle: TERMINATED",
            "manufacture the device, if it never was",
        )  # fmt: skip
    return state


def find_loader(hardware: Hardware, root_hash: bytes) -> tuple[Found, Key]:
    """(first loader, root key) from the primary boot partition, else from the backup."""
    tried = []
    for replica, number in enumerate((partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)):
        try:
            return load(hardware, hardware.layout[number], replica, root_hash)
        except Fault as fault:
            tried.append(("primary: ", "backup: ")[replica] + explain(fault))
            hardware.say("[1BL] " + tried[-1])
    raise Failed("no first loader may run", "pluton", "rom.loader", "; ".join(tried), "recover the device")


def load(hardware: Hardware, place: tuple[int, int], replica: int, root_hash: bytes) -> tuple[Found, Key]:
    """(first loader, root key) at one place. Raises Invalid, Untrusted, Denied, Rollback."""
    started_us = hardware.clock.uptime_us()
    offset, size = place
    header = bootheader.read(bytes(hardware.flash.read(offset, bootheader.LONGEST)), size)
    root = root_key(header.root_public, root_hash, header.root_lms, fusemap.read_lms_root_hash(hardware.fuses))
    signers = root_signers(hardware, root)
    lowest = fusemap.read_version(hardware.fuses, fusemap.LOADER_VERSION)
    package = bytes(hardware.flash.read(offset + header.size, header.length))
    found = Search(hardware, signers, abi.ROLE_OS, lambda parsed: lowest).verify(package, replica, started_us)
    if found.parsed.image_type != image.ONE_BL:
        raise Untrusted(
            "the boot partition holds an image of type " + str(found.parsed.image_type), "pluton", "rom.type",
            "type 1 wanted", "put the first loader there",
        )  # fmt: skip
    return found, root


def root_signers(hardware: Hardware, root: Key) -> Signers:
    """The root key as the only signer, with what the fuses say of signatures."""
    return Signers([root], (), fusemap.is_hybrid_required(hardware.fuses))


def root_key(root_public: bytes, root_hash: bytes, root_lms: bytes = b"", lms_hash: bytes = b"") -> Key:
    """The root key and the LMS key beside it, if they are the ones whose SHA-256 is fused. Raises Untrusted.

    An LMS key counts only if there is a hash of one in the fuses (`lms_hash`).
    """
    if not is_hash_of(root_public, root_hash):
        raise Untrusted(
            "the key in the boot header is not the root key of this device", "pluton", "rom.root_key",
            "fuse row 0: " + root_hash.hex(), "boot what this device's maker signed",
        )  # fmt: skip
    if root_lms and lms_hash and not is_hash_of(root_lms, lms_hash):
        raise Untrusted(
            "the LMS key in the boot header is not the root's LMS key of this device", "pluton", "rom.root_lms",
            "fuse row 7: " + lms_hash.hex(), "boot what this device's maker signed",
        )  # fmt: skip
    try:
        native.p256_check(root_public)
    except native.BadPoint:
        raise Invalid("the root key is not a point of the curve", "pluton", "rom.root_key")
    return Key(root_public, NO_THUMBPRINT, abi.ROLE_OS, root_lms if lms_hash else b"")


def is_hash_of(key: bytes, fused: bytes) -> bool:
    """Whether `fused` is SHA-256 of `key`.

    Hashed and compared twice, and the second time by another comparison: one skipped step leaves one.
    """
    is_first = native.decision_equal(native.sha256(key), fused) == native.ACCEPT
    is_second = native.sha256(key) == fused and bool(any(fused))
    return is_first and is_second
