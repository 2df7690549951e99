"""A whole device up to the monitor: real chip, real Pluton, real images, the kernel's port in our hands."""

from __future__ import annotations

import types

import pytest

from armillary import native
from armillary.boards.sim import facts as board
from armillary.hal import port as bus
from armillary.hal.sim.power import ChipReset, PowerLost
from armillary.hal.sim.silicon import Silicon
from armillary.monitor import factory
from armillary.monitor.core import Monitor
from armillary.monitor.hardware import Hardware
from armillary.monitor.port import MonitorPort
from armillary.pluton import abi as pluton_abi
from armillary.pluton import bootheader, fusemap, loader, manufacture, rom
from armillary.pluton.core import Pluton
from armillary.pluton.hardware import Hardware as PlutonHardware
from armillary.pluton.port import PlutonPort
from armillary.wire import capability, image, keystore
from armillary.wire.fault import Fault

APP = bytes.fromhex("a1") * 16
OTHER_APP = bytes.fromhex("a2") * 16
OS = (image.PLUTON_RUNTIME, image.SECURITY_MONITOR, image.KERNEL, image.ROOT_FS, image.UPDATE_CERT_STORE)

# A small flash, so that cutting the power at every operation stays affordable.
SMALL = types.SimpleNamespace(
    FLASH_SIZE=0x10_0000, FLASH_SECTOR=4096, FLASH_PAGE=256, FUSE_ROWS=64, FUSE_ROW_BYTES=32, PINS=(8, 9, 10),
    FLASH_LAYOUT={
        7: (0x0_0000, 0x2000), 8: (0x0_2000, 0x2000), 9: (0x0_4000, 0x2000), 10: (0x0_6000, 0x2000),
        0x3000: (0x0_8000, 0x8000), 5: (0x1_0000, 0x4000), 15: (0x1_4000, 0x4000), 6: (0x1_8000, 0x1_0000),
        1: (0x4_0000, 0x4_0000), 2: (0x8_0000, 0x2_0000), 4: (0xA_0000, 0x4_0000),
    },
)  # fmt: skip


class Key:
    """A signing key made from its name."""

    def __init__(self, name):
        self.private = native.sha256(b"monitor test key " + name.encode())
        self.public = native.p256_public(self.private)
        self.thumbprint = native.sha256(self.public)[:20]

    def sign(self, digest):
        return native.p256_sign(self.private, digest)


class Maker:
    """Who makes devices: the keys, and packages signed with them."""

    def __init__(self):
        self.root, self.os, self.app = Key("root"), Key("os"), Key("app")
        self.development, self.capability, self.stranger = Key("development"), Key("capability"), Key("stranger")
        self._made = {}

    def package(self, image_type, version=1, key=None, component=None, body=None, size=300, note=""):
        """A package; the same arguments give the same bytes."""
        key = key or (self.app if image_type == image.APPLICATIONS else self.os)
        component = component or (APP if image_type == image.APPLICATIONS else self.component(image_type))
        said = (image_type, version, key, component, body, size, note)
        if said not in self._made:
            filler = b"type %d version %d %s " % (image_type, version, note.encode())
            content = body or (filler * (size // len(filler) + 1))[:size]
            identity = native.sha256(repr(said[:2] + said[3:]).encode() + key.public)[:16]
            name = "type {}".format(image_type)
            self._made[said] = image.build(
                content, image_type, component, identity, name, 0, key.thumbprint, key.sign, version
            )  # fmt: skip
        return self._made[said]

    def component(self, image_type):
        """The component of an OS image type."""
        return bytes((image_type,)) * 16

    def keystore(self, version=1, key=None):
        roles = ((self.os, pluton_abi.ROLE_OS), (self.app, pluton_abi.ROLE_APPLICATION),
                 (self.development, pluton_abi.ROLE_DEVELOPMENT), (self.capability, pluton_abi.ROLE_CAPABILITY))  # fmt: skip
        body = keystore.pack([keystore.Key(one.public, one.thumbprint, role) for one, role in roles])
        return self.package(image.TRUSTED_KEYSTORE, version, key or self.root, body=body)

    def capability_file(self, device_id, capabilities, key=None):
        body = capability.pack(device_id, capabilities)
        return self.package(image.FIRMWARE_CONFIG, 0, key or self.capability, body=body, note="capability")

    def boot_partition(self):
        return bootheader.build(self.root.public, self.package(image.ONE_BL, 1, self.root))

    def images(self, version=1, apps=()):
        """What the factory installs: the key store, the OS, and `apps`."""
        return [self.keystore()] + [self.package(one, version) for one in OS] + list(apps)


class Device:
    """One device. `boot` goes from reset to the kernel's door; `kernel` is then the kernel's port."""

    def __init__(self, maker, facts=SMALL, seed=1):
        self.maker = maker
        self.facts = facts
        self.chip = Silicon(facts, seed=seed)
        self.device_id = b""
        self.kernel = None
        self.monitor = None
        self.pluton = None

    @property
    def flash(self):
        return self.chip.flash

    @property
    def rail(self):
        return self.chip.rail

    def pluton_hardware(self):
        port, chip = self.chip.port("pluton"), self.chip
        return PlutonHardware(bus.FlashPort(port), bus.FusesPort(port), bus.EntropyPort(port), chip.clock,
                              bus.UartPort(port), bus.ChipPort(port), bus.CoresPort(port), self.facts.FLASH_LAYOUT)  # fmt: skip

    def monitor_hardware(self):
        port = self.chip.port("monitor")
        return Hardware(bus.FlashPort(port), self.chip.clock, bus.UartPort(port), bus.WatchdogPort(port),
                        bus.PinOwnershipPort(port), bus.ChipPort(port), bus.CoresPort(port),
                        self.facts.FLASH_LAYOUT, tuple(self.facts.PINS))  # fmt: skip

    def make(self, images=None):
        """Manufacture and provision."""
        self.device_id = manufacture.manufacture(self.pluton_hardware(), self.maker.root.public, b"test")
        self.provision(images)
        return self

    def provision(self, images=None):
        factory.provision(self.flash, self.facts.FLASH_LAYOUT, self.maker.boot_partition(), images or self.maker.images())

    def set_lifecycle(self, state):
        for step in range(pluton_abi.MODULE_COMPLETE, state + 1):
            fusemap.set_lifecycle(self.chip.fuses, step)

    def boot(self):
        """Power on and boot, through every reset that the rings ask for; returns the kernel's port."""
        self.chip.power_on()
        return self.boot_powered()

    def boot_powered(self):
        """Boot a chip that has just got power: what a planned power cut is to strike."""
        for _ in range(6):
            self.kernel = None
            self.chip.started = []
            try:
                return self._boot_once()
            except ChipReset as reset:
                self.reset_reason = reset.reason
        raise AssertionError("the device resets for ever")

    def _boot_once(self):
        _, handoff = rom.boot(self.pluton_hardware())
        _, handoff = loader.boot(self.pluton_hardware(), handoff)
        self.pluton = Pluton(self.pluton_hardware(), handoff)
        self.pluton.boot_monitor()
        self.monitor = Monitor(self.monitor_hardware(), PlutonPort(self.pluton.gate("monitor")))
        self.monitor.boot()
        self.gate = self.monitor.gate("kernel")
        self.kernel = MonitorPort(self.gate)
        return self.kernel

    def reaches_kernel(self):
        """Boot and confirm; whether the kernel's core was started."""
        self.boot()
        return [core for core, _ in self.chip.started] == [1, 2]

    def stage(self, package, block=4000):
        """Stage one package through the gate, in blocks."""
        handle = self.kernel.open_for_staging(len(package))
        try:
            for at in range(0, len(package), block):
                self.kernel.write_block(handle, at, package[at : at + block])
        except Fault:
            self.kernel.abort_staging(handle)
            raise
        return self.kernel.commit_staging(handle)

    def install(self, *packages):
        for package in packages:
            self.stage(package)
        return self.kernel.install_staged()

    def run(self, component=APP):
        """What the kernel does to start an app: the verified bytes."""
        return self.kernel.read_package(component)[0]

    def update(self, version, types=OS):
        """Install an OS set, restart into it."""
        self.install(*[self.maker.package(one, version) for one in types])
        return self.boot()

    def versions(self):
        """{image type: version} of the OS that was booted, as Pluton measured it."""
        port, found, index, count = PlutonPort(self.pluton.gate("monitor")), {}, 0, 1
        while index < count:
            count, image_type, _, version, _, _ = port.get_measurements(index)
            found[image_type] = version
            index += 1
        return {one: found[one] for one in OS}

    def counter(self, component):
        return PlutonPort(self.pluton.gate("monitor")).read_counter(component)

    def entry(self, component, state=2, replica=0):
        for entry in self.monitor.store.entries:
            if (entry.component, entry.state, entry.replica) == (component, state, replica):
                return entry
        return None

    def snapshot(self):
        return self.chip.snapshot()

    def restore(self, saved):
        """Another device in the same state, powered down."""
        self.chip.restore(saved)
        self.chip.power_on()
        self.kernel = None

    def operations(self, action):
        """How many flash and fuse operations `action` takes."""
        before = self.rail.count
        action()
        return self.rail.count - before

    def cut(self, operation, action):
        """Run `action` with the power failing in that operation; whether it failed."""
        self.rail.fail_after(operation)
        try:
            action()
        except PowerLost:
            return True
        finally:
            self.rail.fail_after(0)
        return False


@pytest.fixture(scope="session")
def maker():
    return Maker()


@pytest.fixture(scope="session")
def factory_state(maker):
    """What a device with one app looks like when it leaves the factory."""
    device = Device(maker).make(maker.images(apps=[maker.package(image.APPLICATIONS)]))
    return device.snapshot(), device.device_id


@pytest.fixture
def new_device(maker):
    """A function that makes a device of its own: bare, or on another board."""
    return lambda facts=SMALL, seed=1: Device(maker, facts, seed)


@pytest.fixture
def device(maker, factory_state):
    """A device as it left the factory, not booted."""
    fresh = Device(maker)
    fresh.restore(factory_state[0])
    fresh.device_id = factory_state[1]
    return fresh


@pytest.fixture
def booted(device):
    """The same, booted."""
    device.boot()
    return device


@pytest.fixture(scope="session")
def board_facts():
    """The numbers of the simulated board: flash of full size."""
    return board


@pytest.fixture
def open_device(maker, factory_state):
    """A device in manufacture, booted: nothing is frozen."""
    from tests.monitor.rtapps import RtDevice

    device = RtDevice(maker)
    device.restore(factory_state[0])
    device.device_id = factory_state[1]
    device.boot()
    return device


@pytest.fixture
def complete(open_device):
    """A device that left manufacture, booted: frozen, and without a real-time app."""
    open_device.complete().boot()
    open_device.said()
    return open_device


@pytest.fixture
def with_two(complete):
    """The same with two real-time apps, restarted into the map of both."""
    from tests.monitor.rtapps import FIRST, SECOND, package

    device = complete
    device.install_and_restart(package(device.maker, FIRST, {"Gpio": [8, 9]}), package(device.maker, SECOND, {"Uart": ["ISU2"]}))
    return device
