"""The monitor on the models of the hardware, from provisioning to an update that proves itself.

Pluton's place is taken by a double that answers as it does, so that a slow interpreter can follow;
tests/monitor has the real one.
"""

import hashlib
import json

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.flash import Flash
from armillary.hal.sim.power import ChipReset, PowerLost, PowerRail
from armillary.hal.sim.uart import Uart
from armillary.monitor import factory
from armillary.monitor.core import Monitor
from armillary.monitor.hardware import Hardware
from armillary.monitor.port import MonitorPort
from armillary.pluton import abi as pluton_abi
from armillary.pluton.port import PlutonPort
from armillary.wire import asxipfs, guid, image
from armillary.wire.call import Gate
from armillary.wire.fault import Fault, Untrusted

LAYOUT = {
    7: (0x0, 0x1000), 8: (0x1000, 0x1000), 9: (0x2000, 0x2000), 10: (0x4000, 0x2000), 5: (0x6000, 0x2000),
    15: (0x8000, 0x1000), 6: (0x9000, 0xC000), 1: (0x1_8000, 0x1_8000), 2: (0x3_0000, 0x1_0000), 4: (0x4_0000, 0x1_0000),
}  # fmt: skip
APP = b"\xa1" * 16
TYPES = (2, 4, 7, 8, 22)


def sign(digest):
    return digest + hashlib.sha256(digest).digest()


def real_time_app(version, capabilities):
    top = {
        "SchemaVersion": 1, "Name": "blinker", "ComponentId": guid.to_text(b"\xb2" * 16), "EntryPoint": "/bin/app",
        "ApplicationType": "RealTimeCapable", "Capabilities": capabilities,
    }  # fmt: skip
    body = asxipfs.pack([("app_manifest.json", json.dumps(top).encode(), False), ("bin/app", b"program", True)])
    identity = hashlib.sha256(body).digest()[:16]
    return image.build(body, image.APPLICATIONS, b"\xb2" * 16, identity, "blinker", 0, bytes(20), sign, version)


def package(image_type, version):
    body = b"type %d version %d" % (image_type, version)
    component = APP if image_type == image.APPLICATIONS else bytes((image_type,)) * 16
    identity = hashlib.sha256(body).digest()[:16]
    return image.build(body, image_type, component, identity, "p", 0, bytes(20), sign, version)


class Double:
    """Pluton's gate with a signature anyone can make, counters, and the measurements of this boot."""

    def __init__(self, counters, stages):
        self.counters = counters
        self.stages = stages

    def verify(self, role, digest, signature):
        if signature != sign(digest):
            raise Untrusted("no trusted key made this signature", "pluton")
        return bytes(32), 0

    def measurement(self, index):
        return (len(self.stages),) + self.stages[index]

    def gate(self):
        return Gate("pluton", "monitor", {
            pluton_abi.SET_POSTCODE: lambda code: None,
            pluton_abi.GET_BOOT_MODE_FLAGS: lambda: 0,
            pluton_abi.MEASURE: lambda *stage: self.stages.append(stage),
            pluton_abi.CLOSE_MEASUREMENTS: lambda: None,
            pluton_abi.GET_MEASUREMENTS: self.measurement,
            pluton_abi.READ_COUNTER: lambda component: self.counters.get(component, 0),
            pluton_abi.ADVANCE_COUNTER: self.advance,
            pluton_abi.VERIFY_IMAGE: self.verify,
            pluton_abi.GET_MANUFACTURING_STATE: lambda: pluton_abi.DEVICE_COMPLETE,
            pluton_abi.IS_CAPABILITY_ENABLED: lambda capability: 0,
        })  # fmt: skip

    def advance(self, component, value):
        self.counters[component] = value


class Quiet:
    """Pins and a reset line."""

    def __init__(self):
        self.loads = []

    def assign(self, pin, master):
        pass

    def lock(self):
        pass

    def tend(self):
        pass

    def reset(self, reason):
        raise ChipReset(reason)


class Watchdog(Quiet):
    def start(self, timeout_ms):
        pass


class Cores(Quiet):
    """Also the real-time ones, as far as the monitor can see them."""

    def start(self, core, code):
        self.loads.append((core, len(code)))

    def stop(self, core):
        print("core", core, "stopped")

    def grant(self, core, blocks):
        print("core", core, "granted", list(blocks))

    def share(self, core, address, length):
        print("core", core, "shares", hex(address), length)

    def status(self, core):
        return 1, "", 0, 0


class Owners(Quiet):
    """Who owns a pin."""

    def __init__(self):
        self.owners = {}

    def assign(self, pin, master):
        self.owners[pin] = master


class Device:
    def __init__(self):
        self.rail = PowerRail(3)
        self.flash = Flash(0x8_0000, 4096, 256, self.rail)
        self.uart = Uart()
        self.counters = {}
        images = [package(one, 1) for one in TYPES + (image.APPLICATIONS,)]
        factory.provision(self.flash, LAYOUT, b"loader", images)

    def boot(self):
        self.rail.power_on()
        running = list(self.trusted())
        cores = Cores()
        self.pins = Owners()
        hardware = Hardware(self.flash, VirtualClock(), self.uart, Watchdog(), self.pins, Quiet(), cores, LAYOUT, (8, 9, 41))
        self.monitor = Monitor(hardware, PlutonPort(Double(self.counters, running).gate()))
        self.monitor.boot()
        self.kernel = MonitorPort(self.monitor.gate("kernel"))
        print("boot", cores.loads, [stage[2] for stage in running], self.kernel.get_rollback_info())

    def trusted(self):
        """What Pluton would have measured: runtime and monitor, an image with two trials passed over."""
        from armillary.wire.partition import INSTALLED, read_tables

        entries = read_tables(self.flash, LAYOUT)[0][1]
        for image_type in (2, 4):
            ranked = []
            for at, entry in enumerate(entries):
                if entry.image_type == image_type and entry.state == INSTALLED:
                    is_tired = not entry.confirmed and entry.trial >= 2
                    ranked.append((int(is_tired), entry.replica, at))
            entry = entries[min(ranked)[2]]
            data = self.flash.read(entry.offset, entry.length)
            yield image_type, hashlib.sha256(data[:-64]).digest(), entry.version, bytes(32), "p"

    def stage(self, data):
        handle = self.kernel.open_for_staging(len(data))
        for at in range(0, len(data), 100):
            self.kernel.write_block(handle, at, data[at : at + 100])
        return self.kernel.commit_staging(handle)

    def images(self):
        found = [(one.image_type, one.state, one.replica, one.version) for one in self.kernel.list_images()]
        print(sorted(found))


def refused(name, call, *arguments):
    try:
        call(*arguments)
        print(name, "was accepted")
    except Fault as fault:
        print(name, fault)


device = Device()
device.boot()
device.images()
device.stage(package(image.APPLICATIONS, 2))
print(device.kernel.install_staged())
print(device.kernel.read_package(APP)[0] == package(image.APPLICATIONS, 2))
device.kernel.confirm_application(APP)
refused("downgrade", device.stage, package(image.APPLICATIONS, 1))
wrong = package(image.APPLICATIONS, 3)
refused("wrong bit", device.stage, wrong[:-1] + bytes((wrong[-1] ^ 1,)))
refused("key store", device.stage, package(image.TRUSTED_KEYSTORE, 2))
refused("out of order", device.kernel.install_staged)

for one in TYPES:
    device.stage(package(one, 2))
print(device.kernel.install_staged())
refused("too early", device.kernel.confirm_boot)
for _ in range(3):
    device.boot()
for one in TYPES:
    device.stage(package(one, 3))
device.kernel.install_staged()
device.boot()
device.kernel.confirm_boot()
device.images()
print(sorted(device.counters.items()))

for text in (b"one", b"two" * 300):
    device.kernel.write_log(text)
    device.kernel.storage_replace(APP, text)
device.rail.fail_after(3)
try:
    device.kernel.storage_replace(APP, b"torn" * 400)
    print("not cut")
except PowerLost:
    device.boot()
print(device.kernel.storage_load(APP) == b"two" * 300, device.kernel.get_log_size())
device.kernel.storage_delete(APP)
refused("deleted", device.kernel.storage_load, APP)
component = b"\xb2" * 16
device.stage(real_time_app(1, {"Gpio": [8], "AllowedApplicationConnections": [guid.to_text(APP)]}))
print(device.kernel.install_staged(), sorted(device.pins.owners.items()))
refused("before the restart", device.kernel.realtime_start, component)
device.boot()
print(sorted(device.pins.owners.items()))
print(device.kernel.realtime_start(component), device.kernel.realtime_status(component), device.kernel.realtime_share(component))
refused("twice", device.kernel.realtime_start, component)
refused("a pin of the core", device.kernel.peripheral_acquire, 1, 8)
device.kernel.realtime_stop(component)
device.stage(real_time_app(2, {"Gpio": [9]}))
print(device.kernel.install_staged())
refused("another claim", device.kernel.realtime_start, component)
device.boot()
print(sorted(device.pins.owners.items()), device.kernel.realtime_start(component))
device.kernel.invalidate_image(component)
refused("removed", device.kernel.realtime_status, component)
print(device.uart.take().decode())
