"""A device's folder from nothing: manufacture the chip, pack the system, lay out the flash."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from armillary.boards import images
from armillary.boards.keys import Vendor
from armillary.hal.sim.entropy import Entropy
from armillary.hal.sim.folder import Board, DeviceFolder
from armillary.hal.sim.fuses import Fuses
from armillary.hal.sim.noise import HostNoise
from armillary.hal.sim.silicon import Silicon
from armillary.monitor import factory
from armillary.pluton import bootheader, fusemap
from armillary.pluton.abi import DEVICE_COMPLETE
from armillary.pluton.hardware import Hardware
from armillary.pluton.manufacture import manufacture as make_device
from armillary.wire.image import parse

from . import facts

Progress = Callable[[str], None]
SERVICE_NAME = ("service.armillary.test", 443)


class System:
    """The signed packages of one operating system release."""

    def __init__(self, vendor: Vendor, roots: dict[str, bytes], config: dict[str, Any] | None = None, version: int = 1):
        self.loader = images.os_image(vendor, "1bl", version)
        self.images = [images.key_store(vendor, version)]
        for name in ("pluton", "monitor", "kernel", "runtime"):
            body = images.os_body(name, config=config if name == "kernel" else None)
            self.images.append(images.os_image(vendor, name, version, body=body))
        self.images.append(images.certificate_store(vendor, roots, version))
        self.boot_partition = bootheader.build(vendor.root.public, self.loader, lms_of(vendor))

    def components(self) -> list[dict[str, Any]]:
        """What a device that runs this system measures: type, SHA-256 (hex) and version of each image."""
        from armillary.native import sha256

        measured = []
        for package in [self.loader, *self.images]:
            parsed = parse(package)
            digest = sha256(package[:-64]).hex()
            measured.append({"type": parsed.image_type, "sha256": digest, "version": parsed.security_version})
        return measured


def lms_of(vendor: Vendor) -> bytes:
    """The root's LMS public key, b"" if the vendor has none."""
    return vendor.root.lms.public if vendor.root.lms else b""


def manufacture(
    silicon: Silicon, root_public: bytes, personalization: bytes, root_lms: bytes = b"", is_hybrid_required: bool = False
) -> bytes:  # fmt: skip
    """Make a blank chip a device; returns its id (64 bytes). See `pluton.manufacture`."""
    hardware = Hardware(
        silicon.flash, silicon.fuses, silicon.entropy, silicon.clock, silicon.uarts[0], silicon.chip,
        silicon.cores, facts.FLASH_LAYOUT,
    )  # fmt: skip
    return make_device(hardware, root_public, personalization, root_lms, is_hybrid_required)


def provision(silicon: Silicon, system: System, apps: list[bytes] | None = None) -> None:
    """Lay `system` and `apps` (signed packages) out in flash."""
    factory.provision(silicon.flash, facts.FLASH_LAYOUT, system.boot_partition, [*system.images, *(apps or [])])


def leave_factory(fuses: Fuses) -> None:
    """Blow the fuse that says that the device is complete: from now on it is in the field."""
    fusemap.set_lifecycle(fuses, DEVICE_COMPLETE)


def create(
    path: Path, vendor: Vendor, system: System, apps: list[bytes] | None = None,
    progress: Progress = lambda text: None, complete: bool = True,
) -> str:  # fmt: skip
    """A new device in folder `path`, manufactured and provisioned; returns its id as 128 hex digits.

    If the vendor signs hybrid, it is fused that the device takes nothing less.
    With `complete` it leaves the factory (DEVICE_COMPLETE); without, it stays BLANK, for development. Raises FolderError if something is there. A device that was not finished is removed again.
    """
    board = Board.of(facts, path.name)
    with DeviceFolder.create(path, board) as folder:
        try:
            silicon = Silicon(facts, rail=folder.rail, flash=folder.flash, fuses=folder.fuses, entropy=Entropy(HostNoise()))
            progress("generating keys in Pluton and blowing fuses")
            made = manufacture(silicon, vendor.root.public, os.urandom(32), lms_of(vendor), vendor.is_hybrid)
            device_id = made.hex()
            progress("laying out flash")
            provision(silicon, system, apps)
            if complete:
                leave_factory(folder.fuses)
            (path / "device-id").write_text(device_id + "\n")
        except BaseException:
            _remove(path)
            raise
    return device_id


def device_id(path: Path) -> str:
    """The id that manufacture gave out, as 128 hex digits."""
    return (path / "device-id").read_text().strip()


def set_host(path: Path, name: str, port: int, ip: str, real_port: int) -> None:
    """Name a host in the board's network table (while the device is down)."""
    with DeviceFolder(path) as folder:
        folder.board.hosts[(name, port)] = (ip, real_port)
        folder.save()


def set_wires(path: Path, words: list[str]) -> None:
    """Have `words` of `hal.sim.wiring` wired whenever the device starts (while it is down)."""
    with DeviceFolder(path) as folder:
        folder.board.wires = tuple(words)
        folder.save()


def wires(path: Path) -> list[str]:
    """What is wired to the device (while it is down)."""
    with DeviceFolder(path) as folder:
        return list(folder.board.wires)


def _remove(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
