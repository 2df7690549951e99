"""A chip, its maker's keys, and images to boot: everything real, in memory, and the same every run."""

from __future__ import annotations

from functools import cache

import pytest

from armillary import native
from armillary.boards.lms import LmsKey, LmsSigner
from armillary.boards.sim import facts
from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.entropy import Entropy
from armillary.hal.sim.flash import Flash
from armillary.hal.sim.fuses import Fuses
from armillary.hal.sim.noise import SeededNoise
from armillary.hal.sim.power import PowerLost, PowerRail
from armillary.native.plain import lms
from armillary.pluton import abi, bootheader, loader, rom
from armillary.pluton.core import Pluton
from armillary.pluton.hardware import Hardware
from armillary.pluton.manufacture import manufacture
from armillary.pluton.port import PlutonPort
from armillary.wire import capability, image, keystore, partition
from tests.pluton.hybrids import device

SERIAL = b"chip 1"


@cache
def lms_key(name):
    """An LMS key made from a name; 32 signatures."""
    seed = native.sha256(b"test lms key " + name.encode())
    return LmsKey(lms.Shape(10, 7), seed[:16], native.sha256(seed)[:24])


class Key:
    """A signing key made from its name. With `lms` it signs hybrid."""

    lms = None

    def __init__(self, name: str):
        self.private = native.sha256(b"test key " + name.encode())
        self.public = native.p256_public(self.private)
        self.thumbprint = native.sha256(self.public)[:20]
        self.signer = native.sha256(self.public)
        self.name = name

    def sign(self, digest: bytes) -> bytes:
        return native.p256_sign(self.private, digest)


class Wire:
    """A UART that keeps what was sent."""

    def __init__(self):
        self.text = ""

    def write(self, data: bytes) -> None:
        self.text += bytes(data).decode()

    def read(self, length: int) -> bytes:
        return b""


class Cores:
    """Cores that remember what they were started on."""

    def __init__(self):
        self.started = []

    def start(self, core: int, code: bytes) -> None:
        self.started.append((core, bytes(code)))


class Chip:
    """A reset line that counts."""

    def __init__(self):
        self.reasons = []

    def reset(self, reason: int) -> None:
        self.reasons.append(reason)


class World:
    """One device and its maker. `place` puts an image into flash, `install` writes the locator tables."""

    def __init__(self, seed: int = 1):
        self.rail = PowerRail(seed)
        self.fuses = Fuses(facts.FUSE_ROWS, facts.FUSE_ROW_BYTES, self.rail)
        self.flash = Flash(facts.FLASH_SIZE, facts.FLASH_SECTOR, facts.FLASH_PAGE, self.rail)
        self.entropy = Entropy(SeededNoise(seed))
        self.clock = VirtualClock()
        self.chip, self.cores, self.uart = Chip(), Cores(), Wire()
        self.root, self.os, self.app = Key("root"), Key("os"), Key("app")
        self.development, self.capability, self.stranger = Key("dev"), Key("capability"), Key("stranger")
        self.is_hybrid_required = False
        self.next_offset = facts.FLASH_LAYOUT[partition.FIRMWARE][0]
        self.entries = []

    @property
    def hardware(self) -> Hardware:
        return Hardware(self.flash, self.fuses, self.entropy, self.clock, self.uart, self.chip, self.cores, facts.FLASH_LAYOUT)

    @property
    def keys(self):
        return self.root, self.os, self.app, self.development, self.capability

    @property
    def root_lms(self) -> bytes:
        return self.root.lms.public if self.root.lms else b""

    def sign_hybrid(self, is_required=True) -> None:
        """From now on every package is signed by LMS too; a device made now may require it."""
        for key in self.keys:
            key.lms = LmsSigner(lms_key(key.name))
        self.is_hybrid_required = is_required

    def manufacture(self) -> bytes:
        return manufacture(self.hardware, self.root.public, SERIAL, self.root_lms, self.is_hybrid_required)

    def package(self, image_type, key, version=1, body=b"", name="", component=None):
        """A package; the body defaults to something that says its type and version."""
        name = name or f"type {image_type}"
        body = body or f"{name} version {version}".encode().ljust(64, b".")
        identity = component or bytes((image_type,)) * 16
        return image.build(body, image_type, identity, native.sha256(body)[:16], name, 0, key.thumbprint, key.sign, version,
                           lms=key.lms.wire if key.lms else None)  # fmt: skip

    def keystore(self, keys=None, key=None, version=1):
        roles = keys or [
            (self.os, abi.ROLE_OS), (self.app, abi.ROLE_APPLICATION),
            (self.development, abi.ROLE_DEVELOPMENT), (self.capability, abi.ROLE_CAPABILITY),
        ]  # fmt: skip
        body = keystore.pack([keystore.Key(one.public, one.thumbprint, role, one.lms.public if one.lms else b"") for one, role in roles])
        return self.package(image.TRUSTED_KEYSTORE, key or self.root, version, body, "keystore")

    def write(self, offset: int, data: bytes) -> None:
        for at in range(offset, offset + len(data), self.flash.sector):
            self.flash.erase(at)
        self.flash.program(offset, data)

    def write_loader(self, package, root=None, numbers=(partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)):
        for number in numbers:
            self.write(facts.FLASH_LAYOUT[number][0], bootheader.build((root or self.root).public, package, self.root_lms))

    def place(self, package, state=partition.INSTALLED, replica=partition.PRIMARY, trial=0, confirmed=1, **said):
        """Put `package` in flash and return its table entry; `said` are lies for the entry to tell."""
        offset = self.next_offset
        self.write(offset, package)
        self.next_offset += -(-len(package) // self.flash.sector) * self.flash.sector
        parsed = image.parse(package)
        entry = partition.Entry(parsed.component, parsed.image, parsed.image_type, state, replica, offset, len(package),
                                parsed.security_version, trial, confirmed)  # fmt: skip
        for name, value in said.items():
            setattr(entry, name, value)
        self.entries.append(entry)
        return entry

    def write_tables(self):
        table = partition.pack_table(1, self.entries)
        for number in (partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP):
            self.write(facts.FLASH_LAYOUT[number][0], table)

    def provision(self):
        """Everything a device needs, primaries and backups."""
        self.write_loader(self.package(image.ONE_BL, self.root, name="1bl"))
        for package in (
            self.keystore(),
            self.package(image.PLUTON_RUNTIME, self.os, name="pluton"),
            self.package(image.SECURITY_MONITOR, self.os, name="monitor"),
        ):
            self.place(package)
            self.place(package, replica=partition.BACKUP)
        self.write_tables()

    def capability_file(self, capabilities, device_id, key=None, version=1):
        body = capability.pack(device_id, capabilities)
        return self.package(image.FIRMWARE_CONFIG, key or self.capability, version, body, "capability")

    def reset(self) -> None:
        """A reset; it brings the power back but leaves a cut that is planned."""
        if not self.rail.is_on:
            self.rail.power_on()
        self.fuses.reset()
        self.uart.text = ""
        self.cores.started = []

    def boot(self) -> Pluton:
        """From reset to a started monitor."""
        pluton = self.boot_pluton()
        pluton.boot_monitor()
        return pluton

    def boot_pluton(self) -> Pluton:
        self.reset()
        _, given = rom.boot(self.hardware)
        _, given = loader.boot(self.hardware, given)
        return Pluton(self.hardware, given)

    def port(self, closed=True) -> PlutonPort:
        """Boot, and be the monitor."""
        port = PlutonPort(self.boot().gate("monitor"))
        if closed:
            port.close_measurements()
        return port

    def save(self):
        return self.flash.snapshot(), self.fuses.snapshot(), self.next_offset, [entry.copy() for entry in self.entries]

    def load(self, saved):
        flash, fuses, self.next_offset, entries = saved
        self.rail.power_on()
        self.flash.restore(flash)
        self.fuses.restore(fuses)
        self.entries = [entry.copy() for entry in entries]

    def cut_everywhere(self, operation, recover, depth=2):
        """Cut the power in each fuse and flash operation of `operation`, then of `recover`; call
        `recover` once more after each with the power on. Returns the number of cuts."""
        saved, cuts = self.save(), 0
        at = 0
        while True:
            at += 1
            self.load(saved)
            self.rail.fail_after(at)
            try:
                operation()
                self.rail.fail_after(0)
                return cuts
            except PowerLost:
                cuts += 1
            self.reset()
            if depth > 1:
                cuts += self.cut_everywhere(recover, recover, depth - 1)
                continue
            recover()


@pytest.fixture(scope="session")
def _made():
    world = World()
    device_id = world.manufacture()
    world.provision()
    return world, world.save(), device_id


@pytest.fixture
def blank():
    """A chip as it comes from the wafer, and a maker with keys."""
    return World()


@pytest.fixture
def world(_made):
    """A manufactured device with everything installed."""
    made, saved, device_id = _made
    fresh = World()
    fresh.load(saved)
    fresh.device_id = device_id
    return fresh


@pytest.fixture
def hybrid(blank):
    """A device whose maker signs by both, and whose fuses demand it."""
    return device(blank, True)


@pytest.fixture
def lax(blank):
    """The same, but its fuses do not demand it."""
    return device(blank, False)
