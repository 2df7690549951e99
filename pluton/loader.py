"""First loader: the first mutable code. It finds out whom to trust, then the runtime.

The trusted key store is signed by the root key, everything after it by a key in the store. Both are
measured in the order in which they were verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire import image, keystore
from ..wire.fault import Untrusted
from ..wire.partition import BACKUP, read_tables
from . import abi, fusemap, handoff, rom
from .measurements import Measurements
from .search import Found, Search
from .signers import Signers

if TYPE_CHECKING:
    from .hardware import Hardware
    from .search import Tables


def boot(hardware: Hardware, given: bytes) -> tuple[bytes, bytes]:
    """(Pluton runtime's package, handoff for it). Raises Failed if one of the two may not run."""
    state = handoff.unpack(given)
    measured = Measurements(state.identifier, state.stages)
    lms_hash = fusemap.read_lms_root_hash(hardware.fuses)
    root = rom.root_signers(hardware, rom.root_key(state.root_public, state.root_hash, state.root_lms, lms_hash))
    tables = read_tables(hardware.flash, hardware.layout)
    store = find(hardware, root, image.TRUSTED_KEYSTORE, fusemap.KEYSTORE_VERSION, measured, state, tables)
    trusted = open_store(store.parsed.body)
    signers = Signers(trusted, fusemap.read_revoked(hardware.fuses), fusemap.is_hybrid_required(hardware.fuses))
    runtime = find(hardware, signers, image.PLUTON_RUNTIME, fusemap.RUNTIME_VERSION, measured, state, tables)
    if runtime.stage.replica == BACKUP:
        hardware.say("[1BL] BACKUP PLUTON-RT")
    measured.close()
    state.keys, state.stages, state.identifier = keystore.pack(trusted), measured.stages, measured.identifier()
    return runtime.package, state.pack()


def find(
    hardware: Hardware, signers: Signers, image_type: int, row: int, measured: Measurements, state: handoff.Handoff,
    tables: Tables,
) -> Found:  # fmt: skip
    """The image of a type whose lowest version is in fuse `row`: verified, measured, and told of."""
    lowest = fusemap.read_version(hardware.fuses, row)
    found = Search(hardware, signers, abi.ROLE_OS, lambda parsed: lowest, tables).find(image_type)
    measured.add(found.stage)
    state.early.append((row, found.parsed.component))
    hardware.uart.write(found.stage.line("1BL").encode())
    return found


def open_store(body: bytes) -> list[keystore.Key]:
    """The keys of a verified key store.

    Raises Untrusted if one is no point of the curve, or none may sign the operating system.
    """
    trusted = keystore.unpack(body)
    for key in trusted:
        try:
            native.p256_check(key.public)
        except native.BadPoint:
            raise Untrusted("a key in the key store is not a point of the curve", "pluton", "loader.key_store", "", "issue a new key store")
    if not any([key.roles & abi.ROLE_OS for key in trusted]):
        raise Untrusted("no key in the key store may sign the operating system", "pluton", "loader.key_store", "", "issue a new key store")
    return trusted
