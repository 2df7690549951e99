"""The kernel with a real-time app: an app talks to it, it lies, dies, and starts again.

The monitor's place is taken by a double, the real-time core's by a few lines that keep to the protocol of the rings
until they are told to lie; tests/realtime has the real ones.
"""

import hashlib
import json

from doubles.kernel import Monitor, Tasks, build, certificates, run

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.uart import Uart
from armillary.kernel.core import Kernel
from armillary.kernel.hardware import Hardware
from armillary.monitor import abi
from armillary.monitor.port import MonitorPort
from armillary.wire import asxipfs, guid, image, intercore

TALKER, ECHO = hashlib.sha256(b"talker").digest()[:16], hashlib.sha256(b"echo").digest()[:16]
SOURCE = """
from applibs import application, eventloop, log

async def main():
    for component in ("not an id", "00000000-0000-4000-8000-000000000001"):
        try:
            application.connect(component)
        except OSError as error:
            log.debug("%d", error.errno)
    connection = application.connect("{}")
    try:
        application.connect("{}")
    except OSError as error:
        log.debug("twice %d", error.errno)
    try:
        connection.send(bytes(1025))
    except OSError as error:
        log.debug("long %d", error.errno)
    loop, got = eventloop.EventLoop(), []

    def came(event):
        if event.kind == eventloop.CLOSED:
            log.debug("closed, %d came", len(got))
            loop.stop()
        elif event.kind == eventloop.READABLE:
            got.append(connection.receive())
            if len(got) == 3:
                connection.send(b"lie")

    loop.register_io(connection, came)
    for text in (b"one", b"two" * 300, b"three"):
        connection.send(text)
    log.debug("%s", await loop.run(5))
    log.debug("%s", [len(one) for one in got])
    try:
        connection.receive()
    except OSError as error:
        log.debug("gone %d", error.errno)
    await eventloop.sleep(1000)
""".replace("{}", guid.to_text(ECHO))


def package(name, component, peer, kind, entry, content):
    manifest = {
        "SchemaVersion": 1, "Name": name, "ComponentId": guid.to_text(component), "EntryPoint": entry, "CmdArgs": [],
        "Capabilities": {"AllowedApplicationConnections": [guid.to_text(peer)]}, "ApplicationType": kind,
    }  # fmt: skip
    files = [("app_manifest.json", json.dumps(manifest).encode(), False), (entry[1:], content, True)]
    return build(asxipfs.pack(files), image.APPLICATIONS, component, name)


class Core:
    """A real-time core: its memory, its mailbox as both sides see it, and what runs there."""

    def __init__(self):
        self.memory = bytearray(0x4000)
        self.fifo, self.registers, self.data, self.rings = [], {}, 0, None
        self.is_running, self.runs, self.refused = False, 0, 0

    # what the kernel asks of the bus

    def mailbox_read(self, core, offset):
        return intercore.IS_THERE if offset == intercore.VERSION else self.registers.get(offset, 0)

    def mailbox_write(self, core, offset, value):
        if offset == intercore.DATA_PUSH:
            self.data = value
        elif offset == intercore.CMD_PUSH:
            self.fifo.append((value, self.data))
        elif offset == intercore.SW_RX_INT_STS:
            self.registers[offset] = self.registers.get(offset, 0) & ~value
        else:
            self.registers[offset] = value

    def read(self, offset, length):
        return bytes(self.memory[offset : offset + length])

    def write(self, offset, data):
        self.memory[offset : offset + len(data)] = data

    # the program

    def turn(self):
        """Answer what was sent; on "lie" publish a position that cannot be. Whether anything was done."""
        while self.fifo:
            command, data = self.fifo.pop(0)
            if command == intercore.BEGIN:
                self.rings = intercore.Rings(self, 0, 0x1000)
        found = self.rings.receive() if self.rings is not None and self.is_running else None
        if found is None:
            return False
        component, payload = found
        if payload == b"lie":
            self.write(0, b"\x08\x00\x00\x00")
        else:
            self.rings.send(component, payload)
        self.registers[intercore.SW_RX_INT_STS] = 3
        return True


class Double(Monitor):
    """The monitor with a real-time core."""

    def __init__(self, packages, core):
        super().__init__(packages)
        self.core = core

    def start(self, component):
        print("start", component == ECHO)
        self.core.is_running, self.core.rings, self.core.runs = True, None, self.core.runs + 1
        self.core.fifo, self.core.registers = [], {}
        return 0

    def stop(self, component):
        print("stop", component == ECHO)
        self.core.is_running = False

    def status(self, component):
        return 0, 1 if self.core.is_running else 2, "" if self.core.is_running else "locked up", self.core.refused, 0

    def calls(self):
        report = b"post-mortem\ncause: LOCKUP\n"
        found = super().calls()
        found.update({
            abi.REALTIME_START: self.start,
            abi.REALTIME_STOP: self.stop,
            abi.REALTIME_STATUS: self.status,
            abi.REALTIME_REPORT: lambda component, offset: (len(report), report[offset:]),
            abi.REALTIME_DENIAL: lambda component, index: (0x38010000, 1, 0x100100, 1, "GPIO0.DOUT", "Capabilities.Gpio is absent"),
            abi.REALTIME_SHARE: lambda component: (0x80000000, 0x2000),
        })  # fmt: skip
        return found


def turns():
    return bool([1 for task in list(tasks.tasks) if task.turn()]) or core.turn()


core = Core()
double = Double([
    package("talker", TALKER, ECHO, "Default", "/bin/app.py", SOURCE.encode()),
    package("echo", ECHO, TALKER, "RealTimeCapable", "/bin/app", b"\x7fELF"),
], core)  # fmt: skip
clock, uart, tasks = VirtualClock(), Uart(), Tasks()
hardware = Hardware(clock, uart, GpioBank((8,), clock), LinkedNetwork({}), tasks, {"service_host": "service.example"}, core)
kernel = Kernel(hardware, MonitorPort(double.gate()), [b"", b"the runtime", certificates()])
kernel.boot()
run(kernel, clock, turns, 2)
core.refused = 1
run(kernel, clock, turns, 0.3)
core.is_running = False
run(kernel, clock, turns, 2)
print(core.runs, sorted([(app[0], app[3]) for app in kernel.list_apps()]))
for event in kernel.journal.events:
    detail = event["detail"]
    print(event["kind"], event["component"], detail.get("rule"), detail.get("reason"), detail.get("policy"), detail.get("post_mortem"))
print("kept", len(double.events), [len(one) > 100 for one in double.events])
print(uart.take().decode())
